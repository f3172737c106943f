"""Change points -> alerts: one alert for each commit that made something worse, open until all of it is undone.

An alert belongs to (project, branch, first commit at the new level). It is opened by a regression; an improvement of
the same commit is listed with it, and an improvement alone opens nothing. An alert is kept for ever and changes state.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from perfgate.records import Direction
from webapp.gating.models import Alert, ChangePoint
from webapp.history.models import Commit, Project

REMAINING_SHARE = 0.25
"""A regression has returned when no more than this part of it is left: an exact return drowns in noise."""


@dataclass(frozen=True)
class Touched:
    """What a detection may have changed."""

    series: Sequence[int]
    """Series whose change points were looked for."""
    alerts: Collection[int]
    """Alerts that their change points belonged to before."""


def settle(project: Project, touched: Touched) -> list[Alert]:
    """Give the change points of the touched series their alerts, and each of those its state.

    Must be called inside a transaction that holds the project's lock.

    Returns:
        The alerts that were looked at, as they stand now.
    """
    points = list(_change_points(series__in=touched.series))
    numbers = set(touched.alerts) | {one.alert_id for one in points if one.alert_id is not None}
    numbers |= _attach(project, [one for one in points if one.regression and one.alert_id is None])
    numbers |= _follow(numbers)
    improved = {one.run.commit_id for one in points if not one.regression}
    numbers.update(Alert.objects.filter(project=project, commit__in=improved).values_list("pk", flat=True))
    alerts = list(Alert.objects.filter(pk__in=numbers).select_related("commit", "project").order_by("pk"))
    members = _by_alert(numbers)
    _attach_improvements(project, alerts, members)
    later = defaultdict(list)
    for one in _change_points(series__in={one.series_id for each in members.values() for one in each}):
        later[one.series_id].append(one)
    for alert in alerts:
        _decide(alert, members[alert.pk], later)
    return alerts


def orphans(project: Project) -> Touched:
    """Return the open alerts that no regression belongs to any more."""
    regressions = ChangePoint.objects.filter(alert=OuterRef("pk"), regression=True)
    left = Alert.objects.filter(~Exists(regressions), project=project, state=Alert.State.OPEN)
    return Touched(series=(), alerts=list(left.values_list("pk", flat=True)))


def worse_step(one: ChangePoint) -> float:
    """Return the size of a change point on the log scale, positive in the bad direction.

    The steps of one series add up to where its level stands, also across the borders of segments, where the levels
    themselves cannot be compared.
    """
    step = math.log1p(one.effect) if one.effect > -1 else one.effect
    return step if one.series.direction == Direction.LOWER else -step


def _change_points(**conditions: object) -> QuerySet[ChangePoint]:
    found = ChangePoint.objects.filter(**conditions)
    return found.select_related("series", "run__commit").order_by("series_id", "position")


def _by_alert(numbers: Collection[int]) -> defaultdict[int, list[ChangePoint]]:
    """Return the regressions of some alerts."""
    members = defaultdict(list)
    for one in _change_points(alert__in=numbers, regression=True):
        assert one.alert_id is not None
        members[one.alert_id].append(one)
    return members


def _attach(project: Project, points: Sequence[ChangePoint]) -> set[int]:
    """Give each regression its alert, a new one where its commit has none; return the alerts' ids."""
    for one in points:
        # Quiet until a run that was not imported shows it, see _decide.
        one.alert, _ = Alert.objects.get_or_create(
            project=project, branch=one.series.branch, commit=one.run.commit, defaults={"quiet": True}
        )
    ChangePoint.objects.bulk_update(points, ["alert"], batch_size=500)
    return {one.alert_id for one in points if one.alert_id is not None}


def _follow(numbers: Collection[int]) -> set[int]:
    """Let alerts follow their change points where all of them settled on other commits.

    Returns:
        The ids of alerts that stood there already and took the change points over.
    """
    members = _by_alert(numbers)
    joined = set()
    for alert in Alert.objects.filter(pk__in=members).order_by("pk"):
        regressions = members[alert.pk]
        if any(one.run.commit_id == alert.commit_id for one in regressions):
            continue
        target = max(regressions, key=worse_step).run.commit
        other = Alert.objects.filter(project=alert.project_id, branch=alert.branch, commit=target).first()
        if other is None:
            alert.commit = target
            alert.save(update_fields=["commit"])
        else:
            ChangePoint.objects.filter(alert=alert).update(alert=other)
            joined.add(other.pk)
    return joined


def _attach_improvements(
    project: Project, alerts: Sequence[Alert], members: Mapping[int, Sequence[ChangePoint]]
) -> None:
    """List the improvements of an alert's commit with it, and no others."""
    ChangePoint.objects.filter(alert__in=alerts, regression=False).exclude(run__commit=F("alert__commit")).update(
        alert=None
    )
    by_place = {(alert.branch, alert.commit_id): alert for alert in alerts if members.get(alert.pk)}
    alone = _change_points(
        regression=False,
        alert=None,
        series__environment__project=project,
        run__commit__in={commit for _, commit in by_place},
    )
    joining = [one for one in alone if (one.series.branch, one.run.commit_id) in by_place]
    for one in joining:
        one.alert = by_place[one.series.branch, one.run.commit_id]
    ChangePoint.objects.bulk_update(joining, ["alert"], batch_size=500)


def _decide(alert: Alert, regressions: Sequence[ChangePoint], later: Mapping[int, Sequence[ChangePoint]]) -> None:
    """Open or close *alert*: it is closed once no regression of it is left."""
    returns = [_returned(one, later[one.series_id]) for one in regressions]
    closed = all(commit is not None for commit in returns)
    closed_by = max((commit for commit in returns if commit), key=_age) if closed and returns else None
    quiet = alert.quiet and all(one.run.imported for one in regressions)
    state = Alert.State.CLOSED if closed else Alert.State.OPEN
    if (state, closed_by, quiet) == (alert.state, alert.closed_by, alert.quiet):
        return
    if state != alert.state:
        alert.closed_at = timezone.now() if closed else None
    alert.state, alert.closed_by, alert.quiet = state, closed_by, quiet
    alert.save(update_fields=["state", "closed_at", "closed_by", "quiet"])


def _returned(one: ChangePoint, series: Sequence[ChangePoint]) -> Commit | None:
    """Return the commit at which the level of before *one* was reached again, None: not yet."""
    first = left = worse_step(one)
    for other in series:
        if other.position > one.position:
            left += worse_step(other)
            if left <= REMAINING_SHARE * first:
                return other.run.commit
    return None


def _age(commit: Commit) -> tuple[int, datetime, int]:
    return commit.generation or 0, commit.committed_at or datetime.min.replace(tzinfo=UTC), commit.pk
