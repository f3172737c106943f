"""Find the changes in all series of one environment and branch: level shifts, environment noise, drift.

Series of one environment are read together: a small shift that several series share is found although none of them shows
it alone, and a shift that most of them share comes from the machine. The result depends on the stored points only, not on
the order in which runs arrived.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from perfgate.gate import Row
from perfgate.policy import Budgets
from perfgate.results.records import Direction
from perfgate.stats import pooling
from perfgate.stats.changepoints import ChangePoint, SearchResult
from perfgate.stats.drift import find_drift
from perfgate.stats.pooling import Candidate, Cluster
from webapp.alerts.models import AlertKind
from webapp.history.chunks import IntArray
from webapp.history.models import Series
from webapp.history.series import Points

CERTAIN_POSITION = 0.99
"""A series keeps its own position from this confidence on, although its cluster is placed at another commit."""


@dataclass(frozen=True)
class ObservedChange:
    """A change of level in one series; the fields have the meaning that `StoredChangePoint` gives them."""

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
    kind: str = AlertKind.REGRESSION


@dataclass(frozen=True)
class SearchedSeries:
    """One series, and what was found in it by itself."""

    series: Series
    points: Points
    ranks: IntArray
    """Shape (n,): for each point the index of its commit among the commits of all series, from 0."""
    found: SearchResult
    drift_since: int = 0
    """Position from which drift counts; a person accepted the drift before it."""
    bridged: Sequence[tuple[int, Row]] = ()
    """Segment borders whose two sides were measured again side by side: first position after the border, result."""

    def rank(self, change: ChangePoint) -> int:
        """Return the index of the commit at which *change* is."""
        return int(self.ranks[change.index])

    def spans(self, rank: int) -> bool:
        """Return whether the series has points on both sides of the border before a commit."""
        return len(self.ranks) > 0 and bool(self.ranks[0] < rank <= self.ranks[-1])

    @property
    def end(self) -> int:
        """Return the index after the newest commit at which the series has a point, 0 if it has none."""
        return int(self.ranks[-1]) + 1 if len(self.ranks) else 0

    @property
    def lower_is_better(self) -> bool:
        """Return whether an increase is a regression."""
        return self.series.direction == Direction.LOWER


def find_observed_changes(group: Sequence[SearchedSeries], budgets: Budgets) -> dict[int, list[ObservedChange]]:
    """Return the changes in each series of a group, oldest first within each kind, by series id.

    Args:
        group: All series of one environment and branch.
        budgets: The project's policy; drift within a benchmark's budget is no change.
    """
    kinds = [dict.fromkeys(searched.found.change_points, AlertKind.REGRESSION) for searched in group]
    _apply_clusters(group, kinds)
    return {
        searched.series.pk: [
            *_level_shifts(searched, changes),
            *_bridged_changes(searched, changes),
            *_drifts(searched, list(changes), budgets),
        ]
        for searched, changes in zip(group, kinds, strict=True)
    }


def _apply_clusters(group: Sequence[SearchedSeries], kinds: Sequence[dict[ChangePoint, AlertKind]]) -> None:
    """Add the changes that only the group shows, and tell changes of the machine from changes of the code.

    Args:
        group: The series.
        kinds: The changes of each series with their kind, in the same order; updated in place.
    """
    length = max((searched.end for searched in group), default=0)
    candidates = [{_candidate(searched, change): change for change in searched.found.candidates} for searched in group]
    for cluster in pooling.find_clusters([list(by_candidate) for by_candidate in candidates], length):
        common = pooling.common_step(cluster, sum(searched.spans(cluster.position) for searched in group))
        for number, candidate in cluster.members.items():
            is_machine = common is not None and pooling.is_common(candidate.step, common)
            kind = AlertKind.RUNNER if is_machine else AlertKind.REGRESSION
            _add_member(group[number], kinds[number], candidates[number][candidate], cluster, kind)


def _add_member(
    searched: SearchedSeries,
    kinds: dict[ChangePoint, AlertKind],
    change: ChangePoint,
    cluster: Cluster,
    kind: AlertKind,
) -> None:
    """Add one series' change in a cluster to its changes, in place of the change that it shows there by itself."""
    own = _nearest(searched, kinds, searched.rank(change), is_increase=change.effect > 0)
    change = own or change
    if own is None or own.confidence < CERTAIN_POSITION:
        change = _moved(searched, change, cluster.position)
    if own is not None:
        del kinds[own]
    # A series may have two faint changes beside each other; one of them is enough.
    if all(other.index != change.index for other in kinds):
        kinds[change] = kind


def _candidate(searched: SearchedSeries, change: ChangePoint) -> Candidate:
    step = _log(change.effect)
    error = (_log(change.high) - _log(change.low)) / 3.92  # the width of a 95 % interval in standard errors
    weight = (step / error) ** 2 if error > 0 else 1.0
    return Candidate(searched.rank(change), step, change.confidence, weight)


def _log(effect: float) -> float:
    return math.log1p(effect) if effect > -1 else effect


def _nearest(
    searched: SearchedSeries, kinds: Mapping[ChangePoint, AlertKind], rank: int, *, is_increase: bool
) -> ChangePoint | None:
    """Return the change nearest to a commit, within the reach of a cluster and in the same direction, None: there is none."""
    near = [
        change
        for change in kinds
        if abs(searched.rank(change) - rank) <= pooling.WITHIN and (change.effect > 0) == is_increase
    ]
    return min(near, key=lambda change: abs(searched.rank(change) - rank), default=None)


def _moved(searched: SearchedSeries, change: ChangePoint, rank: int) -> ChangePoint:
    """Return *change* at another commit, if the series has points of one segment on both sides of it."""
    index = int(np.searchsorted(searched.ranks, rank))
    segments = searched.points.segments
    if not 0 < index < len(segments) or segments[index - 1] != segments[index]:
        return change
    return replace(change, index=index)


def _level_shifts(searched: SearchedSeries, kinds: Mapping[ChangePoint, AlertKind]) -> Iterator[ObservedChange]:
    runs = searched.points.runs
    changes = sorted(kinds, key=lambda change: change.index)
    ends = [*(change.index for change in changes), len(runs)][1:]
    for change, end in zip(changes, ends, strict=True):
        yield ObservedChange(
            run_id=int(runs[change.index]),
            previous_run_id=int(runs[change.index - 1]),
            position=change.index,
            seen=end - change.index,
            effect=change.effect,
            low=change.low,
            high=change.high,
            before=change.before,
            after=change.after,
            regression=(change.effect > 0) == searched.lower_is_better,
            kind=kinds[change],
        )


def _bridged_changes(searched: SearchedSeries, kinds: Mapping[ChangePoint, AlertKind]) -> Iterator[ObservedChange]:
    """Yield the changes of the code across segment borders, as they were measured side by side."""
    runs = searched.points.runs
    for index, row in searched.bridged:
        if row.judgment in {"regressed", "improved"} and row.effect is not None:
            low, high = row.confidence_interval or (row.effect, row.effect)
            end = min((change.index for change in kinds if change.index > index), default=len(runs))
            yield ObservedChange(
                run_id=int(runs[index]),
                previous_run_id=int(runs[index - 1]),
                position=index,
                seen=end - index,
                effect=row.effect,
                low=low,
                high=high,
                before=row.baseline,
                after=row.candidate,
                regression=row.judgment == "regressed",
            )


def _drifts(searched: SearchedSeries, changes: Sequence[ChangePoint], budgets: Budgets) -> Iterator[ObservedChange]:
    """Yield the drift beyond the budget in each segment; drift is kept across machine changes."""
    runs = searched.points.runs
    budget = budgets.max_regression(searched.series.benchmark.label, searched.series.metric).value
    edges = [0, *(np.flatnonzero(np.diff(searched.points.segments)) + 1).tolist(), len(runs)]
    for first, end in pairwise(edges):
        start = max(first, searched.drift_since)
        drift = find_drift(
            searched.points.values[start:end],
            [replace(change, index=change.index - start) for change in changes if start < change.index < end],
            budget=budget,
            lower_is_better=searched.lower_is_better,
        )
        if drift is not None:
            yield ObservedChange(
                run_id=int(runs[start + drift.index]),
                previous_run_id=int(runs[start + drift.start]),
                position=start + drift.index,
                seen=end - start - drift.index,
                effect=drift.effect,
                low=drift.low,
                high=drift.high,
                before=drift.before,
                after=drift.after,
                regression=True,
                kind=AlertKind.DRIFT,
            )
