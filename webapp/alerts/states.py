"""How an alert's state follows from later points and from remeasurements.

A person's decision (`webapp.alerts.actions`) stands, unless the level returned or the change is not in the history any
more. The state depends on what is stored and not on the order in which it arrived, so computing it again changes nothing.
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
from webapp.alerts.remeasurement import Remeasurement
from webapp.history.models import Commit

REMAINING_SHARE = 0.25
"""A regression counts as gone when at most this share of it remains; noise makes an exact return impossible to see."""

CHANGE_GONE = "Later measurements do not show the change any more."
NOT_REPRODUCED = "Base and head were measured again side by side: the change is not there."
REPRODUCED = "Base and head were measured again side by side: the change is there."
REGRESSED_AGAIN = "The regression is there again."
NO_CONFIRMATION_NEEDED = "The policy asks for no confirmation."

CLOSED_BY_PERSON = (AlertState.ACCEPTED, AlertState.INVALID, AlertState.MERGED)
"""States that a person set and that only a person changes."""


@dataclass(frozen=True)
class AlertFacts:
    """Everything that an alert's state is computed from."""

    regressions: Sequence[StoredChangePoint]
    """Its change points in the bad direction, with their series and their runs' commits loaded."""
    series: Mapping[int, Sequence[StoredChangePoint]]
    """All change points of these series, oldest first, by series id."""
    remeasurement: Remeasurement
    """What a remeasurement of its range showed."""
    rules: AlertRules


@dataclass(frozen=True)
class _Transition:
    """A new state and the reason for it."""

    state: AlertState
    reason: str
    closed_by: Commit | None = None


def update_state(alert: Alert, facts: AlertFacts) -> None:
    """Set the state that follows from *facts*, with an event if it changes; the caller holds the project's lock."""
    if alert.imported_only and not all(change_point.run.imported for change_point in facts.regressions):
        alert.imported_only = False
        alert.save(update_fields=["imported_only"])
    new = _next_state(alert, facts)
    if new is not None:
        transition(alert, new.state, who="", reason=new.reason, closed_by=new.closed_by)


def transition(alert: Alert, state: AlertState, *, who: str, reason: str, closed_by: Commit | None = None) -> None:
    """Set an alert's state and record an event, unless nothing changes; the caller holds the project's lock.

    Args:
        alert: Changed and saved.
        state: The new state.
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
    """Add an event; *before* is the state before it, if it changed the state."""
    Event.objects.create(
        alert=alert, action=action, who=who, before=before or alert.state, after=alert.state, text=text
    )


def narrow_range(alert: Alert, regressions: Sequence[StoredChangePoint]) -> None:
    """Start the alert's range at the newest commit at which one of its series was still at its old level."""
    commits = [change_point.previous_run.commit for change_point in regressions]
    earlier = [commit for commit in commits if commit_age(commit) < commit_age(alert.commit)]
    newest = max(earlier, key=commit_age, default=None)
    if newest is not None and newest != alert.previous_commit:
        alert.previous_commit = newest
        alert.save(update_fields=["previous_commit"])


def log_worsening(change_point: StoredChangePoint) -> float:
    """Return the size of a change point on the log scale, positive in the bad direction.

    The sizes of one series' change points can be added, across segments too, whose levels cannot be compared.
    """
    step = math.log1p(change_point.effect) if change_point.effect > -1 else change_point.effect
    return step if change_point.series.direction == Direction.LOWER else -step


def commit_age(commit: Commit) -> tuple[int, datetime, int]:
    """Return a key that sorts commits, oldest first."""
    return commit.generation or 0, commit.committed_at or datetime.min.replace(tzinfo=UTC), commit.pk


def _next_state(alert: Alert, facts: AlertFacts) -> _Transition | None:
    """Return the state to set, None: it stays as it is."""
    state, is_refuted = AlertState(alert.state), facts.remeasurement.is_refuted
    if state in CLOSED_BY_PERSON or (state is AlertState.WITHDRAWN and is_refuted):
        return None
    if not facts.regressions:
        return _Transition(AlertState.WITHDRAWN, CHANGE_GONE)
    commit = _returned_with(facts)
    if commit is not None:
        return _Transition(AlertState.FIXED, f"The level returned with {commit.sha[:10]}.", commit)
    is_decided = state in OPEN and alert.decided_by != ""
    if is_decided or (state is AlertState.CONFIRMED and not is_refuted):
        return None
    return _confirmation(alert, facts)


def _confirmation(alert: Alert, facts: AlertFacts) -> _Transition | None:
    """Return the state of an alert whose regression lasts and that no person has decided on, None: it stays."""
    state, rules = AlertState(alert.state), facts.rules
    later_points = max(change_point.seen for change_point in facts.regressions) - 1
    if facts.remeasurement.is_refuted:
        return _Transition(AlertState.WITHDRAWN, NOT_REPRODUCED)
    if facts.remeasurement.is_confirmed:
        return _Transition(AlertState.CONFIRMED, REPRODUCED)
    if state is AlertState.FIXED and _was_confirmed(alert):
        return _Transition(AlertState.CONFIRMED, REGRESSED_AGAIN)
    if rules.confirm == "no":
        return _Transition(AlertState.CONFIRMED, NO_CONFIRMATION_NEEDED)
    if later_points >= rules.points:
        return _Transition(AlertState.CONFIRMED, f"{later_points} later points stayed at the new level.")
    return None if state is AlertState.SUSPECTED else _Transition(AlertState.SUSPECTED, REGRESSED_AGAIN)


def _was_confirmed(alert: Alert) -> bool:
    """Return whether the alert was ever confirmed, so that an issue may have been filed."""
    return Event.objects.filter(alert=alert, after__in=[AlertState.CONFIRMED, AlertState.ACKNOWLEDGED]).exists()


def _returned_with(facts: AlertFacts) -> Commit | None:
    """Return the commit at which the last of the series was back at its old level, None: one of them is not."""
    commits = [_return_of(change_point, facts.series[change_point.series_id]) for change_point in facts.regressions]
    returned = [commit for commit in commits if commit is not None]
    return max(returned, key=commit_age) if len(returned) == len(commits) else None


def _return_of(regression: StoredChangePoint, series: Sequence[StoredChangePoint]) -> Commit | None:
    """Return the commit at which the level before *regression* was reached again, None: it was not."""
    size = remaining = log_worsening(regression)
    for change_point in series:
        if change_point.position > regression.position:
            remaining += log_worsening(change_point)
            if remaining <= REMAINING_SHARE * size:
                return change_point.run.commit
    return None
