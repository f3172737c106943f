"""What a publication is about: one type per kind, with the columns that identify its row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from webapp.alerts.models import Alert
from webapp.measurements.models import Measurement
from webapp.publishing.models import Publication

Kind = Publication.Kind


@dataclass(frozen=True)
class _Target:
    kind: ClassVar[Kind]

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of `Publication` that identify the target within its project and channel."""
        return {"kind": self.kind, **{field.name: getattr(self, field.name) for field in fields(self)}}


@dataclass(frozen=True)
class PullRequestTarget(_Target):
    """The verdicts of a pull request."""

    kind = Kind.PULL_REQUEST
    pull_request: int


@dataclass(frozen=True)
class CommitTarget(_Target):
    """The verdicts on a commit."""

    kind = Kind.COMMIT
    commit_sha: str


@dataclass(frozen=True)
class AlertTarget(_Target):
    """An alert."""

    kind = Kind.ALERT
    alert: Alert


@dataclass(frozen=True)
class ReplyTarget(_Target):
    """The reply to a command or a pressed button."""

    kind = Kind.REPLY
    pull_request: int
    reply_to: str


@dataclass(frozen=True)
class MeasurementTarget(_Target):
    """A workflow to start."""

    kind = Kind.MEASUREMENT
    measurement: Measurement


Target = PullRequestTarget | CommitTarget | AlertTarget | ReplyTarget | MeasurementTarget
