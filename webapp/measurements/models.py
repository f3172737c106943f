"""What GitHub is asked to measure again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from webapp.alerts.models import Alert
from webapp.history.models import Project


class StoredCommitRange(models.Model):
    """The commits between two measured commits as GitHub listed them; fetched once, because commits do not change."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="commit_ranges")
    base = models.CharField(max_length=64)
    head = models.CharField(max_length=64)
    """Full hashes. The range starts after `base` and ends with `head`."""
    commits = models.JSONField(null=True)
    """`perfgate.github.CommitRange`; NULL: GitHub does not know the range or does not show it."""
    fetched_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "base", "head"], name="one_row_per_range")]

    def __str__(self) -> str:
        return f"{self.base[:10]}..{self.head[:10]}"


class Bisection(models.Model):
    """A search for the commit of a range that changed a level, one measured commit after the other.

    The row holds what the search started with. Its progress follows from the runs that arrived, see
    `webapp.measurements.bisection_progress`.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="bisections")
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="bisections")
    """The alert whose range is searched; NULL: a pull request's commits are."""
    pull_request = models.PositiveIntegerField(null=True)
    comment_id = models.BigIntegerField(null=True, unique=True)
    """GitHub's id of the comment that started it in a pull request; the reply shows the progress."""
    label = models.TextField()
    metric = models.CharField(max_length=100)
    """The benchmark and metric whose level is followed."""
    suite = models.CharField(max_length=200)
    base = models.CharField(max_length=64)
    """Full hash of the last commit at the old level."""
    commits = models.JSONField()
    """The suspect commits after `base`, oldest first: a list of `perfgate.github.RangeCommit`."""
    low = models.FloatField()
    high = models.FloatField()
    """Ends of the 95 % confidence interval of the change over the whole range, as fractions."""
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert"], name="one_open_bisection_per_alert", condition=Q(ended_at=None)),
            models.CheckConstraint(
                condition=Q(alert=None) ^ Q(pull_request=None), name="bisection_of_alert_or_pull_request"
            ),
        ]

    def __str__(self) -> str:
        return f"bisection {self.pk}"


class Measurement(models.Model):
    """One run of a workflow that measures two commits side by side."""

    class Purpose(models.TextChoices):
        """Why it is measured."""

        CONFIRMATION = "confirmation"
        """To see whether the change of a suspected alert is there."""
        BISECTION = "bisection"
        """To see whether one commit of a range has the new level."""
        RERUN = "rerun"
        """Because somebody asked for it in a pull request."""

    class State(models.TextChoices):
        """Where it is in its life cycle, see `webapp.measurements.lifecycle`."""

        REQUESTED = "requested"
        """The workflow was not started yet."""
        DISPATCHED = "dispatched"
        """The workflow was started, or may have been: GitHub's answer was lost."""
        ANSWERED = "answered"
        """A run of its two commits arrived and was judged."""
        REFUSED = "refused"
        """GitHub does not start the workflow."""
        EXPIRED = "expired"
        """No run arrived in time."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="measurements")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="+")
    """The alert to confirm."""
    bisection = models.ForeignKey(Bisection, models.CASCADE, null=True, related_name="measurements")
    pull_request = models.PositiveIntegerField(null=True)
    """The pull request to measure again."""
    reply_to = models.CharField(max_length=100, blank=True)
    """GitHub's id of the comment or pressed button that asked for a rerun."""
    number = models.PositiveIntegerField(default=1)
    """Counts the measurements of one alert or one bisection."""
    workflow = models.CharField(max_length=200)
    """The workflow's file below ``.github/workflows``."""
    ref = models.CharField(max_length=255)
    """The branch whose version of the workflow runs."""
    base = models.CharField(max_length=64)
    head = models.CharField(max_length=64)
    """Full hashes of the two commits."""
    suite = models.CharField(max_length=200, blank=True)
    select = models.TextField(blank=True)
    """Glob over benchmark labels; empty: all."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_at = models.DateTimeField(auto_now_add=True)
    dispatched_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    """When the first run arrived."""
    refusal = models.TextField(blank=True)
    """Why GitHub refused, in its words."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="measurement_has_the_columns_of_its_purpose",
                condition=(
                    Q(purpose="confirmation", alert__isnull=False, bisection=None, pull_request=None, reply_to="")
                    | Q(purpose="bisection", alert=None, bisection__isnull=False, pull_request=None, reply_to="")
                    | (Q(purpose="rerun", alert=None, bisection=None, pull_request__isnull=False) & ~Q(reply_to=""))
                ),
            ),
            models.UniqueConstraint(
                fields=["alert", "number"], name="one_confirmation_per_number", condition=Q(purpose="confirmation")
            ),
            models.UniqueConstraint(
                fields=["bisection", "number"], name="one_bisection_step_per_number", condition=Q(purpose="bisection")
            ),
            models.UniqueConstraint(
                fields=["project", "pull_request", "reply_to", "suite"],
                name="one_rerun_per_suite_and_request",
                condition=Q(purpose="rerun"),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project"], name="measurement_dispatched", condition=Q(state="dispatched"))
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
