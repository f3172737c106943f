"""Detect the changes in the series that new runs belong to, and update change points and alerts.

After a run, all series of its environment and branch are read together. `webapp.alerts.observed_changes` finds the changes,
`webapp.alerts.change_points` stores them, `webapp.alerts.assignment` assigns them to alerts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from django.db import transaction

from perfgate.results.metrics import EXTRA_INFO
from webapp.alerts import assignment, bridges, remeasurement, rules
from webapp.alerts.change_points import ACCEPTED_DRIFT, store_changes
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.alerts.observed_changes import SearchedSeries, find_observed_changes
from webapp.alerts.series_search import search_series
from webapp.alerts.signals import alerts_settled, comparisons_applied
from webapp.history import commit_order
from webapp.history.models import Project, Run, Series
from webapp.history.series import Points, read_many

SERIES_PER_BATCH = 32
"""Series whose points are in memory at once."""

RUNS_PER_QUERY = 500
"""Ids in one SQL condition."""


def detect(project: Project, runs: Sequence[Run]) -> None:
    """Update change points and alerts of all series that *runs*, or the series read together with theirs, belong to."""
    for environment, branch in groups_of(runs):
        # Of a number that a test keeps beside its times it is unknown which way is better.
        group = Series.objects.filter(environment=environment, branch=branch).order_by("pk")
        group = group.exclude(metric__startswith=EXTRA_INFO)
        series = list(group.select_related("environment", "benchmark"))
        if not series:
            continue
        for _ in _searched(project, series):
            pass  # fill the cache of `search_series` before taking the lock, so that others wait less
        with transaction.atomic():
            # The lock covers reading and writing, so that of two workers the one that reads last also writes last.
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            searched = list(_searched(project, series))
            affected = store_changes(searched, find_observed_changes(searched, rules.project_policy(project)))
            _settle(project, affected)


def withdraw_orphans(project: Project) -> None:
    """Withdraw the alerts whose change points were deleted together with their series."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        affected = assignment.alerts_without_regressions(project)
        _settle(project, affected)


def apply_remeasurements(project: Project, runs: Sequence[Run]) -> None:
    """Update the alerts whose ranges some of *runs* measured again."""
    alerts = {alert for run in runs for alert in remeasurement.alerts_remeasured_by(run)}
    if alerts:
        with transaction.atomic():
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            _settle(project, assignment.Affected(alerts=alerts))
    if any(bridges.is_bridge(run) for run in runs):
        comparisons_applied.send(Project, project=project)


def groups_of(runs: Sequence[Run]) -> list[tuple[int, str]]:
    """Return environment id and branch of the series that *runs* added points to, bridged, or superseded a run of."""
    groups = {(run.environment_id, run.branch) for run in runs if run.number is not None}
    for project in {run.project_id for run in runs if bridges.is_bridge(run)}:
        # A bridge counts in every environment, because it shows what the code did.
        series = Series.objects.filter(environment__project=project)
        groups.update(series.values_list("environment", "branch").distinct())
    for start in range(0, len(runs), RUNS_PER_QUERY):
        run_ids = [run.pk for run in runs[start : start + RUNS_PER_QUERY]]
        superseded = Run.objects.filter(superseded_by__in=run_ids, number__isnull=False)
        groups.update(superseded.values_list("environment", "branch"))
    return sorted(groups)


def _settle(project: Project, affected: assignment.Affected) -> None:
    """Update the affected alerts and send `alerts_settled`; needs the project's lock."""
    alerts_settled.send(Alert, project=project, alerts=assignment.update_alerts(project, affected))


def _searched(project: Project, group: Sequence[Series]) -> Iterator[SearchedSeries]:
    """Yield each series of a group with its points and the changes that it shows by itself."""
    accepted, bridged = _accepted_drift(group), bridges.read_bridges(project)
    order = commit_order.order_at(commit_order.project_stamp(project.pk))
    ranks: dict[int, int] = {}
    for commit in order.commits.tolist():
        ranks.setdefault(commit, len(ranks))
    for start in range(0, len(group), SERIES_PER_BATCH):
        batch = group[start : start + SERIES_PER_BATCH]
        points_by_series = read_many([series.pk for series in batch])
        for series in batch:
            points = points_by_series[series.pk]
            # A commit that was stored since the order was read comes last.
            commits = [ranks.setdefault(commit, len(ranks)) for commit in points.commits.tolist()]
            yield SearchedSeries(
                series=series,
                points=points,
                ranks=np.array(commits, np.int64),
                found=search_series(series.pk, points),
                drift_since=_points_before(points, accepted.get(series.pk)),
                bridged=list(bridged.across(series, points)),
            )


def _accepted_drift(group: Sequence[Series]) -> dict[int, StoredChangePoint]:
    """Return the drift that was accepted last, by series id."""
    rows = StoredChangePoint.objects.filter(ACCEPTED_DRIFT, series__in=group).select_related("alert")
    return {row.series_id: row for row in rows.order_by("alert__closed_at")}


def _points_before(points: Points, accepted: StoredChangePoint | None) -> int:
    """Return how many of the points were stored when the drift was accepted, 0 if none was."""
    if accepted is None or accepted.alert is None or accepted.alert.closed_at is None:
        return 0
    return Run.objects.filter(pk__in=points.runs.tolist(), received_at__lte=accepted.alert.closed_at).count()
