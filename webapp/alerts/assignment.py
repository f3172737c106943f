"""Change points -> alerts: one alert for each cause, whichever series it moved.

An alert belongs to (project, branch, first commit at the new level, kind). It is opened by a regression; an improvement
of the same commit is listed with it, and an improvement alone opens nothing. Series that a person merged into another
alert, or split out of one, stay where they were put. An alert is kept for ever and changes state, see
`webapp.alerts.states`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from webapp.alerts import remeasurement, rules, states
from webapp.alerts.models import OPEN, Alert, AlertKind, AlertState, Event, ManualAssignment, StoredChangePoint
from webapp.alerts.states import log_worsening
from webapp.history.models import Project


@dataclass(frozen=True)
class Affected:
    """What a detection, a measurement or a person may have changed."""

    series: Sequence[int] = ()
    """Series whose change points were looked for."""
    alerts: Collection[int] = ()
    """Alerts that their change points belonged to before."""


def update_alerts(project: Project, affected: Affected) -> list[Alert]:
    """Give the change points of the affected series their alerts, and each of those its state.

    Must be called inside a transaction that holds the project's lock.

    Returns:
        The alerts that were looked at, as they stand now.
    """
    points = list(change_points(series__in=affected.series))
    numbers = set(affected.alerts) | {one.alert_id for one in points if one.alert_id is not None}
    numbers |= _attach(project, [one for one in points if one.regression and one.alert_id is None])
    numbers |= _follow(numbers)
    improved = {one.run.commit_id for one in points if not one.regression}
    numbers.update(Alert.objects.filter(project=project, commit__in=improved).values_list("pk", flat=True))
    known = Alert.objects.filter(pk__in=numbers).select_related("commit", "previous_commit", "closed_by", "project")
    alerts = list(known.order_by("pk"))
    members = _by_alert(numbers)
    _attach_improvements(project, alerts, members)
    later = defaultdict(list)
    for one in change_points(series__in={one.series_id for each in members.values() for one in each}):
        later[one.series_id].append(one)
    for alert in alerts:
        states.narrow_range(alert, members[alert.pk])
    answers = remeasurement.answers(project, alerts, members)
    obeyed = rules.alert_rules(project)
    for alert in alerts:
        states.update_state(alert, states.Facts(members[alert.pk], later, answers[alert.pk], obeyed))
    return alerts


def orphans(project: Project) -> Affected:
    """Return the open alerts that no regression belongs to any more."""
    regressions = StoredChangePoint.objects.filter(alert=OuterRef("pk"), regression=True)
    left = Alert.objects.filter(~Exists(regressions), project=project, state__in=OPEN)
    return Affected(alerts=list(left.values_list("pk", flat=True)))


def change_points(**conditions: object) -> QuerySet[StoredChangePoint]:
    """Return change points in the order of their series, with all that is asked of them here."""
    found = StoredChangePoint.objects.filter(**conditions)
    return found.select_related(
        "series__benchmark", "series__environment", "run__commit", "previous_run__commit"
    ).order_by("series_id", "position")


def join(loser: Alert, winner: Alert, *, who: str, reason: str) -> None:
    """Let *winner* take over all change points of *loser*, for good; needs the project's lock."""
    StoredChangePoint.objects.filter(alert=loser, regression=True).update(alert=winner)
    StoredChangePoint.objects.filter(alert=loser).update(alert=None)
    loser.merged_into = winner
    loser.save(update_fields=["merged_into"])
    states.transition(loser, AlertState.MERGED, who=who, reason=reason)
    states.record_event(winner, Event.Action.MERGED, who=who, text=f"Took over alert {loser.pk}. {reason}")


def _by_alert(numbers: Collection[int]) -> defaultdict[int, list[StoredChangePoint]]:
    """Return the regressions of some alerts."""
    members = defaultdict(list)
    for one in change_points(alert__in=numbers, regression=True):
        assert one.alert_id is not None
        members[one.alert_id].append(one)
    return members


def _attach(project: Project, points: Sequence[StoredChangePoint]) -> set[int]:
    """Give each regression its alert, a new one where its cause has none; return the alerts' ids."""
    for one in points:
        one.alert = _belongs(project, one)
    StoredChangePoint.objects.bulk_update(points, ["alert"], batch_size=500)
    return {one.alert_id for one in points if one.alert_id is not None}


def _belongs(project: Project, one: StoredChangePoint) -> Alert:
    """Return the alert of a change point's cause, or the one that somebody put it into."""
    there = Alert.objects.filter(
        project=project, branch=one.series.branch, commit=one.run.commit, kind=one.kind, split_from=None
    )
    # One that was merged still knows where its change points go to; a living one comes first.
    alert = there.order_by(F("merged_into").asc(nulls_first=True), "pk").first()
    if alert is None:
        return _joined_drift(project, one) or _measured_elsewhere(project, one) or _opened(project, one)
    placed = ManualAssignment.objects.filter(series=one.series, origin=alert).select_related("alert").first()
    alert = placed.alert if placed is not None else alert
    while alert.merged_into is not None:
        alert = alert.merged_into
    return alert


def _opened(project: Project, one: StoredChangePoint) -> Alert:
    alert = Alert.objects.create(
        project=project,
        branch=one.series.branch,
        commit=one.run.commit,
        previous_commit=one.previous_run.commit,
        kind=one.kind,
        imported_only=True,  # until a run that was not imported shows it, see states.update_state
    )
    states.record_event(alert, Event.Action.OPENED)
    return alert


def _joined_drift(project: Project, one: StoredChangePoint) -> Alert | None:
    """Return the living alert about creep on the same branch: series that creep together have one cause."""
    if one.kind != AlertKind.DRIFT:
        return None
    living = Alert.objects.filter(
        project=project, branch=one.series.branch, kind=AlertKind.DRIFT, state__in=OPEN, split_from=None
    )
    return living.order_by("pk").first()


def _measured_elsewhere(project: Project, one: StoredChangePoint) -> Alert | None:
    """Return the alert about the same cause in another environment, which measured other commits of the same range."""
    first, last = one.previous_run.commit.generation, one.run.commit.generation
    if first is None or last is None:
        return None
    overlapping = Alert.objects.filter(
        project=project,
        branch=one.series.branch,
        kind=one.kind,
        merged_into=None,
        split_from=None,
        commit__generation__gt=first,
        previous_commit__generation__lt=last,
    )
    same = StoredChangePoint.objects.filter(alert=OuterRef("pk"), series__environment=one.series.environment_id)
    found = list(overlapping.filter(~Exists(same)).select_related("commit")[:2])
    if len(found) != 1:
        return None
    (alert,) = found
    if states.commit_age(one.run.commit) < states.commit_age(alert.commit):
        alert.commit = one.run.commit
        alert.save(update_fields=["commit"])
    return alert


def _follow(numbers: Collection[int]) -> set[int]:
    """Let alerts follow their change points where all of them settled on other commits.

    Returns:
        The ids of alerts that stood there already and became one with them.
    """
    members = _by_alert(numbers)
    joined = set()
    for alert in Alert.objects.filter(pk__in=members).order_by("pk"):
        regressions = members[alert.pk]
        if any(one.run.commit_id == alert.commit_id for one in regressions):
            continue
        target = max(regressions, key=log_worsening).run.commit
        place = Q(project=alert.project_id, branch=alert.branch, commit=target, kind=alert.kind)
        other = Alert.objects.filter(place, merged_into=None, split_from=None).exclude(pk=alert.pk).first()
        if other is not None and alert.split_from_id is None:
            # Somebody's word on either is kept.
            loser, winner = (other, alert) if alert.decided_by and not other.decided_by else (alert, other)
            join(loser, winner, who="", reason="Their changes settled on one commit.")
            joined |= {loser.pk, winner.pk}
            if winner is other:
                continue
        alert.commit = target
        alert.save(update_fields=["commit"])
    return joined


def _attach_improvements(
    project: Project, alerts: Sequence[Alert], members: Mapping[int, Sequence[StoredChangePoint]]
) -> None:
    """List the improvements of an alert's commit with it, and no others."""
    StoredChangePoint.objects.filter(alert__in=alerts, regression=False).exclude(run__commit=F("alert__commit")).update(
        alert=None
    )
    # Of two at one commit, one was split from the other, which keeps them.
    whole_last = sorted(alerts, key=lambda alert: alert.split_from_id is None)
    by_place = {(alert.branch, alert.commit_id): alert for alert in whole_last if members.get(alert.pk)}
    alone = change_points(
        regression=False,
        alert=None,
        series__environment__project=project,
        run__commit__in={commit for _, commit in by_place},
    )
    joining = [one for one in alone if (one.series.branch, one.run.commit_id) in by_place]
    for one in joining:
        one.alert = by_place[one.series.branch, one.run.commit_id]
    StoredChangePoint.objects.bulk_update(joining, ["alert"], batch_size=500)
