"""Change points in series, the alerts about them, and the alerts' events."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from webapp.history.models import Commit, Project, Run, Series


class AlertKind(models.TextChoices):
    """The kind of cause that a change of level, and the alert about it, has."""

    REGRESSION = "regression"
    """A change of the code."""
    RUNNER = "runner"
    """The machine: most series of a run moved together."""
    DRIFT = "drift"
    """A slow change away from the accepted level that no single step explains."""


class AlertState(models.TextChoices):
    """The state of an alert."""

    SUSPECTED = "suspected"
    """Found in the history, not confirmed yet; nobody has been notified."""
    CONFIRMED = "confirmed"
    """Measured again, or seen in enough later points, or confirmed by a person."""
    ACKNOWLEDGED = "acknowledged"
    """A person works on it."""
    FIXED = "fixed"
    """The level returned."""
    ACCEPTED = "accepted"
    """A person accepted the new level as the baseline and gave a reason."""
    INVALID = "invalid"
    """A person dismissed it as noise."""
    WITHDRAWN = "withdrawn"
    """perfgate withdrew it: later points or a new measurement do not show the change."""
    MERGED = "merged"
    """It has the same cause as another alert, which replaces it."""


OPEN = (AlertState.SUSPECTED, AlertState.CONFIRMED, AlertState.ACKNOWLEDGED)
"""The states in which there is still something to do."""


ALERT_RELATIONS = ("project", "commit", "previous_commit", "closed_by", "merged_into")
"""The relations that a message about an alert needs, for ``select_related``."""


class Alert(models.Model):
    """One cause that changed the level of one or more series."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="alerts")
    branch = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=AlertKind.choices, default=AlertKind.REGRESSION)
    previous_commit = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """Newest commit that was measured at the old level. The cause lies after it, up to and including `commit`."""
    commit = models.ForeignKey(Commit, models.PROTECT, related_name="alerts")
    """First commit that was measured at the new level."""
    state = models.CharField(max_length=12, choices=AlertState.choices, default=AlertState.SUSPECTED)
    decided_by = models.CharField(max_length=150, blank=True)
    """The person or token that set `state`; empty: perfgate set it and may change it again."""
    reason = models.TextField(blank=True)
    """Why the alert is in `state`."""
    assignee = models.CharField(max_length=150, blank=True)
    """Name of the person who works on it; free text."""
    imported_only = models.BooleanField(default=False)
    """Whether only imported runs show it. Such an alert is shown on the pages and gets no issue."""
    merged_into = models.ForeignKey("self", models.CASCADE, null=True, related_name="merged")
    """The alert that replaces this one; set if and only if `state` is merged."""
    split_from = models.ForeignKey("self", models.CASCADE, null=True, related_name="splits")
    """The alert that a person split this one from. A split alert takes over no further series by itself."""
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """First commit that was measured back at the old level, if the alert is fixed."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "branch", "commit", "kind"],
                name="one_alert_per_cause",
                condition=models.Q(merged_into=None, split_from=None),
            )
        ]
        indexes: ClassVar = [models.Index(fields=["project", "state"], name="alert_by_state")]

    def __str__(self) -> str:
        return f"alert {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self.state in OPEN


class Event(models.Model):
    """One entry of an alert's log. Events are added and never changed."""

    class Action(models.TextChoices):
        """What happened."""

        OPENED = "opened"
        MOVED = "moved"
        """The state changed."""
        ASSIGNED = "assigned"
        NOTED = "noted"
        MERGED = "merged"
        SPLIT = "split"
        BISECTED = "bisected"
        """A bisection started or ended."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="events")
    action = models.CharField(max_length=10, choices=Action.choices)
    at = models.DateTimeField(auto_now_add=True)
    who = models.CharField(max_length=150, blank=True)
    """A user's name, ``token NAME``, or empty: perfgate itself."""
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12, blank=True)
    """The alert's state before and after."""
    text = models.TextField(blank=True)
    """The reason, or the note."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["alert", "id"], name="event_in_order")]

    def __str__(self) -> str:
        return f"{self.action} by {self.who or 'perfgate'}"

    def save(self, *arguments: Any, **named: Any) -> None:
        """Add the event.

        Raises:
            TypeError: It was saved before; events cannot be changed.
        """
        if not self._state.adding:
            raise TypeError(f"event {self.pk} was recorded already and cannot be changed")
        super().save(*arguments, **named)


class ManualAssignment(models.Model):
    """A person's decision that a change in a series belongs to another alert than the one of its commit."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="+")
    origin = models.ForeignKey(Alert, models.CASCADE, related_name="+")
    """The alert that the change would be assigned to automatically."""
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="+")
    """The alert that it is assigned to instead."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "origin"], name="one_manual_assignment_per_origin")
        ]

    def __str__(self) -> str:
        return f"series {self.series_id} to alert {self.alert_id}"


class RemeasuredRange(models.Model):
    """An alert's range as it was when perfgate had it measured again; runs of its two commits count for the alert."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="remeasured_ranges")
    base = models.CharField(max_length=64)
    head = models.CharField(max_length=64)
    """Full hashes of the two commits."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "base", "head"], name="one_row_per_alert_range")
        ]

    def __str__(self) -> str:
        return f"{self.base[:10]}..{self.head[:10]} of alert {self.alert_id}"


class StoredChangePoint(models.Model):
    """A lasting change of level in one series, at the first point of the new level."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="change_points")
    kind = models.CharField(max_length=10, choices=AlertKind.choices, default=AlertKind.REGRESSION)
    """The kind of its cause. Whether it went in the bad direction is `regression`."""
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    """First run at the new level."""
    position = models.PositiveIntegerField()
    """Index of `run` among the series' points at the last detection; orders the change points of one series."""
    previous_run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    """Last run at the old level. The cause lies after its commit, up to and including that of `run`."""
    seen = models.PositiveIntegerField(default=1)
    """Number of points at the new level, the first one included."""
    effect = models.FloatField()
    """Relative change: after ÷ before − 1."""
    low = models.FloatField()
    high = models.FloatField()
    """Ends of the 95 % confidence interval of `effect`."""
    before = models.FloatField()
    after = models.FloatField()
    """The levels, in the series' unit."""
    regression = models.BooleanField()
    """Whether it went in the bad direction."""
    alert = models.ForeignKey(Alert, models.SET_NULL, null=True, related_name="change_points")
    detected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "run", "kind"], name="one_change_point_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.effect:+.1%} in series {self.series_id}"
