"""What channels should show and do."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from webapp.alerts.models import Alert
from webapp.history.models import Project
from webapp.measurements.models import Measurement


class Publication(models.Model):
    """What one channel should show or do about one target, and how far its delivery is.

    A target is a kind and the columns that identify it, see `webapp.publishing.targets`.
    """

    class ChannelName(models.TextChoices):
        """Where it is shown: the name of a package in `webapp.publishing.channels`."""

        GITHUB = "github", "GitHub"

    class Kind(models.TextChoices):
        """What it is about."""

        PULL_REQUEST = "pull_request"
        """The newest verdicts of a pull request."""
        COMMIT = "commit"
        """The newest verdicts on a commit."""
        ALERT = "alert"
        REPLY = "reply"
        """The reply to a command or a pressed button in a pull request."""
        MEASUREMENT = "measurement"
        """A workflow that measures again. It is started at most once, because nothing on GitHub shows that it was."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="publications")
    channel = models.CharField(max_length=10, choices=ChannelName.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    pull_request = models.PositiveIntegerField(null=True)
    commit_sha = models.CharField(max_length=64, blank=True)
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="publications")
    measurement = models.ForeignKey(Measurement, models.CASCADE, null=True, related_name="publications")
    reply_to = models.CharField(max_length=100, blank=True)
    """The channel's id of the comment or pressed button that is answered."""
    payload = models.JSONField()
    """The content, in a form that the channel's package defines."""
    revision = models.PositiveIntegerField(default=1)
    """Increases whenever `payload` changes."""
    published_revision = models.PositiveIntegerField(default=0)
    """The delivered revision; if it is less than `revision`, the publication is pending."""
    remote_id = models.BigIntegerField(null=True)
    """The channel's id of the comment, check run or issue."""
    first_published_at = models.DateTimeField(null=True)
    """Time of the first delivery; it counts against what a project may publish in a day."""
    claimed_until = models.DateTimeField(null=True)
    """A worker is delivering it; the claim of a worker that died ends then."""
    attempts = models.PositiveIntegerField(default=0)
    """Failed attempts since the last success; the wait before the next one increases with it."""
    not_before = models.DateTimeField(null=True)
    """Time of the next attempt, at the earliest."""
    error = models.TextField(blank=True)
    """Why the last attempt failed."""
    failed_for_good = models.BooleanField(default=False)
    """A retry cannot help; only a new payload is delivered again."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="publication_has_the_columns_of_its_kind",
                condition=(
                    Q(
                        kind="pull_request",
                        pull_request__isnull=False,
                        commit_sha="",
                        alert=None,
                        measurement=None,
                        reply_to="",
                    )
                    | (
                        Q(kind="commit", pull_request=None, alert=None, measurement=None, reply_to="")
                        & ~Q(commit_sha="")
                    )
                    | Q(
                        kind="alert",
                        pull_request=None,
                        commit_sha="",
                        alert__isnull=False,
                        measurement=None,
                        reply_to="",
                    )
                    | (
                        Q(kind="reply", pull_request__isnull=False, commit_sha="", alert=None, measurement=None)
                        & ~Q(reply_to="")
                    )
                    | Q(
                        kind="measurement",
                        pull_request=None,
                        commit_sha="",
                        alert=None,
                        measurement__isnull=False,
                        reply_to="",
                    )
                ),
            ),
            models.UniqueConstraint(
                fields=["channel", "project", "pull_request"],
                name="one_publication_per_pull_request",
                condition=Q(kind="pull_request"),
            ),
            models.UniqueConstraint(
                fields=["channel", "project", "commit_sha"],
                name="one_publication_per_commit",
                condition=Q(kind="commit"),
            ),
            models.UniqueConstraint(
                fields=["channel", "alert"], name="one_publication_per_alert", condition=Q(kind="alert")
            ),
            models.UniqueConstraint(
                fields=["channel", "project", "pull_request", "reply_to"],
                name="one_publication_per_reply",
                condition=Q(kind="reply"),
            ),
            models.UniqueConstraint(
                fields=["channel", "measurement"],
                name="one_publication_per_measurement",
                condition=Q(kind="measurement"),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                name="publication_pending",
                condition=Q(published_revision__lt=F("revision"), failed_for_good=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.kind} {self.pk}"
