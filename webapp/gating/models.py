"""What was decided: verdicts on pull requests, change points in series, alerts, and what GitHub is meant to show."""

from __future__ import annotations

from typing import Any, ClassVar

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


class Kind(models.TextChoices):
    """What a change of level, and the alert about it, is a sign of."""

    REGRESSION = "regression"
    """One change of the code."""
    RUNNER = "runner"
    """The machine: most of a run moved together."""
    DRIFT = "drift"
    """Slow creep against the last accepted level, which no single step explains."""


class State(models.TextChoices):
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


OPEN = (State.SUSPECTED, State.CONFIRMED, State.ACKNOWLEDGED)
"""The states in which something is still to be done."""


ALERT_RELATIONS = ("project", "commit", "previous_commit", "closed_by", "merged_into")
"""What is loaded with an alert that is to be told of."""


class Alert(models.Model):
    """The notice of one cause: one change, however many series it moved."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="alerts")
    branch = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.REGRESSION)
    previous_commit = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """Last commit measured at the old level, the newest of its series': the cause lies after it, up to `commit`."""
    commit = models.ForeignKey(Commit, models.PROTECT, related_name="alerts")
    """First commit measured at the new level."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.SUSPECTED)
    decided_by = models.CharField(max_length=150, blank=True)
    """Who brought it into `state`; empty: perfgate itself, which then may also bring it out of it."""
    reason = models.TextField(blank=True)
    """Why it is in `state`."""
    assignee = models.CharField(max_length=150, blank=True)
    """Who looks after it: any name."""
    quiet = models.BooleanField(default=False)
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


class Placement(models.Model):
    """Somebody's word that a change of a series belongs to another alert than the one of its commit."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="+")
    origin = models.ForeignKey(Alert, models.CASCADE, related_name="+")
    """The alert that would take it."""
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="+")
    """The alert that takes it instead."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["series", "origin"], name="one_word_per_place")]

    def __str__(self) -> str:
        return f"series {self.series_id} to alert {self.alert_id}"


class ChangePoint(models.Model):
    """The first point of a new level in one series."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="change_points")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.REGRESSION)
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


class Range(models.Model):
    """The commits between two that were measured, as GitHub told them; asked once, for commits do not change."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="ranges")
    base = models.CharField(max_length=64)
    head = models.CharField(max_length=64)
    """Whole hashes; the range lies after `base`, up to `head`."""
    changes = models.JSONField(null=True)
    """`perfgate.github.Changes`; None: GitHub does not know the range, or does not show it to us."""
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "base", "head"], name="one_row_per_range")]

    def __str__(self) -> str:
        return f"{self.base[:10]}..{self.head[:10]}"


class Bisection(models.Model):
    """A search for the one commit of a range, by measurements that GitHub is asked for one after the other.

    Only what it began with is kept: where it stands follows from the runs that came in, see `webapp.gating.bisecting`.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="bisections")
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="bisections")
    """Whose range it is; NULL: a pull request's."""
    pull_request = models.PositiveIntegerField(null=True)
    comment_id = models.BigIntegerField(null=True, unique=True)
    """GitHub's id of the comment that ordered it, in a pull request; its answer says how far it is."""
    label = models.TextField()
    metric = models.CharField(max_length=100)
    """The benchmark whose level is followed."""
    suite = models.CharField(max_length=200)
    base = models.CharField(max_length=64)
    """Whole hash of the last commit at the old level."""
    line = models.JSONField()
    """The commits after `base` that are suspect, the oldest first, as a list of `perfgate.github.Change`."""
    low = models.FloatField()
    high = models.FloatField()
    """Ends of the 95 % confidence interval of the change between both ends, a fraction."""
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert"], name="one_open_bisection_per_alert", condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                condition=models.Q(alert=None) ^ models.Q(pull_request=None), name="bisection_of_alert_or_pull_request"
            ),
        ]

    def __str__(self) -> str:
        return f"bisection {self.pk}"


class Pace(models.Model):
    """How fast one account on GitHub was written with, so that all workers together stay within its limits."""

    account = models.CharField(max_length=100, unique=True)
    """An App's id, or a digest of the token."""
    next_at = models.DateTimeField(null=True)
    """Not written before then."""
    recent = models.JSONField(default=list)
    """When it was written within the last hour: seconds since 1970, oldest first."""

    def __str__(self) -> str:
        return self.account


class Decision(models.Model):
    """Somebody's permission, in a pull request, for one benchmark to be slower; added and never changed."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="decisions")
    pull_request = models.PositiveIntegerField()
    """It holds for this one alone: what is to last stands in the policy."""
    label = models.TextField()
    metric = models.CharField(max_length=100)
    max_regression = models.FloatField()
    """The ceiling, a fraction."""
    until = models.DateField()
    """Last day on which it holds."""
    who = models.CharField(max_length=150)
    """Login on GitHub, which vouched for the right to write."""
    reason = models.TextField()
    comment_id = models.BigIntegerField(unique=True)
    """GitHub's id of the comment that said so: the same one twice is one decision."""
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "pull_request"], name="decision_by_pull_request")]

    def __str__(self) -> str:
        return f"{self.label} up to {self.max_regression:.1%} by {self.who}"


class Delivery(models.Model):
    """Something that GitHub told us, kept until it was dealt with; the same one twice is one."""

    guid = models.CharField(max_length=64, unique=True)
    """GitHub's number of it."""
    event = models.CharField(max_length=40)
    payload = models.JSONField()
    """The few fields that are read, see `webapp.gating.deliveries`; texts in it are strangers'."""
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    """GitHub did not answer when it was dealt with: not tried again before then."""
    attempts = models.PositiveIntegerField(default=0)
    outcome = models.TextField(blank=True)
    """What came of it, in words."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="delivery_owed", condition=models.Q(processed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.guid}"


class Publication(models.Model):
    """What GitHub is meant to show in one place; publishing makes GitHub equal to it."""

    class Kind(models.TextChoices):
        """Where on GitHub."""

        COMMENT = "comment"
        CHECK_RUN = "check_run"
        ISSUE = "issue"
        DISPATCH = "dispatch"
        """A workflow that is asked to measure again: asked at most once, for nothing on GitHub shows that it was."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="publications")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=200)
    """What it is about: ``pull/7``, ``commit/<sha>``, ``alert/3``, ``alert/3/measurement/1``,
    ``alert/3/bisection/2/1``, ``pull/7/bisection/2/1``."""
    wanted = models.JSONField()
    """What the calls in `perfgate.github` that write it are given, see `webapp.gating.wanted`."""
    ordered = models.BooleanField(default=False)
    """Somebody asked for it, and was told what it costs: no daily limit holds it back, nor counts it."""
    revision = models.PositiveIntegerField(default=1)
    """Counts up with every change of `wanted`."""
    published_revision = models.PositiveIntegerField(default=0)
    """Less than `revision`: work is owed."""
    remote_id = models.BigIntegerField(null=True)
    """GitHub's id of the comment or check run, or the issue's number."""
    first_published_at = models.DateTimeField(null=True)
    """When GitHub was first told; counts against what a project may file in a day."""
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
