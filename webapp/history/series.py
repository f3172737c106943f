"""The read path: the points of series as arrays, in commit order.

The order of a project's runs is remembered in the process and made anew when the project's revision has moved; the
points themselves are a handful of packed rows. Nothing is read point by point.
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
from webapp.history.commit_order import FloatArray, Order, Stamp, of
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
    """The points of one series in commit order; all arrays have shape ``(n,)`` and one element for each point.

    A commit that was measured several times has several points, in the order of arrival.
    """

    runs: IntArray
    """`Run` ids."""
    values: FloatArray
    """Finite, in the series' unit."""
    segments: npt.NDArray[np.uint16]
    """Positions in `Series.segments`."""
    commits: IntArray
    """`Commit` ids."""
    times: FloatArray
    """Commit time, seconds since 1970 UTC; where unknown, when the commit was first measured or received."""


def read(series: Series) -> Points:
    """Return all points of one series."""
    return read_many([series.pk])[series.pk]


def read_many(series_ids: Sequence[int]) -> dict[int, Points]:
    """Return all points of some series of one project, by series id; a series without points is there, empty."""
    return latest(series_ids, None)


def latest(series_ids: Sequence[int], limit: int | None) -> dict[int, Points]:
    """Return the newest points of some series of one project, for example for sparklines.

    Args:
        series_ids: `Series` ids, all of one project.
        limit: How many points of each series at most, None: all.
    """
    if not series_ids:
        return {}
    order = of(stamp(series_ids[0]))
    owners, points = chunks.read(series_ids)
    places = order.places(points["run"])
    arranged = np.lexsort((places, owners))
    owners, points, places = owners[arranged], points[arranged], places[arranged]
    found = {}
    for one in series_ids:
        start, end = (int(np.searchsorted(owners, edge)) for edge in (one, one + 1))
        start += int(np.searchsorted(places[start:end], 0))  # -1: stored after the order was made
        if limit is not None:
            start = max(start, end - limit)
        found[one] = _points(order, places[start:end], points[start:end])
    return found


def stamp(series_id: int) -> Stamp:
    """Return the present stamp of the project that a series belongs to."""
    project = "environment__project"
    rows = Series.objects.values_list(f"{project}_id", f"{project}__created_at", f"{project}__revision")
    return Stamp(*rows.get(pk=series_id))


def identity(series_id: int) -> tuple[Stamp, dict[str, Any]] | None:
    """Return the stamp of a series' project and what identifies the series, ready for `msgspec.json`.

    One query by a bare cursor: the ORM would take longer over it than everything else that a reader of points asks for.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY, [series_id])
        row = cursor.fetchone()
    if row is None:
        return None
    project, name, parameters, label, metric, unit, direction, environment, branch, segments = row[3:]
    return Stamp.of(*row[:3]), {
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
    """Return the points of one series ready for `msgspec.json`, column by column, in commit order.

    Returns:
        ``run``, ``commit`` (sha), ``time`` (seconds), ``value``; and ``segment``, pairs of the position where a stretch
        of points of one segment begins and that segment.
    """
    order = of(stamp)
    _, points = chunks.read([series_id])
    places = order.places(points["run"])
    arranged = np.argsort(places, kind="stable")
    arranged = arranged[np.searchsorted(places[arranged], 0) :]
    points, places = points[arranged], places[arranged]
    segments = points["segment"]
    starts = np.flatnonzero(np.r_[len(segments) > 0, segments[1:] != segments[:-1]])
    return {
        **{name: order.column(name, places) for name in ("run", "commit", "time")},
        "value": points["value"].tolist(),
        "segment": list(zip(chunks.integers(starts), chunks.integers(segments[starts]), strict=True)),
    }


def _points(order: Order, places: IntArray, points: chunks.PointArray) -> Points:
    return Points(
        runs=points["run"].astype(np.int64),
        values=points["value"].astype(np.float64),
        segments=points["segment"].astype(np.uint16),
        commits=order.commits[places],
        times=order.times[places],
    )
