"""One benchmark's history: its points, its change points, and where environment or benchmark changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString

from perfgate import formatting, policy
from perfgate.gate import Row
from perfgate.results.records import COMPARABILITY_FIELDS, Direction
from webapp.alerts import bridges, levels
from webapp.alerts.models import ChangePoint
from webapp.history import series as points_of
from webapp.history.commit_order import FloatArray
from webapp.history.models import Commit, EnvironmentState, Run, Series
from webapp.pages import charts, recent_summary

POINTS_LISTED = 20
SIBLINGS_SHOWN = 100
BOUNDARIES_LISTED = 20
BOUNDARIES_DRAWN = 40
"""More lines than this would hide the points."""


@dataclass(frozen=True)
class Boundary:
    """Where a new segment begins, and what is different from there on."""

    index: int
    run: int
    changes: list[tuple[str, str, str]]
    """What changed: (name, before, after)."""
    bridged: str
    """What measuring both sides of it again showed, in words; empty: nobody did."""

    @property
    def label(self) -> str:
        """The names of what changed."""
        return ", ".join(name for name, _, _ in self.changes) or "new segment"


@dataclass(frozen=True)
class History:
    """One series, read."""

    points: points_of.Points
    marks: list[tuple[int, ChangePoint]]
    """Position and change point, oldest first."""
    boundaries: list[Boundary]

    @property
    def runs(self) -> list[int]:
        """Return the `Run` id of every point."""
        return [int(each) for each in self.points.runs]

    @property
    def values(self) -> list[float]:
        """Return the value of every point."""
        return [float(each) for each in self.points.values]

    @property
    def levels(self) -> FloatArray:
        """Return the median of the stretch between changes that each point belongs to."""
        values = self.points.values
        cuts = sorted({index for index, _ in self.marks} | {each.index for each in self.boundaries})
        return np.concatenate([np.full(len(part), np.median(part)) for part in np.split(values, cuts) if len(part)])


def series(request: HttpRequest, number: int) -> HttpResponse:
    """Show one series: the facts as text and tables, and a chart of them."""
    one = _find(number)
    history = read(one)
    runs = history.runs
    told = Run.objects.select_related("commit").in_bulk(
        {*runs[-POINTS_LISTED:], *(each.run for each in history.boundaries[-BOUNDARIES_LISTED:])}
    )
    newest = list(zip(runs[-POINTS_LISTED:], history.values[-POINTS_LISTED:], strict=True))[::-1]
    shown = {
        "project": one.environment.project,
        "series": one,
        "count": len(runs),
        "summary": recent_summary.summarise(history.points),
        "latest": told.get(runs[-1]) if runs else None,
        "drawing": drawing(one, history),
        "change_points": [each for _, each in reversed(history.marks)],
        "standing": levels.standing([each for _, each in history.marks]),
        "boundaries": [(told.get(each.run), each) for each in reversed(history.boundaries[-BOUNDARIES_LISTED:])],
        "newest": [(told.get(run), value) for run, value in newest],
        "siblings": Series.objects.filter(benchmark=one.benchmark)
        .select_related("environment")
        .order_by("metric", "environment__name", "branch")[:SIBLINGS_SHOWN],
        "lower_is_better": one.direction == Direction.LOWER,
    }
    return render(request, "series/series.html", shown)


def chart(_request: HttpRequest, number: int) -> HttpResponse:
    """Return what the chart draws and tells, column by column, in commit order."""
    one = _find(number)
    history = read(one)
    return HttpResponse(msgspec.json.encode(_columns(one, history)), content_type="application/json")


def _find(number: int) -> Series:
    return get_object_or_404(Series.objects.select_related("benchmark", "environment__project"), pk=number)


def read(one: Series) -> History:
    """Return one series with its marks."""
    points = points_of.read(one)
    place = {int(run): index for index, run in enumerate(points.runs)}
    found = ChangePoint.objects.filter(series=one).select_related(
        "series", "run__commit", "previous_run__commit", "alert"
    )
    marks = sorted(((place[each.run_id], each) for each in found if each.run_id in place), key=lambda pair: pair[0])
    return History(points=points, marks=marks, boundaries=_boundaries(one, points))


def _boundaries(one: Series, points: points_of.Points) -> list[Boundary]:
    segments = [int(each) for each in points.segments]
    starts = [index for index in range(1, len(segments)) if segments[index] != segments[index - 1]]
    if not starts:
        return []
    states = EnvironmentState.objects.filter(environment=one.environment_id)
    bridged = dict(bridges.of(one.environment.project).across(one, points))
    facts: dict[str, dict[str, str]] = dict(states.values_list("fingerprint", "fields"))
    return [
        Boundary(
            index=index,
            run=int(points.runs[index]),
            changes=_changes(one.segments[segments[index - 1]], one.segments[segments[index]], facts),
            bridged=_bridged(bridged[index]) if index in bridged else "",
        )
        for index in starts
    ]


def _bridged(row: Row) -> str:
    """Return what the gate said of the code across a border."""
    if row.judgement == "within":
        return f"no change beyond {formatting.share(row.allowed.value)}"
    word = {"regressed": "worse", "improved": "better"}.get(row.judgement, "undecided")
    return f"{formatting.percent(row.effect)} {formatting.interval(row.low, row.high)}, {word}"


def _changes(
    before: Sequence[str], after: Sequence[str], facts: dict[str, dict[str, str]]
) -> list[tuple[str, str, str]]:
    """Return what differs between two segments, each ``(fingerprint, benchmark version)``."""
    old, new = facts.get(before[0], {}), facts.get(after[0], {})
    changes = [
        (name, old.get(name, "unknown"), new.get(name, "unknown"))
        for name in COMPARABILITY_FIELDS
        if old.get(name) != new.get(name)
    ]
    if before[1] != after[1]:
        changes.append(("benchmark", before[1][:10] or "unknown", after[1][:10] or "unknown"))
    return changes


def drawing(one: Series, history: History) -> SafeString:
    """Return the chart that needs no scripts; empty for no points."""
    values, times = history.points.values, history.points.times
    if not len(values):
        return SafeString()
    return charts.history(
        values,
        levels=history.levels,
        marks=[
            charts.Mark(index=index, label=formatting.percent(each.effect), regression=each.regression)
            for index, each in history.marks
        ],
        boundaries=[
            charts.Boundary(index=each.index, label=each.label) for each in history.boundaries[-BOUNDARIES_DRAWN:]
        ],
        axis=(formatting.quantity(float(values.min()), one.unit), formatting.quantity(float(values.max()), one.unit)),
        ends=(f"{_moment(times[0]):%Y-%m-%d}", f"{_moment(times[-1]):%Y-%m-%d}"),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)


def _columns(one: Series, history: History) -> dict[str, Any]:
    """Return the chart's data: equally long lists, and what is marked in them."""
    # All commits of the environment in one query: to name thousands of them in it would cost more.
    rows = Commit.objects.filter(runs__environment=one.environment_id).values_list("pk", "sha", "subject").distinct()
    told = {number: (sha, subject) for number, sha, subject in rows}
    commits = [told.get(int(number), ("", "")) for number in history.points.commits]
    values = history.values
    return {
        "name": f"{formatting.plain(one.benchmark.label)}, {formatting.plain(one.metric)}",
        "axis": _axis(history, one.unit),
        "values": values,
        "texts": [formatting.quantity(value, one.unit) for value in values],
        "levels": [float(each) for each in history.levels] if values else [],
        "runs": history.runs,
        "commits": [sha[:10] for sha, _ in commits],
        "subjects": [formatting.plain(subject, 100) for _, subject in commits],
        "days": [f"{_moment(time):%Y-%m-%d %H:%M} UTC" for time in history.points.times],
        "marks": [
            {"index": index, "effect": formatting.percent(each.effect), "regression": each.regression}
            for index, each in history.marks
        ],
        "boundaries": [{"index": each.index, "label": each.label} for each in history.boundaries[-BOUNDARIES_DRAWN:]],
    }


def _axis(history: History, unit: str) -> dict[str, Any]:
    """Return the unit of the value axis, sized for the typical value, and what one of it is in the series' unit."""
    typical = float(np.median(np.abs(history.points.values))) if len(history.points.values) else 0.0
    name = formatting.quantity(typical, unit).rpartition(" ")[2]
    factor = policy.quantity(f"1{name}")[0] if unit in {"s", "B"} else 1.0
    return {"factor": factor, "unit": name if unit in {"s", "B"} else unit}
