"""The actions that a person, or a program with a token, takes on an alert.

Each action takes the project's lock, checks that the alert allows it, and records an event. Taking the same action again
changes nothing. Only another action undoes it, or the level returning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from perfgate.errors import InvalidInput
from webapp.alerts import assignment, states
from webapp.alerts.models import ALERT_RELATIONS, OPEN, Alert, AlertState, Event, ManualAssignment, StoredChangePoint
from webapp.alerts.signals import alerts_settled
from webapp.history.models import Project

MAX_TEXT_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 150

_ALLOWED_FROM: dict[AlertState, Sequence[AlertState]] = {
    AlertState.CONFIRMED: (
        AlertState.SUSPECTED,
        AlertState.ACKNOWLEDGED,
        AlertState.ACCEPTED,
        AlertState.INVALID,
        AlertState.WITHDRAWN,
    ),
    AlertState.ACKNOWLEDGED: (AlertState.SUSPECTED, AlertState.CONFIRMED),
    AlertState.ACCEPTED: OPEN,
    AlertState.INVALID: OPEN,
}
"""For each state that a person may set: the states from which it may be set."""

_NEEDS_REASON = (AlertState.ACCEPTED, AlertState.INVALID)

_DECISIONS = {
    "confirm": AlertState.CONFIRMED,
    "acknowledge": AlertState.ACKNOWLEDGED,
    "accept": AlertState.ACCEPTED,
    "invalidate": AlertState.INVALID,
}

ACTIONS = (*_DECISIONS, "assign", "note", "merge", "split")
"""The names that `ActionRequest.action` can have here; `webapp.measurements.actions` adds the start of a bisection."""


@dataclass(frozen=True, kw_only=True)
class ActionRequest:
    """An action as a form or an API request names it."""

    action: str
    """One of `ACTIONS`."""
    reason: str = ""
    assignee: str = ""
    text: str = ""
    """The note."""
    into: int = 0
    """Id of the alert to merge into."""
    series: Sequence[int] = ()
    """Ids of the series to split off."""


def act(alert: Alert, request: ActionRequest, *, who: str) -> Alert:
    """Take an action; return the alert to show next, which is a new one after a split.

    Raises:
        InvalidInput: There is no such action, or the alert does not allow it; see the functions below.
    """
    actions: dict[str, Callable[[], Alert | None]] = {
        **{name: partial(decide, alert, state, who=who, reason=request.reason) for name, state in _DECISIONS.items()},
        "assign": partial(assign, alert, request.assignee, who=who),
        "note": partial(note, alert, request.text, who=who),
        "merge": partial(merge, alert, request.into, who=who, reason=request.reason),
        "split": partial(split, alert, request.series, who=who, reason=request.reason),
    }
    if request.action not in actions:
        raise InvalidInput(f"{request.action[:40]!r} is no action: choose one of {', '.join(ACTIONS)}")
    return actions[request.action]() or alert


def decide(alert: Alert, state: AlertState, *, who: str, reason: str = "") -> None:
    """Set an alert's state.

    Args:
        alert: The alert.
        state: ``confirmed``, which also reopens a closed alert; ``acknowledged``; ``accepted``: the new level becomes the
            baseline; ``invalid``: the change is noise.
        who: A user's name or ``token NAME``.
        reason: Why; needed to accept, to dismiss as noise, and to reopen.

    Raises:
        InvalidInput: The alert's state does not allow it, or a reason is missing or too long.
    """
    reason = _text(reason, "the reason")
    with _locked(alert) as current:
        if current.state == state:
            return
        if state not in _ALLOWED_FROM or current.state not in _ALLOWED_FROM[state]:
            raise InvalidInput(f"alert {current.pk} is {current.state}: it cannot become {state} from there")
        if not reason and (state in _NEEDS_REASON or not current.is_open):
            raise InvalidInput(f"a reason is needed for an alert to become {state} from {current.state}: say why")
        states.transition(current, state, who=who, reason=reason)
        _update(current.project, [current])


def assign(alert: Alert, assignee: str, *, who: str) -> None:
    """Set the person who works on an alert; an empty name removes it.

    Raises:
        InvalidInput: The name is too long.
    """
    assignee = " ".join(assignee.split())
    if len(assignee) > MAX_NAME_CHARACTERS:
        raise InvalidInput(f"the assignee has {len(assignee)} characters, at most {MAX_NAME_CHARACTERS} are allowed")
    with _locked(alert) as current:
        if current.assignee != assignee:
            current.assignee = assignee
            current.save(update_fields=["assignee"])
            states.record_event(current, Event.Action.ASSIGNED, who=who, text=assignee)


def note(alert: Alert, text: str, *, who: str) -> None:
    """Add a note.

    Raises:
        InvalidInput: It is empty or too long.
    """
    text = _text(text, "the note")
    if not text:
        raise InvalidInput("the note is empty: write something")
    with _locked(alert) as current:
        states.record_event(current, Event.Action.NOTED, who=who, text=text)


def merge(alert: Alert, into: int, *, who: str, reason: str = "") -> None:
    """Move all series of an alert to another alert of the same project, because both have one cause.

    Raises:
        InvalidInput: There is no such other alert, one of the two was merged before, or they differ in branch or kind.
    """
    reason = _text(reason, "the reason")
    with _locked(alert) as current:
        if current.state == AlertState.MERGED and current.merged_into_id == into:
            return
        target = _merge_target(current, into)
        assignment.merge_into(current, target, who=who, reason=reason)
        _update(current.project, [current, target])


def _merge_target(alert: Alert, into: int) -> Alert:
    target = Alert.objects.filter(project=alert.project_id, pk=into).select_related(*ALERT_RELATIONS).first()
    if target is None or target.pk == alert.pk:
        raise InvalidInput(f"there is no other alert {into} in project {alert.project.slug}: name one from its list")
    for candidate in (alert, target):
        if candidate.merged_into_id is not None:
            raise InvalidInput(f"alert {candidate.pk} was merged into alert {candidate.merged_into_id}: name that one")
    if (alert.branch, alert.kind) != (target.branch, target.kind):
        raise InvalidInput(f"alerts {alert.pk} and {target.pk} are not about one branch and one kind of change")
    return target


def split(alert: Alert, series: Sequence[int], *, who: str, reason: str = "") -> Alert:
    """Move some series of an alert to a new alert, because they have another cause.

    Args:
        alert: An alert that is not merged.
        series: Ids of some, not all, of the series in which it has regressions.
        who: A user's name or ``token NAME``.
        reason: Why.

    Returns:
        The new alert.

    Raises:
        InvalidInput: The alert has no such series, or would have none left.
    """
    reason = _text(reason, "the reason")
    with _locked(alert) as current:
        regressions = StoredChangePoint.objects.filter(alert=current, regression=True)
        present, moved = set(regressions.values_list("series_id", flat=True)), set(series)
        if not moved or not moved < present:
            raise InvalidInput(
                f"alert {current.pk} can be split by some, not all, of its {len(present)} series; got {sorted(moved)[:10]}"
            )
        new = _open_split(current)
        states.record_event(new, Event.Action.OPENED, who=who, text=f"Split from alert {current.pk}. {reason}".strip())
        text = f"{len(moved)} to alert {new.pk}. {reason}".strip()
        states.record_event(current, Event.Action.SPLIT, who=who, text=text)
        regressions.filter(series__in=moved).update(alert=new)
        for origin in _with_merged(current):
            for series_id in sorted(moved):
                ManualAssignment.objects.update_or_create(series_id=series_id, origin=origin, defaults={"alert": new})
        _update(current.project, [current, new])
    return new


def _open_split(alert: Alert) -> Alert:
    return Alert.objects.create(
        project=alert.project,
        branch=alert.branch,
        kind=alert.kind,
        commit=alert.commit,
        previous_commit=alert.previous_commit,
        imported_only=alert.imported_only,
        split_from=alert,
    )


@contextmanager
def _locked(alert: Alert) -> Iterator[Alert]:
    """Yield the alert as it is stored now, and lock its project until the end of the block."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=alert.project_id)
        yield Alert.objects.select_related(*ALERT_RELATIONS).get(pk=alert.pk)


def _update(project: Project, changed: Sequence[Alert]) -> None:
    affected = assignment.Affected(alerts=[alert.pk for alert in changed])
    alerts_settled.send(Alert, project=project, alerts=assignment.update_alerts(project, affected))


def _with_merged(alert: Alert) -> Iterator[Alert]:
    """Yield the alert and all that were merged into it; a series may be assigned to any of them automatically."""
    yield alert
    for other in Alert.objects.filter(merged_into=alert).order_by("pk"):
        yield from _with_merged(other)


def _text(text: str, what: str) -> str:
    text = text.replace("\0", "").strip()
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidInput(
            f"{what} has {len(text):,} characters, at most {MAX_TEXT_CHARACTERS:,} are allowed: shorten it"
        )
    return text
