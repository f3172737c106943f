"""Points of series -> change points, stored so that reading the same points again changes nothing.

After a run, all series of its environment and branch are read together (`webapp.alerts.observed_changes`) and their `StoredChangePoint`
rows made equal to what is found there. What belongs together as one alert is said in `webapp.alerts.assignment`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from django.db import transaction
from django.db.models import Q

from webapp.alerts import assignment, bridges, remeasurement, rules
from webapp.alerts.models import AlertKind, AlertState, StoredChangePoint
from webapp.alerts.observed_changes import Followed, Sighting, look, sightings
from webapp.history import commit_order
from webapp.history.models import Project, Run, Series
from webapp.history.series import Points, read_many
from webapp.publishing import outbox

BATCH = 32
"""Series whose points are held in memory at once."""

REACH = 15
"""A change point may settle this many points away from where it was seen first, as points gather, and stay itself."""

_NUMBERS = ("effect", "low", "high", "before", "after")
_FIELDS = ("run_id", "previous_run_id", "position", "seen", *_NUMBERS, "regression", "kind")

_DECIDED_DRIFT = Q(kind=AlertKind.DRIFT, alert__state=AlertState.ACCEPTED)
"""Creep that somebody accepted is history: what is said of it stays, and creep is counted anew from there."""


def detect(project: Project, runs: Sequence[Run]) -> None:
    """Make change points and alerts equal to what the series of *runs*, and all that are read with them, show now."""
    for environment, branch in groups_of(runs):
        group = Series.objects.filter(environment=environment, branch=branch).order_by("pk")
        members = list(group.select_related("environment", "benchmark"))
        for _ in _followed(project, members):
            pass  # what each shows by itself is found and remembered here, before anybody has to wait for the lock
        with transaction.atomic():
            # Whoever reads last also writes last: two workers on one project take turns.
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            left = _detect(project, members)
            outbox.want_alerts(project, assignment.update_alerts(project, left))


def withdraw_orphans(project: Project) -> None:
    """Take back the alerts whose change points went away together with their series."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        outbox.want_alerts(project, assignment.update_alerts(project, assignment.orphans(project)))


def apply_remeasurements(project: Project, runs: Sequence[Run]) -> None:
    """Let the alerts whose ranges were measured again by some of *runs* hear what came out."""
    numbers = {number for run in runs for number in remeasurement.alerts_of(run)}
    if numbers:
        with transaction.atomic():
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            outbox.want_alerts(project, assignment.update_alerts(project, assignment.Affected(alerts=numbers)))
    if any(run.baseline_commit_id is not None and run.pull_request is None for run in runs):
        outbox.go_on_searching(project)


def groups_of(runs: Sequence[Run]) -> list[tuple[int, str]]:
    """Return environment and branch of the series that *runs* added to, bridge, or took a superseded run from."""
    found = {(run.environment_id, run.branch) for run in runs if run.number is not None}
    for project in {run.project_id for run in runs if bridges.bridges_something(run)}:
        # Whichever machine it ran on: the code is the same everywhere.
        found.update(
            Series.objects.filter(environment__project=project).values_list("environment", "branch").distinct()
        )
    for start in range(0, len(runs), 500):
        lost = Run.objects.filter(superseded_by__in=[run.pk for run in runs[start : start + 500]], number__isnull=False)
        found.update(lost.values_list("environment", "branch"))
    return sorted(found)


def _detect(project: Project, group: Sequence[Series]) -> assignment.Affected:
    """Make the change points of *group* equal to what is found; return which of them now stand, and what they left."""
    followed = {one.series.pk: one for one in _followed(project, group)}
    seen = sightings(list(followed.values()), rules.project_policy(project))
    stored = defaultdict(list)
    for row in StoredChangePoint.objects.filter(series__in=group).exclude(_DECIDED_DRIFT).order_by("position", "id"):
        stored[row.series_id].append(row)
    left: set[int] = set()
    moved: list[int] = []
    new: list[StoredChangePoint] = []
    changed: list[StoredChangePoint] = []
    gone: list[int] = []
    for series in group:
        rows, found = stored[series.pk], seen[series.pk]
        matched = _match(rows, found, followed[series.pk].points)
        kept = {row.pk for row, _ in matched}
        gone += [row.pk for row in rows if row.pk not in kept]
        changed += [row for row, one in matched if _take_over(row, one)]
        known = {id(one) for _, one in matched}
        new += [
            StoredChangePoint(series=series, **{name: getattr(one, name) for name in _FIELDS})
            for one in found
            if id(one) not in known
        ]
        if rows or found:
            moved.append(series.pk)
            left.update(row.alert_id for row in rows if row.alert_id is not None)
    StoredChangePoint.objects.filter(pk__in=gone).delete()
    StoredChangePoint.objects.bulk_update(changed, _FIELDS, batch_size=100)
    StoredChangePoint.objects.bulk_create(new, batch_size=500)
    return assignment.Affected(series=moved, alerts=left)


def _followed(project: Project, group: Sequence[Series]) -> Iterator[Followed]:
    """Yield what each series of one environment and branch shows by itself, on the axis of their commits."""
    accepted, bridged = _accepted_drift(group), bridges.of(project)
    ranks: dict[int, int] = {}
    places = commit_order.of(commit_order.stamp(project.pk))
    for commit in places.commits.tolist():
        ranks.setdefault(commit, len(ranks))
    for start in range(0, len(group), BATCH):
        batch = group[start : start + BATCH]
        points = read_many([series.pk for series in batch])
        for series in batch:
            own = points[series.pk]
            yield Followed(
                series=series,
                points=own,
                ranks=np.array([ranks.setdefault(commit, len(ranks)) for commit in own.commits.tolist()], np.int64),
                found=look(series.pk, own),
                drift_since=_points_before(own, accepted.get(series.pk)),
                bridged=list(bridged.across(series, own)),
            )


def _accepted_drift(group: Sequence[Series]) -> dict[int, StoredChangePoint]:
    """Return the last accepted creep of each series that has one."""
    rows = StoredChangePoint.objects.filter(_DECIDED_DRIFT, series__in=group).select_related("alert")
    return {row.series_id: row for row in rows.order_by("alert__closed_at")}


def _points_before(points: Points, accepted: StoredChangePoint | None) -> int:
    """Return how many points were there when creep was accepted."""
    if accepted is None or accepted.alert is None or accepted.alert.closed_at is None:
        return 0
    known = Run.objects.filter(pk__in=points.runs.tolist(), received_at__lte=accepted.alert.closed_at)
    return known.count()


def _match(
    rows: Sequence[StoredChangePoint], found: Sequence[Sighting], points: Points
) -> list[tuple[StoredChangePoint, Sighting]]:
    """Pair stored change points with found ones: those at the same run, then the nearest that went the same way.

    A change is often placed a commit or two beside its final place while few points follow it. It must stay one
    change then, with one alert and one issue.
    """
    by_place = {(one.run_id, one.kind): one for one in found}
    matched = [(row, by_place.pop((row.run_id, row.kind))) for row in rows if (row.run_id, row.kind) in by_place]
    settled = {row.pk for row, _ in matched}
    place = {run: index for index, run in enumerate(map(int, points.runs))}
    distances = sorted(
        (abs(place.get(row.run_id, row.position) - one.position), row.pk, (one.run_id, one.kind))
        for row in rows
        if row.pk not in settled
        for one in by_place.values()
        if (one.regression, one.kind) == (row.regression, row.kind)
    )
    unmatched = {row.pk: row for row in rows if row.pk not in settled}
    for distance, number, where in distances:
        if distance <= REACH and number in unmatched and where in by_place:
            matched.append((unmatched.pop(number), by_place.pop(where)))
    return matched


def _take_over(row: StoredChangePoint, found: Sighting) -> bool:
    """Copy what was found into *row*; return whether anything differed."""
    before = tuple(getattr(row, name) for name in _FIELDS)
    for name in _FIELDS:
        setattr(row, name, getattr(found, name))
    return before != tuple(getattr(row, name) for name in _FIELDS)
