"""The read path: the points of series as arrays, in commit order.

The commit order of a project is cached in the process and computed again after the project's revision has changed. The
points of a series are in a few packed rows, so no query reads single points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from django.db import connection

from webapp.history import chunks
from webapp.history.chunks import IntArray
from webapp.history.commit_order import CommitOrder, FloatArray, Stamp, order_at
from webapp.history.models import Series

_IDENTITY = """
    SELECT project.id, project.created_at, project.revision, project.slug, benchmark.name, benchmark.parameters,
        benchmark.label, series.metric, series.unit, series.direction, environment.name, series.branch, series.segments
    FROM history_series AS series
    JOIN history_benchmark AS benchmark ON benchmark.id = series.benchmark_id
    JOIN history_environment AS environment ON environment.id = series.environment_id
    JOIN history_project AS project ON project.id = environment.project_id
    WHERE series.id = %s
"""


@dataclass(frozen=True)
class Points:
    """The points of one series in commit order. All arrays have shape ``(n,)``, one element per point.

    A commit that was measured several times has several points, in the order of arrival.
    """

    runs: IntArray
    """`Run` ids."""
    values: FloatArray
    """Finite, in the series' unit."""
    segments: npt.NDArray[np.uint16]
    """Indices in `Series.segments`."""
    commits: IntArray
    """`Commit` ids."""
    times: FloatArray
    """Commit times, seconds since 1970 UTC. If unknown, the time when the commit was first measured or received."""


def read(series: Series) -> Points:
    """Return all points of one series."""
    return read_many([series.pk])[series.pk]


def read_many(series_ids: Sequence[int]) -> dict[int, Points]:
    """Return all points of some series of one project, by series id. A series without points has empty arrays."""
    return read_newest(series_ids, None)


def read_newest(series_ids: Sequence[int], limit: int | None) -> dict[int, Points]:
    """Return the newest points of some series of one project, for example for sparklines.

    Args:
        series_ids: `Series` ids, all of one project.
        limit: Largest number of points per series; None: all.
    """
    if not series_ids:
        return {}
    order = order_at(series_stamp(series_ids[0]))
    owners, points = chunks.read(series_ids)
    positions = order.positions(points["run"])
    arranged = np.lexsort((positions, owners))
    owners, points, positions = owners[arranged], points[arranged], positions[arranged]
    found = {}
    for series_id in series_ids:
        start, end = (int(np.searchsorted(owners, edge)) for edge in (series_id, series_id + 1))
        start += int(np.searchsorted(positions[start:end], 0))  # skips -1: stored after the order was computed
        if limit is not None:
            start = max(start, end - limit)
        found[series_id] = _points(order, positions[start:end], points[start:end])
    return found


def series_stamp(series_id: int) -> Stamp:
    """Return the present stamp of the project of a series."""
    project = "environment__project"
    rows = Series.objects.values_list(f"{project}_id", f"{project}__created_at", f"{project}__revision")
    return Stamp(*rows.get(pk=series_id))


def identity(series_id: int) -> tuple[Stamp, dict[str, Any]] | None:
    """Return the stamp of a series' project and the facts that identify the series, ready for `msgspec.json`.

    One query with a raw cursor: the ORM would take longer than everything else that a reader of points needs.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY, [series_id])
        row = cursor.fetchone()
    if row is None:
        return None
    project, name, parameters, label, metric, unit, direction, environment, branch, segments = row[3:]
    return Stamp.from_columns(*row[:3]), {
        "id": series_id,
        "project": project,
        "benchmark": name,
        "parameters": msgspec.Raw(parameters),
        "label": label,
        "metric": metric,
        "unit": unit,
        "direction": direction,
        "environment": environment,
        "branch": branch,
        "segments": msgspec.Raw(segments),
    }


def columns(series_id: int, stamp: Stamp) -> dict[str, Any]:
    """Return the points of one series as columns in commit order, ready for `msgspec.json`.

    Returns:
        ``run``, ``commit`` (sha), ``time`` (seconds), ``value``; and ``segment``: pairs of the index of the first point
        of a stretch with one segment, and that segment.
    """
    order = order_at(stamp)
    _, points = chunks.read([series_id])
    positions = order.positions(points["run"])
    arranged = np.argsort(positions, kind="stable")
    arranged = arranged[np.searchsorted(positions[arranged], 0) :]
    points, positions = points[arranged], positions[arranged]
    segments = points["segment"]
    starts = np.flatnonzero(np.r_[len(segments) > 0, segments[1:] != segments[:-1]])
    return {
        **{name: order.column(name, positions) for name in ("run", "commit", "time")},
        "value": points["value"].tolist(),
        "segment": list(zip(chunks.integers(starts), chunks.integers(segments[starts]), strict=True)),
    }


def _points(order: CommitOrder, positions: IntArray, points: chunks.PointArray) -> Points:
    return Points(
        runs=points["run"].astype(np.int64),
        values=points["value"].astype(np.float64),
        segments=points["segment"].astype(np.uint16),
        commits=order.commits[positions],
        times=order.times[positions],
    )
