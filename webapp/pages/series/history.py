"""Read one series for display: points, change points, and the boundaries between its segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perfgate import formatting
from perfgate.gate import Row
from perfgate.results.records import COMPARABILITY_FIELDS
from webapp.alerts import bridges
from webapp.alerts.models import StoredChangePoint
from webapp.history import series as points_of
from webapp.history.commit_order import FloatArray
from webapp.history.models import EnvironmentState, Series


@dataclass(frozen=True)
class SegmentStart:
    """The first point of a new segment, and what differs from the segment before."""

    index: int
    """Position among the points of the series."""
    run: int
    """`Run` id of that point."""
    changes: list[tuple[str, str, str]]
    """What changed: (name, before, after)."""
    bridged: str
    """Result of measuring the commits on both sides on one machine, as text; empty: not measured."""

    @property
    def label(self) -> str:
        """The names of what changed."""
        return ", ".join(name for name, _, _ in self.changes) or "new segment"


@dataclass(frozen=True)
class SeriesHistory:
    """One series with its marks."""

    points: points_of.Points
    marks: list[tuple[int, StoredChangePoint]]
    """Position and change point, oldest first."""
    segment_starts: list[SegmentStart]

    @property
    def runs(self) -> list[int]:
        """The `Run` id of every point."""
        return [int(run) for run in self.points.runs]

    @property
    def values(self) -> list[float]:
        """The value of every point."""
        return [float(value) for value in self.points.values]

    @property
    def levels(self) -> FloatArray:
        """The median of the stretch between changes that each point belongs to."""
        values = self.points.values
        cuts = sorted({index for index, _ in self.marks} | {start.index for start in self.segment_starts})
        return np.concatenate([np.full(len(part), np.median(part)) for part in np.split(values, cuts) if len(part)])


def read(series: Series) -> SeriesHistory:
    """Return one series with its marks; *series* has its environment's project loaded."""
    points = points_of.read(series)
    position = {int(run): index for index, run in enumerate(points.runs)}
    change_points = StoredChangePoint.objects.filter(series=series).select_related(
        "series", "run__commit", "previous_run__commit", "alert"
    )
    placed = ((position[point.run_id], point) for point in change_points if point.run_id in position)
    marks = sorted(placed, key=lambda mark: mark[0])
    return SeriesHistory(points=points, marks=marks, segment_starts=_segment_starts(series, points))


def _segment_starts(series: Series, points: points_of.Points) -> list[SegmentStart]:
    segments = [int(segment) for segment in points.segments]
    starts = [index for index in range(1, len(segments)) if segments[index] != segments[index - 1]]
    if not starts:
        return []
    states = EnvironmentState.objects.filter(environment=series.environment_id)
    bridged = dict(bridges.read_bridges(series.environment.project).across(series, points))
    facts: dict[str, dict[str, str]] = dict(states.values_list("fingerprint", "fields"))
    return [
        SegmentStart(
            index=index,
            run=int(points.runs[index]),
            changes=_changes(series.segments[segments[index - 1]], series.segments[segments[index]], facts),
            bridged=_bridge_text(bridged[index]) if index in bridged else "",
        )
        for index in starts
    ]


def _bridge_text(row: Row) -> str:
    """Return the gate's result for the code across a segment boundary."""
    if row.judgment == "within":
        return f"no change beyond {formatting.share(row.max_regression)}"
    word = {"regressed": "worse", "improved": "better"}.get(row.judgment, "undecided")
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
