"""The outbox has one row per target, whose revision counts its payloads. Covers models.py and targets.py too."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from django.db import IntegrityError, transaction

from tests.webapp.alerts.made import stored_alert
from tests.webapp.lab import sha
from webapp.history.models import Project
from webapp.measurements.models import Measurement
from webapp.publishing.models import Publication
from webapp.publishing.outbox import Outbox
from webapp.publishing.targets import (
    AlertTarget,
    CommitTarget,
    MeasurementTarget,
    PullRequestTarget,
    ReplyTarget,
    Target,
)

OUTBOX = Outbox(Publication.ChannelName.GITHUB, can_reach=lambda _project: False)


class Text(msgspec.Struct):
    """A payload."""

    parts: tuple[str, ...]


def measurement(project: Project) -> Measurement:
    fields = {"purpose": "rerun", "pull_request": 7, "reply_to": "1", "base": sha(1), "head": sha(2)}
    return Measurement.objects.create(project=project, **fields)


TARGETS: list[Callable[[Project], Target]] = [
    lambda _project: PullRequestTarget(7),
    lambda _project: CommitTarget(sha(1)),
    lambda project: AlertTarget(stored_alert(project)),
    lambda _project: ReplyTarget(7, "1"),
    lambda project: MeasurementTarget(measurement(project)),
]


@pytest.mark.parametrize("make", TARGETS)
def test_each_kind_of_target_has_one_row(project: Project, make: Callable[[Project], Target]) -> None:
    """A target finds its row again, and no other target's."""
    target = make(project)
    others = [other(project) for other in TARGETS if other is not make]
    for stored in (target, *others, target):
        OUTBOX.store(project, stored, Text(("a",)))

    row = OUTBOX.find(project, target)
    assert row is not None
    assert target.kind == row.kind
    assert len(TARGETS) == Publication.objects.count()


def test_the_revision_increases_only_with_the_payload(project: Project) -> None:
    """The same payload changes nothing; another one is delivered again, whatever the last error was."""
    target = PullRequestTarget(7)
    OUTBOX.store(project, target, Text(("a", "b")))
    Publication.objects.update(failed_for_good=True, error="Not Found", attempts=3)
    OUTBOX.store(project, target, Text(("a", "b")))
    row = Publication.objects.get()
    assert (1, True, 3) == (row.revision, row.failed_for_good, row.attempts)

    OUTBOX.store(project, target, Text(("a",)))
    row.refresh_from_db()
    assert (2, False, 0, "") == (row.revision, row.failed_for_good, row.attempts, row.error)


@pytest.mark.parametrize("make", TARGETS)
def test_a_target_is_stored_once(project: Project, make: Callable[[Project], Target]) -> None:
    """The database refuses a second row of one target."""
    columns = {"project": project, "channel": "github", "payload": {}, **make(project).columns}
    Publication.objects.create(**columns)

    with pytest.raises(IntegrityError), transaction.atomic():
        Publication.objects.create(**columns)


@pytest.mark.parametrize("index", range(len(TARGETS)))
def test_a_row_has_the_columns_of_its_kind(project: Project, index: int) -> None:
    """The database refuses a column of another kind, and a kind without its column."""
    targets = [make(project).columns for make in TARGETS]
    columns = {"project": project, "channel": "github", "payload": {}, **targets[index]}
    for other in targets:
        added = {name: value for name, value in other.items() if name != "kind"}
        if added.keys() <= columns.keys():
            continue
        with pytest.raises(IntegrityError), transaction.atomic():
            Publication.objects.create(**{**columns, **added})
    with pytest.raises(IntegrityError), transaction.atomic():
        Publication.objects.create(project=project, channel="github", payload={}, kind=columns["kind"])
