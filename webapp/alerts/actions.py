"""What a person, or a machine with a token for it, does with an alert.

Each of these takes the project's lock, checks that the alert can be treated so, records an event, and asks for what
GitHub is to show. Asking for the same again changes nothing. What was decided here is undone by nothing but another word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction

from perfgate.errors import InvalidInput
from webapp.alerts import assignment, states
from webapp.alerts.models import ALERT_RELATIONS, OPEN, Alert, AlertState, Event, ManualAssignment, StoredChangePoint
from webapp.history.models import Project
from webapp.measurements import bisection
from webapp.publishing import outbox

MAX_TEXT_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 150

_FROM: dict[AlertState, Sequence[AlertState]] = {
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
"""The states that a person may bring an alert into, and out of which."""

_NEEDS_REASON = (AlertState.ACCEPTED, AlertState.INVALID)


_DECISIONS = {
    "confirm": AlertState.CONFIRMED,
    "acknowledge": AlertState.ACKNOWLEDGED,
    "accept": AlertState.ACCEPTED,
    "invalidate": AlertState.INVALID,
}


@dataclass(frozen=True, kw_only=True)
class ActionRequest:
    """What is to be done, as forms and machines say it."""

    action: str
    """confirm, acknowledge, accept, invalidate, assign, note, merge, split or bisect."""
    reason: str = ""
    assignee: str = ""
    text: str = ""
    """The note."""
    into: int = 0
    """The alert to merge into."""
    series: Sequence[int] = ()
    """The series to split out."""


def act(alert: Alert, request: ActionRequest, *, who: str) -> Alert:
    """Do what is ordered; return the alert to look at then, a new one after a split.

    Raises:
        InvalidInput: There is no such action, or it cannot be done; see the functions below.
    """
    if request.action in _DECISIONS:
        decide(alert, _DECISIONS[request.action], who=who, reason=request.reason)
    elif request.action == "assign":
        assign(alert, request.assignee, who=who)
    elif request.action == "note":
        note(alert, request.text, who=who)
    elif request.action == "merge":
        merge(alert, request.into, who=who, reason=request.reason)
    elif request.action == "split":
        return split(alert, request.series, who=who, reason=request.reason)
    elif request.action == "bisect":
        bisect(alert, who=who)
    else:
        known = ", ".join([*_DECISIONS, "assign", "note", "merge", "split", "bisect"])
        raise InvalidInput(f"{request.action[:40]!r} is no action: choose one of {known}")
    return alert


def decide(alert: Alert, state: AlertState, *, who: str, reason: str = "") -> None:
    """Bring an alert into a state by somebody's word.

    Args:
        alert: Any.
        state: ``confirmed``, also to take a closed one up again; ``acknowledged``; ``accepted``: the new level is the
            baseline from now on; ``invalid``: noise.
        who: Whose word.
        reason: Why; needed to accept, to dismiss, and to take up again.

    Raises:
        InvalidInput: The alert cannot be brought there from where it stands, or a reason is missing or too long.
    """
    reason = _text(reason, "the reason")
    with _held(alert) as now:
        if now.state == state:
            return
        if state not in _FROM or now.state not in _FROM[state]:
            raise InvalidInput(f"alert {now.pk} is {now.state}: it cannot become {state} from there")
        if not reason and (state in _NEEDS_REASON or not now.is_open):
            raise InvalidInput(f"a reason is needed for an alert to become {state} from {now.state}: say why")
        states.transition(now, state, who=who, reason=reason)
        _settle(now.project, [now])


def assign(alert: Alert, assignee: str, *, who: str) -> None:
    """Say who looks after an alert; an empty name: nobody.

    Raises:
        InvalidInput: The name is too long.
    """
    assignee = " ".join(assignee.split())
    if len(assignee) > MAX_NAME_CHARACTERS:
        raise InvalidInput(f"the assignee has {len(assignee)} characters, at most {MAX_NAME_CHARACTERS} are kept")
    with _held(alert) as now:
        if now.assignee != assignee:
            now.assignee = assignee
            now.save(update_fields=["assignee"])
            states.record_event(now, Event.Action.ASSIGNED, who=who, text=assignee)


def note(alert: Alert, text: str, *, who: str) -> None:
    """Add a note.

    Raises:
        InvalidInput: It is empty or too long.
    """
    text = _text(text, "the note")
    if not text:
        raise InvalidInput("the note is empty: write something")
    with _held(alert) as now:
        states.record_event(now, Event.Action.NOTED, who=who, text=text)


def merge(alert: Alert, into: int, *, who: str, reason: str = "") -> None:
    """Let another alert of the same project take over all series of this one: they have one cause.

    Raises:
        InvalidInput: There is no such other alert, or one of the two was merged before.
    """
    reason = _text(reason, "the reason")
    with _held(alert) as now:
        if now.state == AlertState.MERGED and now.merged_into_id == into:
            return
        target = Alert.objects.filter(project=now.project_id, pk=into).select_related(*ALERT_RELATIONS).first()
        if target is None or target.pk == now.pk:
            raise InvalidInput(f"there is no other alert {into} in project {now.project.slug}: name one from its list")
        for one in (now, target):
            if one.merged_into_id is not None:
                raise InvalidInput(f"alert {one.pk} was merged into alert {one.merged_into_id}: name that one")
        if (now.branch, now.kind) != (target.branch, target.kind):
            raise InvalidInput(f"alerts {now.pk} and {target.pk} are not about one branch and one kind of change")
        assignment.join(now, target, who=who, reason=reason)
        _settle(now.project, [now, target])


def split(alert: Alert, series: Sequence[int], *, who: str, reason: str = "") -> Alert:
    """Take some series out of an alert into a new one: they have another cause.

    Args:
        alert: An alert that is not merged.
        series: Ids of series that it has regressions of; not all of them.
        who: Whose word.
        reason: Why.

    Returns:
        The new alert.

    Raises:
        InvalidInput: It has no such series, or nothing would be left.
    """
    reason = _text(reason, "the reason")
    with _held(alert) as now:
        regressions = StoredChangePoint.objects.filter(alert=now, regression=True)
        there, wanted = set(regressions.values_list("series_id", flat=True)), set(series)
        if not wanted or not wanted < there:
            raise InvalidInput(
                f"alert {now.pk} can be split by some, not all, of its {len(there)} series; got {sorted(wanted)[:10]}"
            )
        new = Alert.objects.create(
            project=now.project,
            branch=now.branch,
            kind=now.kind,
            commit=now.commit,
            previous_commit=now.previous_commit,
            imported_only=now.imported_only,
            split_from=now,
        )
        states.record_event(new, Event.Action.OPENED, who=who, text=f"Split from alert {now.pk}. {reason}".strip())
        states.record_event(now, Event.Action.SPLIT, who=who, text=f"{len(wanted)} to alert {new.pk}. {reason}".strip())
        regressions.filter(series__in=wanted).update(alert=new)
        for origin in _origins(now):
            for number in sorted(wanted):
                ManualAssignment.objects.update_or_create(series_id=number, origin=origin, defaults={"alert": new})
        _settle(now.project, [now, new])
    return new


def bisect(alert: Alert, *, who: str) -> None:
    """Have GitHub measure one commit of the alert's range after the other until the one is found.

    Raises:
        InvalidInput: There is nothing to search for, or nobody to ask; see `webapp.measurements.bisection.start`.
    """
    with _held(alert) as now:
        bisection.start(now, who=who)
        _settle(now.project, [now])


@contextmanager
def _held(alert: Alert) -> Iterator[Alert]:
    """Yield the alert as it stands, while nobody else changes anything of its project."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=alert.project_id)
        yield Alert.objects.select_related(*ALERT_RELATIONS).get(pk=alert.pk)


def _settle(project: Project, changed: Sequence[Alert]) -> None:
    affected = assignment.Affected(alerts=[one.pk for one in changed])
    outbox.want_alerts(project, assignment.update_alerts(project, affected))


def _origins(alert: Alert) -> Iterator[Alert]:
    """Yield the alert and all that were merged into it: each may be where a series would be put."""
    yield alert
    for other in Alert.objects.filter(merged_into=alert).order_by("pk"):
        yield from _origins(other)


def _text(text: str, what: str) -> str:
    text = text.replace("\0", "").strip()
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidInput(f"{what} has {len(text):,} characters, at most {MAX_TEXT_CHARACTERS:,} are kept: shorten it")
    return text
