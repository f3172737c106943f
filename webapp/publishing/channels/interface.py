"""What a channel offers.

A new channel is a package beside `github`, with these two modules:

- ``channel`` holds the object `CHANNEL`, which fulfils `Channel` and is registered in `webapp.publishing.channels.registry`.
- ``receivers`` connects to the signals of verdicts, alerts and measurements, and stores payloads in the channel's `Outbox`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from django.db.models import QuerySet

from perfgate.errors import PerfgateError
from webapp.history.models import Project
from webapp.publishing.models import Publication


class ChannelConnection(Protocol):
    """An open connection that delivers publications."""

    def deliver(self, publication: Publication) -> int | None:
        """Make the channel show the publication's payload, or do what it says.

        Returns:
            The channel's id of what was written; None: it has none, or nothing was written.

        Raises:
            PerfgateError: It was not delivered; see `perfgate.errors` for which errors a retry can help.
        """


class Channel(Protocol):
    """What the publisher needs to deliver publications."""

    @property
    def spacing_seconds(self) -> float:
        """Time between two deliveries for one project."""

    def reachable(self, publications: QuerySet[Publication]) -> QuerySet[Publication]:
        """Return those of the channel's publications that it is configured to deliver."""

    def opens_something(self, publication: Publication) -> bool:
        """Return whether the payload opens something that is new to people, so that the daily limit applies."""

    def connect(self, project: Project) -> AbstractContextManager[ChannelConnection]:
        """Open a connection for a project.

        Raises:
            PerfgateError: The channel cannot be reached.
        """

    def may_pass_later(self, publication: Publication, error: PerfgateError) -> bool:
        """Return whether a refused publication may be accepted at the next attempt."""
