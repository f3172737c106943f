"""Where an alert stands, and what moves it without anybody's doing: later points, and measurements made again.

A person's word holds against both (`webapp.alerts.actions`), but for a level that returned, or a change that is not in
the history any more. What is said here follows from what is stored, in whatever order it came: saying it again changes
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from perfgate.policy import AlertRules
from perfgate.results.records import Direction
from webapp.alerts.models import OPEN, Alert, AlertState, Event, StoredChangePoint
from webapp.alerts.remeasurement import Answer
from webapp.history.models import Commit

REMAINING_SHARE = 0.25
"""A regression has returned when no more than this part of it is left: an exact return drowns in noise."""

TAKEN_BACK = "Later measurements took the change back."
NOT_THERE = "Base and head were measured again side by side: the change is not there."
RELAPSE = "The regression is there again."

DECIDED = (AlertState.ACCEPTED, AlertState.INVALID, AlertState.MERGED)
"""Closed by somebody's word: only somebody's word opens them."""


@dataclass(frozen=True)
class Facts:
    """What is known about an alert."""

    regressions: Sequence[StoredChangePoint]
    """Its change points in the bad direction, with series and runs' commits loaded."""
    series: Mapping[int, Sequence[StoredChangePoint]]
    """All change points of their series, oldest first."""
    answer: Answer
    """What measuring its range again showed."""
    rules: AlertRules


@dataclass(frozen=True)
class _Step:
    """A state and why."""

    state: AlertState
    reason: str
    closed_by: Commit | None = None


def update_state(alert: Alert, facts: Facts) -> None:
    """Bring *alert* where the facts say it stands, with an event if it moved; needs the project's lock."""
    if alert.imported_only and not all(one.run.imported for one in facts.regressions):
        alert.imported_only = False
        alert.save(update_fields=["imported_only"])
    step = _step(alert, facts)
    if step is not None:
        transition(alert, step.state, who="", reason=step.reason, closed_by=step.closed_by)


def transition(alert: Alert, state: AlertState, *, who: str, reason: str, closed_by: Commit | None = None) -> None:
    """Bring an alert into a state and record it; needs the project's lock.

    Args:
        alert: Changed and saved; nothing happens where nothing would change.
        state: The new one.
        who: A person or a token; empty: perfgate itself.
        reason: Why.
        closed_by: Commit at which the level had returned, for a fixed alert.
    """
    if (alert.state, alert.closed_by, alert.decided_by) == (state, closed_by, who):
        return
    before, was_open = alert.state, alert.is_open
    alert.state, alert.closed_by, alert.decided_by, alert.reason = state, closed_by, who, reason
    if alert.is_open:
        alert.closed_at = None
    elif was_open:
        alert.closed_at = timezone.now()
    alert.save(update_fields=["state", "closed_by", "decided_by", "reason", "closed_at"])
    record_event(alert, Event.Action.MOVED, who=who, before=before, text=reason)


def record_event(alert: Alert, action: Event.Action, *, who: str = "", before: str = "", text: str = "") -> None:
    """Add one event; *before* is the state that the alert left, if it left one."""
    Event.objects.create(
        alert=alert, action=action, who=who, before=before or alert.state, after=alert.state, text=text
    )


def narrow_range(alert: Alert, regressions: Sequence[StoredChangePoint]) -> None:
    """Let the alert's range begin at the newest commit at which one of its series still stood at its old level."""
    ends = [
        one.previous_run.commit for one in regressions if commit_age(one.previous_run.commit) < commit_age(alert.commit)
    ]
    newest = max(ends, key=commit_age, default=None)
    if newest is not None and newest != alert.previous_commit:
        alert.previous_commit = newest
        alert.save(update_fields=["previous_commit"])


def log_worsening(one: StoredChangePoint) -> float:
    """Return the size of a change point on the log scale, positive in the bad direction.

    The steps of one series add up to where its level stands, also across the borders of segments, where the levels
    themselves cannot be compared.
    """
    step = math.log1p(one.effect) if one.effect > -1 else one.effect
    return step if one.series.direction == Direction.LOWER else -step


def commit_age(commit: Commit) -> tuple[int, datetime, int]:
    """Return what orders commits, oldest first."""
    return commit.generation or 0, commit.committed_at or datetime.min.replace(tzinfo=UTC), commit.pk


def _step(alert: Alert, facts: Facts) -> _Step | None:
    """Return where the alert is to be moved, None: it stays."""
    state, is_refuted = AlertState(alert.state), facts.answer.is_refuted
    if state in DECIDED or (state is AlertState.WITHDRAWN and is_refuted):
        return None
    if not facts.regressions:
        return _Step(AlertState.WITHDRAWN, TAKEN_BACK)
    returns = [_returned(one, facts.series[one.series_id]) for one in facts.regressions]
    if all(returns):
        back = max((commit for commit in returns if commit), key=commit_age)
        return _Step(AlertState.FIXED, f"The level returned with {back.sha[:10]}.", back)
    is_held = state in OPEN and alert.decided_by != ""
    if is_held or (state is AlertState.CONFIRMED and not is_refuted):
        return None
    return _confirmation(alert, facts)


def _confirmation(alert: Alert, facts: Facts) -> _Step | None:
    """Return the step of an alert whose change is there and that nobody has decided on."""
    state = AlertState(alert.state)
    rules = facts.rules
    later = max(one.seen for one in facts.regressions) - 1
    if facts.answer.is_refuted:
        return _Step(AlertState.WITHDRAWN, NOT_THERE)
    if facts.answer.is_confirmed:
        return _Step(AlertState.CONFIRMED, "Base and head were measured again side by side: the change is there.")
    if state is AlertState.FIXED and _was_told(alert):
        return _Step(AlertState.CONFIRMED, RELAPSE)
    if rules.confirm == "no":
        return _Step(AlertState.CONFIRMED, "The policy asks for no confirmation.")
    if later >= rules.points:
        return _Step(AlertState.CONFIRMED, f"{later} later points stayed at the new level.")
    return None if state is AlertState.SUSPECTED else _Step(AlertState.SUSPECTED, RELAPSE)


def _was_told(alert: Alert) -> bool:
    """Return whether a fixed alert had been confirmed before."""
    return Event.objects.filter(alert=alert, after__in=[AlertState.CONFIRMED, AlertState.ACKNOWLEDGED]).exists()


def _returned(one: StoredChangePoint, series: Sequence[StoredChangePoint]) -> Commit | None:
    """Return the commit at which the level of before *one* was reached again, None: not yet."""
    first = left = log_worsening(one)
    for other in series:
        if other.position > one.position:
            left += log_worsening(other)
            if left <= REMAINING_SHARE * first:
                return other.run.commit
    return None
