"""What changed in the history: change points, alerts, their events and states."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from webapp.history.models import Commit, Project, Run, Series


class AlertKind(models.TextChoices):
    """What a change of level, and the alert about it, is a sign of."""

    REGRESSION = "regression"
    """One change of the code."""
    RUNNER = "runner"
    """The machine: most of a run moved together."""
    DRIFT = "drift"
    """Slow creep against the last accepted level, which no single step explains."""


class AlertState(models.TextChoices):
    """Where an alert stands."""

    SUSPECTED = "suspected"
    """Seen in the history and not yet confirmed: nobody was told."""
    CONFIRMED = "confirmed"
    """Measured again, or held by later points, or by somebody's word."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody looks after it."""
    FIXED = "fixed"
    """The level returned."""
    ACCEPTED = "accepted"
    """Somebody said, with a reason, that the new level is the baseline from now on."""
    INVALID = "invalid"
    """Somebody said that it is noise."""
    WITHDRAWN = "withdrawn"
    """perfgate took it back: later points or a new measurement do not show it."""
    MERGED = "merged"
    """It has the same cause as another, which goes on."""


OPEN = (AlertState.SUSPECTED, AlertState.CONFIRMED, AlertState.ACKNOWLEDGED)
"""The states in which something is still to be done."""


ALERT_RELATIONS = ("project", "commit", "previous_commit", "closed_by", "merged_into")
"""What is loaded with an alert that is to be told of."""


class Alert(models.Model):
    """The notice of one cause: one change, however many series it moved."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="alerts")
    branch = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=AlertKind.choices, default=AlertKind.REGRESSION)
    previous_commit = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """Last commit measured at the old level, the newest of its series': the cause lies after it, up to `commit`."""
    commit = models.ForeignKey(Commit, models.PROTECT, related_name="alerts")
    """First commit measured at the new level."""
    state = models.CharField(max_length=12, choices=AlertState.choices, default=AlertState.SUSPECTED)
    decided_by = models.CharField(max_length=150, blank=True)
    """Who brought it into `state`; empty: perfgate itself, which then may also bring it out of it."""
    reason = models.TextField(blank=True)
    """Why it is in `state`."""
    assignee = models.CharField(max_length=150, blank=True)
    """Who looks after it: any name."""
    imported_only = models.BooleanField(default=False)
    """Seen in imported runs only: shown on the pages, no issue is filed."""
    merged_into = models.ForeignKey("self", models.CASCADE, null=True, related_name="merged")
    """Given if, and only if, it is merged."""
    split_from = models.ForeignKey("self", models.CASCADE, null=True, related_name="splits")
    """The alert that its series were taken out of by hand; such an alert takes no further series by itself."""
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """First commit measured back at the old level, in a fixed alert."""

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
        """Whether something is still to be done."""
        return self.state in OPEN


class Event(models.Model):
    """One thing that happened to an alert; events are added and never changed."""

    class Action(models.TextChoices):
        """What happened."""

        OPENED = "opened"
        MOVED = "moved"
        """From one state to another."""
        ASSIGNED = "assigned"
        NOTED = "noted"
        MERGED = "merged"
        SPLIT = "split"
        BISECTED = "bisected"
        """A search for its commit began or ended."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="events")
    action = models.CharField(max_length=10, choices=Action.choices)
    at = models.DateTimeField(auto_now_add=True)
    who = models.CharField(max_length=150, blank=True)
    """A user's name, ``token NAME``, or empty: perfgate itself."""
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12, blank=True)
    """The alert's state before and after."""
    text = models.TextField(blank=True)
    """Why, or what was noted."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["alert", "id"], name="event_in_order")]

    def __str__(self) -> str:
        return f"{self.action} by {self.who or 'perfgate'}"

    def save(self, *arguments: Any, **named: Any) -> None:
        """Add the event.

        Raises:
            TypeError: It is there already: what happened does not change.
        """
        if not self._state.adding:
            raise TypeError(f"event {self.pk} was recorded already and cannot be changed")
        super().save(*arguments, **named)


class ManualAssignment(models.Model):
    """Somebody's word that a change of a series belongs to another alert than the one of its commit."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="+")
    origin = models.ForeignKey(Alert, models.CASCADE, related_name="+")
    """The alert that would take it."""
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="+")
    """The alert that takes it instead."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["series", "origin"], name="one_manual_assignment")]

    def __str__(self) -> str:
        return f"series {self.series_id} to alert {self.alert_id}"


class StoredChangePoint(models.Model):
    """The first point of a new level in one series."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="change_points")
    kind = models.CharField(max_length=10, choices=AlertKind.choices, default=AlertKind.REGRESSION)
    """What it is a sign of; whether it went in the bad direction is another question."""
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    """First run of the new level."""
    position = models.PositiveIntegerField()
    """Place of `run` among the series' points when they were last read; orders the change points of one series."""
    previous_run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    """Last run of the old level: the cause lies after its commit, up to that of `run`."""
    seen = models.PositiveIntegerField(default=1)
    """Points at the new level, the first one counted."""
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
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "run", "kind"], name="one_change_point_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.effect:+.1%} in series {self.series_id}"
