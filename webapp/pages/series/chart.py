"""The chart of one series: as SVG that needs no scripts, and as columns for the interactive chart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.utils.safestring import SafeString

from perfgate import formatting, policy
from webapp.history.models import Commit, Series
from webapp.pages import charts
from webapp.pages.series.history import SeriesHistory

SEGMENT_STARTS_DRAWN = 40
"""More lines than this would hide the points."""


def drawing(series: Series, history: SeriesHistory) -> SafeString:
    """Return the chart as SVG; empty if there are no points."""
    values, times = history.points.values, history.points.times
    if not len(values):
        return SafeString()
    return charts.history(
        values,
        levels=history.levels,
        marks=[
            charts.Mark(index=index, label=formatting.percent(point.effect), regression=point.regression)
            for index, point in history.marks
        ],
        boundaries=[
            charts.Boundary(index=start.index, label=start.label)
            for start in history.segment_starts[-SEGMENT_STARTS_DRAWN:]
        ],
        axis=(
            formatting.quantity(float(values.min()), series.unit),
            formatting.quantity(float(values.max()), series.unit),
        ),
        ends=(f"{_time(times[0]):%Y-%m-%d}", f"{_time(times[-1]):%Y-%m-%d}"),
    )


def columns(series: Series, history: SeriesHistory) -> dict[str, Any]:
    """Return the data of the interactive chart: lists of equal length in commit order, and the marks in them."""
    commits = _commits(series, history)
    values = history.values
    return {
        "name": f"{formatting.plain(series.benchmark.label)}, {formatting.plain(series.metric)}",
        "axis": _axis(history, series.unit),
        "values": values,
        "texts": [formatting.quantity(value, series.unit) for value in values],
        "levels": [float(level) for level in history.levels] if values else [],
        "runs": history.runs,
        "commits": [sha[:10] for sha, _ in commits],
        "subjects": [formatting.plain(subject, 100) for _, subject in commits],
        "days": [f"{_time(time):%Y-%m-%d %H:%M} UTC" for time in history.points.times],
        **_marked(history),
    }


def _commits(series: Series, history: SeriesHistory) -> list[tuple[str, str]]:
    """Return hash and subject of the commit of every point."""
    # One query for all commits of the environment: listing thousands of ids in the query would cost more.
    rows = Commit.objects.filter(runs__environment=series.environment_id).values_list("pk", "sha", "subject").distinct()
    known = {commit: (sha, subject) for commit, sha, subject in rows}
    return [known.get(int(commit), ("", "")) for commit in history.points.commits]


def _marked(history: SeriesHistory) -> dict[str, list[dict[str, Any]]]:
    return {
        "marks": [
            {"index": index, "effect": formatting.percent(point.effect), "regression": point.regression}
            for index, point in history.marks
        ],
        "boundaries": [
            {"index": start.index, "label": start.label} for start in history.segment_starts[-SEGMENT_STARTS_DRAWN:]
        ],
    }


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)


def _axis(history: SeriesHistory, unit: str) -> dict[str, Any]:
    """Return the unit of the value axis, chosen for the typical value, and its size in the series' unit."""
    typical = float(np.median(np.abs(history.points.values))) if len(history.points.values) else 0.0
    name = formatting.quantity(typical, unit).rpartition(" ")[2]
    factor = policy.quantity(f"1{name}")[0] if unit in {"s", "B"} else 1.0
    return {"factor": factor, "unit": name if unit in {"s", "B"} else unit}
