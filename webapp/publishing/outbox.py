"""Store what a channel should show or do; `webapp.publishing.publisher` delivers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from django.db import transaction

from webapp.history.models import Project
from webapp.publishing.models import Publication
from webapp.publishing.targets import Target
from webapp.queue import Task, enqueue


@dataclass(frozen=True)
class Outbox:
    """The publications of one channel."""

    channel: Publication.ChannelName
    can_reach: Callable[[Project], bool]
    """Whether the channel is configured for a project; otherwise publications are stored and not delivered."""

    def store(self, project: Project, target: Target, payload: msgspec.Struct) -> None:
        """Store the payload of a target and enqueue its delivery; an unchanged payload changes nothing."""
        # Compared in the form in which it is read back: a tuple becomes a list.
        document = msgspec.json.decode(msgspec.json.encode(payload))
        row, created = Publication.objects.get_or_create(
            project=project, channel=self.channel, **target.columns, defaults={"payload": document}
        )
        if not created and row.payload == document:
            return
        if not created:
            row.payload, row.revision = document, row.revision + 1
            row.error, row.failed_for_good, row.attempts = "", False, 0
            row.save(update_fields=["payload", "revision", "error", "failed_for_good", "attempts"])
        if self.can_reach(project):
            transaction.on_commit(lambda: enqueue(Task.PUBLISH, row.pk))

    def find(self, project: Project, target: Target) -> Publication | None:
        """Return the publication of a target, None if nothing was stored for it."""
        return Publication.objects.filter(project=project, channel=self.channel, **target.columns).first()
