"""Store the observed changes of series as change points; storing the same changes again changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from webapp.alerts.assignment import Affected
from webapp.alerts.models import AlertKind, AlertState, StoredChangePoint
from webapp.alerts.observed_changes import ObservedChange, SearchedSeries

MAX_MOVE = 15
"""A change may move by this many points, as later points show its position better, and is still the same change."""

ACCEPTED_DRIFT = Q(kind=AlertKind.DRIFT, alert__state=AlertState.ACCEPTED)
"""Drift that a person accepted: its change point stays as it is, and further drift is counted from there."""

_FIELDS = (
    "run_id",
    "previous_run_id",
    "position",
    "seen",
    "effect",
    "low",
    "high",
    "before",
    "after",
    "regression",
    "kind",
)


def store_changes(group: Sequence[SearchedSeries], observed: Mapping[int, Sequence[ObservedChange]]) -> Affected:
    """Make the change points of all series in *group* equal to their observed changes.

    Args:
        group: The series.
        observed: The changes of each, by series id.

    Returns:
        The series that have or had change points, and the alerts that these belonged to.
    """
    stored = _stored([searched.series.pk for searched in group])
    affected: list[int] = []
    alerts: set[int] = set()
    for searched in group:
        series_id = searched.series.pk
        if stored[series_id] or observed[series_id]:
            affected.append(series_id)
            alerts.update(row.alert_id for row in stored[series_id] if row.alert_id is not None)
    _write(group, stored, observed)
    return Affected(series=affected, alerts=alerts)


def _stored(series_ids: Iterable[int]) -> defaultdict[int, list[StoredChangePoint]]:
    rows = defaultdict(list)
    found = StoredChangePoint.objects.filter(series__in=series_ids).exclude(ACCEPTED_DRIFT)
    for row in found.order_by("position", "id"):
        rows[row.series_id].append(row)
    return rows


def _write(
    group: Sequence[SearchedSeries],
    stored: Mapping[int, Sequence[StoredChangePoint]],
    observed: Mapping[int, Sequence[ObservedChange]],
) -> None:
    """Delete, update and create rows, each in one statement for the whole group."""
    gone: list[int] = []
    updated: list[StoredChangePoint] = []
    new: list[StoredChangePoint] = []
    for searched in group:
        rows, changes = stored[searched.series.pk], observed[searched.series.pk]
        pairs = _match(searched, rows, changes)
        matched_rows, matched_changes = {row.pk for row, _ in pairs}, {id(change) for _, change in pairs}
        gone += [row.pk for row in rows if row.pk not in matched_rows]
        updated += [row for row, change in pairs if _update(row, change)]
        new += [_row(searched, change) for change in changes if id(change) not in matched_changes]
    StoredChangePoint.objects.filter(pk__in=gone).delete()
    StoredChangePoint.objects.bulk_update(updated, _FIELDS, batch_size=100)
    StoredChangePoint.objects.bulk_create(new, batch_size=500)


def _match(
    searched: SearchedSeries, rows: Sequence[StoredChangePoint], changes: Sequence[ObservedChange]
) -> list[tuple[StoredChangePoint, ObservedChange]]:
    """Pair stored change points with observed changes: first those at the same run, then the nearest in the same direction.

    While few points follow a change, its position is often wrong by a commit or two. It has to stay the same change, with
    the same alert and issue, when it moves.
    """
    by_place = {(change.run_id, change.kind): change for change in changes}
    pairs = [(row, by_place.pop((row.run_id, row.kind))) for row in rows if (row.run_id, row.kind) in by_place]
    paired = {row.pk for row, _ in pairs}
    unpaired = {row.pk: row for row in rows if row.pk not in paired}
    for row_id, place in _nearest_first(searched, unpaired.values(), by_place):
        if row_id in unpaired and place in by_place:
            pairs.append((unpaired.pop(row_id), by_place.pop(place)))
    return pairs


def _nearest_first(
    searched: SearchedSeries, rows: Iterable[StoredChangePoint], changes: Mapping[tuple[int, str], ObservedChange]
) -> list[tuple[int, tuple[int, str]]]:
    """Return the row id and place of all pairs that may be the same change, the nearest first."""
    positions = {run_id: position for position, run_id in enumerate(map(int, searched.points.runs))}
    distances = sorted(
        (abs(positions.get(row.run_id, row.position) - change.position), row.pk, place)
        for row in rows
        for place, change in changes.items()
        if (change.regression, change.kind) == (row.regression, row.kind)
    )
    return [(row_id, place) for distance, row_id, place in distances if distance <= MAX_MOVE]


def _row(searched: SearchedSeries, change: ObservedChange) -> StoredChangePoint:
    return StoredChangePoint(series=searched.series, **{name: getattr(change, name) for name in _FIELDS})


def _update(row: StoredChangePoint, change: ObservedChange) -> bool:
    """Copy *change* into *row*; return whether anything differed."""
    before = tuple(getattr(row, name) for name in _FIELDS)
    for name in _FIELDS:
        setattr(row, name, getattr(change, name))
    return before != tuple(getattr(row, name) for name in _FIELDS)
