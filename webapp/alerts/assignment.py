"""Assign change points to alerts: one alert for each cause, however many series it changed.

An alert belongs to (project, branch, first commit at the new level, kind). A regression opens it; an improvement of the
same commit is listed with it, and an improvement alone opens none. Series that a person merged into another alert or
split from one stay where the person put them. An alert is never deleted; it changes its state, see `webapp.alerts.states`.
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
    """What a detection, a remeasurement or a person may have changed."""

    series: Sequence[int] = ()
    """Ids of series whose change points were detected again."""
    alerts: Collection[int] = ()
    """Ids of alerts that these change points belonged to before, or that something else changed."""


def update_alerts(project: Project, affected: Affected) -> list[Alert]:
    """Assign the change points of the affected series to alerts, and update the state of each alert concerned.

    The caller holds the project's lock in a transaction.

    Returns:
        The alerts concerned, oldest first, as they are now.
    """
    alerts = _alerts_concerned(project, affected)
    regressions = _regressions_by_alert([alert.pk for alert in alerts])
    _attach_improvements(project, alerts, regressions)
    all_changes = defaultdict(list)
    series_ids = {change_point.series_id for found in regressions.values() for change_point in found}
    for change_point in change_points(series__in=series_ids):
        all_changes[change_point.series_id].append(change_point)
    for alert in alerts:
        states.narrow_range(alert, regressions[alert.pk])
    remeasurements = remeasurement.remeasurements(project, alerts, regressions)
    alert_rules = rules.alert_rules(project)
    for alert in alerts:
        facts = states.AlertFacts(regressions[alert.pk], all_changes, remeasurements[alert.pk], alert_rules)
        states.update_state(alert, facts)
    return alerts


def alerts_without_regressions(project: Project) -> Affected:
    """Return the open alerts that no regression belongs to any more."""
    regressions = StoredChangePoint.objects.filter(alert=OuterRef("pk"), regression=True)
    alerts = Alert.objects.filter(~Exists(regressions), project=project, state__in=OPEN)
    return Affected(alerts=list(alerts.values_list("pk", flat=True)))


def change_points(**conditions: object) -> QuerySet[StoredChangePoint]:
    """Return change points ordered by series and position, with the relations that this package reads."""
    found = StoredChangePoint.objects.filter(**conditions)
    return found.select_related(
        "series__benchmark", "series__environment", "run__commit", "previous_run__commit"
    ).order_by("series_id", "position")


def merge_into(loser: Alert, winner: Alert, *, who: str, reason: str) -> None:
    """Move all change points of *loser* to *winner* for good; the caller holds the project's lock."""
    StoredChangePoint.objects.filter(alert=loser, regression=True).update(alert=winner)
    StoredChangePoint.objects.filter(alert=loser).update(alert=None)
    loser.merged_into = winner
    loser.save(update_fields=["merged_into"])
    states.transition(loser, AlertState.MERGED, who=who, reason=reason)
    states.record_event(winner, Event.Action.MERGED, who=who, text=f"Took over alert {loser.pk}. {reason}")


def _alerts_concerned(project: Project, affected: Affected) -> list[Alert]:
    """Return the alerts to update, after assigning new regressions to theirs and moving those whose commit moved."""
    found = list(change_points(series__in=affected.series))
    alert_ids = set(affected.alerts) | {point.alert_id for point in found if point.alert_id is not None}
    alert_ids |= _assign(project, [point for point in found if point.regression and point.alert_id is None])
    alert_ids |= _follow_change_points(alert_ids)
    improved = {point.run.commit_id for point in found if not point.regression}
    alert_ids.update(Alert.objects.filter(project=project, commit__in=improved).values_list("pk", flat=True))
    alerts = Alert.objects.filter(pk__in=alert_ids).select_related("commit", "previous_commit", "closed_by", "project")
    return list(alerts.order_by("pk"))


def _regressions_by_alert(alert_ids: Collection[int]) -> defaultdict[int, list[StoredChangePoint]]:
    regressions = defaultdict(list)
    for change_point in change_points(alert__in=alert_ids, regression=True):
        assert change_point.alert_id is not None
        regressions[change_point.alert_id].append(change_point)
    return regressions


def _assign(project: Project, regressions: Sequence[StoredChangePoint]) -> set[int]:
    """Assign each regression to the alert of its cause, a new one if there is none; return the alerts' ids."""
    for regression in regressions:
        regression.alert = _alert_for(project, regression)
    StoredChangePoint.objects.bulk_update(regressions, ["alert"], batch_size=500)
    return {regression.alert_id for regression in regressions if regression.alert_id is not None}


def _alert_for(project: Project, regression: StoredChangePoint) -> Alert:
    """Return the alert of a regression's cause, or the one that a person assigned the series to."""
    of_this_commit = Alert.objects.filter(
        project=project,
        branch=regression.series.branch,
        commit=regression.run.commit,
        kind=regression.kind,
        split_from=None,
    )
    # A merged alert still says where its change points go to; one that is not merged comes first.
    alert = of_this_commit.order_by(F("merged_into").asc(nulls_first=True), "pk").first()
    if alert is None:
        return (
            _open_drift(project, regression) or _same_cause_elsewhere(project, regression) or _open(project, regression)
        )
    manual = ManualAssignment.objects.filter(series=regression.series, origin=alert).select_related("alert").first()
    alert = manual.alert if manual is not None else alert
    while alert.merged_into is not None:
        alert = alert.merged_into
    return alert


def _open(project: Project, regression: StoredChangePoint) -> Alert:
    alert = Alert.objects.create(
        project=project,
        branch=regression.series.branch,
        commit=regression.run.commit,
        previous_commit=regression.previous_run.commit,
        kind=regression.kind,
        imported_only=True,  # until states.update_state sees a run that was not imported
    )
    states.record_event(alert, Event.Action.OPENED)
    return alert


def _open_drift(project: Project, regression: StoredChangePoint) -> Alert | None:
    """Return the open drift alert of the same branch: series that drift together have one cause."""
    if regression.kind != AlertKind.DRIFT:
        return None
    alerts = Alert.objects.filter(
        project=project, branch=regression.series.branch, kind=AlertKind.DRIFT, state__in=OPEN, split_from=None
    )
    return alerts.order_by("pk").first()


def _same_cause_elsewhere(project: Project, regression: StoredChangePoint) -> Alert | None:
    """Return the one alert whose range overlaps, found in another environment that measured other commits."""
    first, last = regression.previous_run.commit.generation, regression.run.commit.generation
    if first is None or last is None:
        return None
    overlapping = Alert.objects.filter(
        project=project,
        branch=regression.series.branch,
        kind=regression.kind,
        merged_into=None,
        split_from=None,
        commit__generation__gt=first,
        previous_commit__generation__lt=last,
    )
    same_environment = StoredChangePoint.objects.filter(
        alert=OuterRef("pk"), series__environment=regression.series.environment_id
    )
    found = list(overlapping.filter(~Exists(same_environment)).select_related("commit")[:2])
    if len(found) != 1:
        return None
    (alert,) = found
    if states.commit_age(regression.run.commit) < states.commit_age(alert.commit):
        alert.commit = regression.run.commit
        alert.save(update_fields=["commit"])
    return alert


def _follow_change_points(alert_ids: Collection[int]) -> set[int]:
    """Move each alert to another commit if all its change points moved there.

    Returns:
        The ids of alerts that were merged because another one was at that commit already.
    """
    regressions = _regressions_by_alert(alert_ids)
    merged: set[int] = set()
    for alert in Alert.objects.filter(pk__in=regressions).order_by("pk"):
        if not any(regression.run.commit_id == alert.commit_id for regression in regressions[alert.pk]):
            largest = max(regressions[alert.pk], key=log_worsening)
            merged |= _move_to_commit(alert, largest)
    return merged


def _move_to_commit(alert: Alert, regression: StoredChangePoint) -> set[int]:
    """Move an alert to the commit of *regression*; return the ids of both alerts if it was merged with another."""
    commit, merged = regression.run.commit, set()
    at_commit = Q(project=alert.project_id, branch=alert.branch, commit=commit, kind=alert.kind)
    other = Alert.objects.filter(at_commit, merged_into=None, split_from=None).exclude(pk=alert.pk).first()
    if other is not None and alert.split_from_id is None:
        # The one that a person decided on stays.
        loser, winner = (other, alert) if alert.decided_by and not other.decided_by else (alert, other)
        merge_into(loser, winner, who="", reason="Their changes moved to the same commit.")
        merged = {loser.pk, winner.pk}
        if winner is other:
            return merged
    alert.commit = commit
    alert.save(update_fields=["commit"])
    return merged


def _attach_improvements(
    project: Project, alerts: Sequence[Alert], regressions: Mapping[int, Sequence[StoredChangePoint]]
) -> None:
    """List the improvements of each alert's commit with the alert, and no other improvements."""
    StoredChangePoint.objects.filter(alert__in=alerts, regression=False).exclude(run__commit=F("alert__commit")).update(
        alert=None
    )
    # If one of two alerts at a commit was split from the other, the other one keeps the improvements.
    split_first = sorted(alerts, key=lambda alert: alert.split_from_id is None)
    by_commit = {(alert.branch, alert.commit_id): alert for alert in split_first if regressions.get(alert.pk)}
    unassigned = change_points(
        regression=False,
        alert=None,
        series__environment__project=project,
        run__commit__in={commit for _, commit in by_commit},
    )
    assigned = [point for point in unassigned if (point.series.branch, point.run.commit_id) in by_commit]
    for change_point in assigned:
        change_point.alert = by_commit[change_point.series.branch, change_point.run.commit_id]
    StoredChangePoint.objects.bulk_update(assigned, ["alert"], batch_size=500)
