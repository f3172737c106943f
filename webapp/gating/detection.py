"""Points of series -> change points, stored so that reading the same points again changes nothing.

After a run, the series that it added to are read again and their `ChangePoint` rows made equal to what is found there.
What belongs together as one alert is said in `webapp.gating.alerts`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Q

from perfgate.records import Direction
from perfgate.stats.changepoints import find_change_points
from webapp.gating import alerts, asking, evidence
from webapp.gating.models import ChangePoint, Kind
from webapp.history import chunks
from webapp.history.models import CHUNK_RUNS, Project, Run, Series, SeriesChunk
from webapp.history.series import Points, read_many

BATCH = 32
"""Series read and settled in one transaction; it holds the project's lock for some tenths of a second."""

REACH = 15
"""A change point may settle this many points away from where it was seen first, as points gather, and stay itself."""

MAX_RUNS_LOOKED_UP = 20
"""Of more runs than this, all series of their environments are taken instead of looking each run up."""

_NUMBERS = ("effect", "low", "high", "before", "after")
_FIELDS = ("run_id", "previous_run_id", "position", "seen", *_NUMBERS, "regression", "kind")


@dataclass(frozen=True)
class _Found:
    """A change point that the series shows now."""

    run_id: int
    previous_run_id: int
    position: int
    seen: int
    effect: float
    low: float
    high: float
    before: float
    after: float
    regression: bool
    kind: str = Kind.REGRESSION


def detect(project: Project, runs: Sequence[Run]) -> None:
    """Make change points and alerts equal to what the series of *runs* show now."""
    detect_in(project, series_of(runs))


def detect_in(project: Project, series_ids: Iterable[int]) -> None:
    """Make change points and alerts of some series of *project* equal to what their points show now."""
    numbers = sorted(series_ids)
    for start in range(0, len(numbers), BATCH):
        with transaction.atomic():
            # Whoever reads last also writes last: two workers on one project take turns.
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            batch = Series.objects.filter(pk__in=numbers[start : start + BATCH]).select_related("environment")
            touched = _detect(list(batch))
            asking.want_alerts(project, alerts.settle(project, touched))


def settle_orphans(project: Project) -> None:
    """Take back the alerts whose change points went away together with their series."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        asking.want_alerts(project, alerts.settle(project, alerts.orphans(project)))


def settle_answered(project: Project, runs: Sequence[Run]) -> None:
    """Let the alerts whose ranges were measured again by some of *runs* hear what came out."""
    numbers = {number for run in runs for number in evidence.alerts_of(run)}
    if numbers:
        with transaction.atomic():
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            asking.want_alerts(project, alerts.settle(project, alerts.Touched(alerts=numbers)))


def series_of(runs: Sequence[Run]) -> set[int]:
    """Return the ids of the series that *runs* added to, and of those that lost a superseded run to them."""
    found: set[int] = set()
    by_place = defaultdict(list)
    for run in runs:
        if run.number is not None:
            by_place[run.environment_id, run.branch].append(run)
    for (environment, branch), members in by_place.items():
        there = Series.objects.filter(environment=environment, branch=branch)
        if len(members) > MAX_RUNS_LOOKED_UP:
            found.update(there.values_list("pk", flat=True))
        else:
            found.update(_holding(environment, branch, members))
    superseded = Run.objects.filter(superseded_by__in=[run.pk for run in runs]).values("pk")
    lost = ChangePoint.objects.filter(Q(run__in=superseded) | Q(previous_run__in=superseded))
    return found | set(lost.values_list("series_id", flat=True))


def _holding(environment: int, branch: str, runs: Sequence[Run]) -> Iterator[int]:
    """Return the series in which one of *runs* has a point."""
    wanted = np.array([run.pk for run in runs])
    rows = SeriesChunk.objects.filter(
        series__environment=environment,
        series__branch=branch,
        chunk_number__in={run.number // CHUNK_RUNS for run in runs if run.number is not None},
    ).values_list("series_id", "points")
    for series, content in rows.iterator():
        if np.isin(np.frombuffer(content, chunks.POINT)["run"], wanted).any():
            yield series


def _detect(batch: Sequence[Series]) -> alerts.Touched:
    """Make the change points of *batch* equal to what is found; return which of them now stand, and what they left."""
    points = read_many([series.pk for series in batch])
    stored = defaultdict(list)
    for row in ChangePoint.objects.filter(series__in=batch).order_by("position", "id"):
        stored[row.series_id].append(row)
    left = {row.alert_id for rows in stored.values() for row in rows if row.alert_id is not None}
    new: list[ChangePoint] = []
    changed: list[ChangePoint] = []
    gone: list[int] = []
    for series in batch:
        rows, found = stored[series.pk], list(_find(series, points[series.pk]))
        matched = _match(rows, found, points[series.pk])
        gone += [row.pk for row in rows if row.pk not in {kept.pk for kept, _ in matched}]
        changed += [row for row, one in matched if _take_over(row, one)]
        known = {id(one) for _, one in matched}
        new += [
            ChangePoint(series=series, **{name: getattr(one, name) for name in _FIELDS})
            for one in found
            if id(one) not in known
        ]
    ChangePoint.objects.filter(pk__in=gone).delete()
    ChangePoint.objects.bulk_update(changed, _FIELDS, batch_size=100)
    ChangePoint.objects.bulk_create(new, batch_size=500)
    return alerts.Touched(series=[series.pk for series in batch], alerts=left)


def _find(series: Series, points: Points) -> Iterator[_Found]:
    """Yield the change points of one series, from whatever source knows them, oldest first."""
    found = find_change_points(points.values, segments=list(points.segments))
    ends = [*(one.index for one in found), len(points.values)][1:]
    for one, end in zip(found, ends, strict=True):
        yield _Found(
            run_id=int(points.runs[one.index]),
            previous_run_id=int(points.runs[one.index - 1]),
            position=one.index,
            seen=end - one.index,
            effect=one.effect,
            low=one.low,
            high=one.high,
            before=one.before,
            after=one.after,
            regression=(one.effect > 0) == (series.direction == Direction.LOWER),
        )


def _match(rows: Sequence[ChangePoint], found: Sequence[_Found], points: Points) -> list[tuple[ChangePoint, _Found]]:
    """Pair stored change points with found ones: those at the same run, then the nearest that went the same way.

    A change is often placed a commit or two beside its final place while few points follow it. It must stay one
    change then, with one alert and one issue.
    """
    by_run = {one.run_id: one for one in found}
    matched = [(row, by_run.pop(row.run_id)) for row in rows if row.run_id in by_run]
    settled = {row.pk for row, _ in matched}
    place = {run: index for index, run in enumerate(map(int, points.runs))}
    distances = sorted(
        (abs(place.get(row.run_id, row.position) - one.position), row.pk, one.run_id)
        for row in rows
        if row.pk not in settled
        for one in by_run.values()
        if (one.regression, one.kind) == (row.regression, row.kind)
    )
    unmatched = {row.pk: row for row in rows if row.pk not in settled}
    for distance, number, run in distances:
        if distance <= REACH and number in unmatched and run in by_run:
            matched.append((unmatched.pop(number), by_run.pop(run)))
    return matched


def _take_over(row: ChangePoint, found: _Found) -> bool:
    """Copy what was found into *row*; return whether anything differed."""
    before = tuple(getattr(row, name) for name in _FIELDS)
    for name in _FIELDS:
        setattr(row, name, getattr(found, name))
    return before != tuple(getattr(row, name) for name in _FIELDS)
