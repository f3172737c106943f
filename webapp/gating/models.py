"""What was decided: verdicts on pull requests, change points in series, alerts, and what GitHub is meant to show."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from webapp.history.models import Commit, Project, Run, Series


class Verdict(models.Model):
    """The gate's one answer to one run that was measured beside its baseline."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="verdict")
    outcome = models.CharField(max_length=20)
    document = models.JSONField()
    """`perfgate.gate.Verdict`, whole: everything that is ever said about it is rendered from this."""
    exempt_judged = models.PositiveIntegerField(default=0)
    exempt_regressed = models.PositiveIntegerField(default=0)
    exempt_improved = models.PositiveIntegerField(default=0)
    """`perfgate.gate.FalseAlarms` of the document, where a database can sum it."""
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.outcome} for run {self.run_id}"


class Alert(models.Model):
    """The notice of one cause: one change, however many series it moved."""

    class State(models.TextChoices):
        """Where the alert stands."""

        OPEN = "open"
        CLOSED = "closed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="alerts")
    commit = models.ForeignKey(Commit, models.PROTECT, related_name="alerts")
    """First commit measured at the new level."""
    branch = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    quiet = models.BooleanField(default=False)
    """Seen in imported runs only: shown on the pages, no issue is filed."""
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """First commit measured back at the old level; NULL in a closed alert: later points took the change back."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "branch", "commit"], name="one_alert_per_commit")
        ]

    def __str__(self) -> str:
        return f"alert {self.pk}"


class ChangePoint(models.Model):
    """The first point of a new level in one series."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="change_points")
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    """First run of the new level."""
    position = models.PositiveIntegerField()
    """Place of `run` among the series' points when they were last read; orders the change points of one series."""
    previous_run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    """Last run of the old level: the cause lies after its commit, up to that of `run`."""
    effect = models.FloatField()
    """After ÷ before − 1."""
    low = models.FloatField()
    high = models.FloatField()
    """Ends of the 95 % confidence interval of `effect`."""
    before = models.FloatField()
    after = models.FloatField()
    """Levels in the series' unit."""
    regression = models.BooleanField()
    """Whether it went in the bad direction."""
    alert = models.ForeignKey(Alert, models.SET_NULL, null=True, related_name="change_points")
    detected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["series", "run"], name="one_change_point_per_place")]

    def __str__(self) -> str:
        return f"{self.effect:+.1%} in series {self.series_id}"


class Publication(models.Model):
    """What GitHub is meant to show in one place; publishing makes GitHub equal to it."""

    class Kind(models.TextChoices):
        """Where on GitHub."""

        COMMENT = "comment"
        CHECK_RUN = "check_run"
        ISSUE = "issue"

    project = models.ForeignKey(Project, models.CASCADE, related_name="publications")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=200)
    """What it is about: ``pull/7``, ``commit/<sha>``, ``alert/3``."""
    wanted = models.JSONField()
    """What the calls in `perfgate.github` that write it are given, see `webapp.gating.wanted`."""
    revision = models.PositiveIntegerField(default=1)
    """Counts up with every change of `wanted`."""
    published_revision = models.PositiveIntegerField(default=0)
    """Less than `revision`: work is owed."""
    remote_id = models.BigIntegerField(null=True)
    """GitHub's id of the comment or check run, or the issue's number."""
    claimed_until = models.DateTimeField(null=True)
    """A worker is writing it; a claim that it did not give back lapses then."""
    attempts = models.PositiveIntegerField(default=0)
    """Failed attempts since the last success; the wait grows with it."""
    not_before = models.DateTimeField(null=True)
    """GitHub did not answer or asked us to wait: not tried again before then."""
    error = models.TextField(blank=True)
    """Why the last attempt failed."""
    failed_for_good = models.BooleanField(default=False)
    """The last error cannot be helped by trying again; a new `wanted` clears it."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "kind", "key"], name="one_publication_per_place")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                name="publication_owed",
                condition=models.Q(published_revision__lt=models.F("revision"), failed_for_good=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
