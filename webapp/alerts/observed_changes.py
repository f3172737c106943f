"""Points of the series of one environment and branch -> what is seen in each: steps, moods of the machine, creep.

What one series shows by itself is remembered in the process, and only its open end is searched again. What the series show
together is made anew each time; it follows from the stored points alone, whichever run came last.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from threading import Lock

import numpy as np

from perfgate.gate import Row
from perfgate.policy import Budgets
from perfgate.results.records import Direction
from perfgate.stats import pooling
from perfgate.stats.blocks import first_open
from perfgate.stats.changepoints import ChangePoint, SearchResult, search
from perfgate.stats.drift import find_drift
from perfgate.stats.pooling import Candidate
from webapp.alerts.models import AlertKind
from webapp.history.chunks import IntArray
from webapp.history.models import Series
from webapp.history.series import Points

SERIES_KEPT = 10_000
"""Series that one process remembers."""

SURE_OF_ITS_PLACE = 0.99
"""Confidence from which a series keeps its own commit though others of the same cause are placed beside it."""


@dataclass(frozen=True)
class Sighting:
    """A change of level that a series shows now."""

    run_id: int
    previous_run_id: int
    position: int
    seen: int
    """Points since, up to the next change."""
    effect: float
    low: float
    high: float
    before: float
    after: float
    regression: bool
    kind: str = AlertKind.REGRESSION


@dataclass(frozen=True)
class Followed:
    """One series and what it shows by itself."""

    series: Series
    points: Points
    ranks: IntArray
    """Shape (n,): which commit of the group each point belongs to, counted from 0."""
    found: SearchResult
    drift_since: int = 0
    """Position from which creep counts: what came before was accepted."""
    bridged: Sequence[tuple[int, Row]] = ()
    """Borders of segments that were measured again from both sides: first position after it, the gate's word."""


@dataclass(frozen=True)
class _Known:
    length: int
    digest: bytes
    found: SearchResult


_known: OrderedDict[int, _Known] = OrderedDict()
_lock = Lock()


def look(series_id: int, points: Points) -> SearchResult:
    """Return what one series shows by itself; only what may differ from the last time is searched again."""
    values, segments = points.values, points.segments
    with _lock:
        known = _known.pop(series_id, None)
    since = 0
    if known is not None and known.digest == _digest(points, known.length):
        since = known.length
    if known is None or since < max(len(values), 1):
        labels = segments.tolist()
        start = first_open(since, len(values), labels) if since else 0
        new = search(values, segments=labels, since=since)
        if since and known is not None:
            new = SearchResult(
                (*(one for one in known.found.change_points if one.index < start), *new.change_points),
                (*(one for one in known.found.candidates if one.index < start), *new.candidates),
            )
        known = _Known(len(values), _digest(points, len(values)), new)
    with _lock:
        _known[series_id] = known
        while len(_known) > SERIES_KEPT:
            _known.popitem(last=False)
    return known.found


def _digest(points: Points, length: int) -> bytes:
    if length > len(points.values):
        return b""
    content = points.values[:length].tobytes() + points.segments[:length].tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()


def sightings(group: Sequence[Followed], budgets: Budgets) -> dict[int, list[Sighting]]:
    """Return what each series of a group shows now, alone and together, oldest first, by series id.

    Args:
        group: All series of one environment and branch.
        budgets: The project's policy; creep within a benchmark's budget is tolerated.
    """
    shown = [dict.fromkeys(one.found.change_points, AlertKind.REGRESSION) for one in group]
    _read_together(group, shown)
    return {
        one.series.pk: [*_steps(one, found), *_across(one, found), *_drift(one, list(found), budgets)]
        for one, found in zip(group, shown, strict=True)
    }


def _read_together(group: Sequence[Followed], shown: Sequence[dict[ChangePoint, AlertKind]]) -> None:
    """Add to what each series shows what only the group shows, and tell the machine from the code."""
    length = max((int(one.ranks[-1]) + 1 for one in group if len(one.ranks)), default=0)
    possible = [{_move(one, each): each for each in one.found.candidates} for one in group]
    for cluster in pooling.find_clusters([list(each) for each in possible], length):
        present = sum(len(one.ranks) > 0 and one.ranks[0] < cluster.position <= one.ranks[-1] for one in group)
        common = pooling.common_step(cluster, present)
        for number, move in cluster.members.items():
            one, found = group[number], shown[number]
            alone = _nearest(one, found, move)
            change = alone or possible[number][move]
            if alone is None or alone.confidence < SURE_OF_ITS_PLACE:
                change = _placed(one, change, cluster.position)
            if alone is not None:
                del found[alone]
            if any(each.index == change.index for each in found):
                continue  # two faint ones of one series beside each other
            is_machine = common is not None and pooling.is_common(move.step, common)
            found[change] = AlertKind.RUNNER if is_machine else AlertKind.REGRESSION


def _move(one: Followed, each: ChangePoint) -> Candidate:
    step = _log(each.effect)
    error = (_log(each.high) - _log(each.low)) / 3.92
    return Candidate(int(one.ranks[each.index]), step, each.confidence, (step / error) ** 2 if error > 0 else 1.0)


def _log(effect: float) -> float:
    return math.log1p(effect) if effect > -1 else effect


def _nearest(one: Followed, found: Mapping[ChangePoint, AlertKind], move: Candidate) -> ChangePoint | None:
    """Return the change that a series shows by itself where it takes part in a cluster."""
    near = [
        each
        for each in found
        if abs(int(one.ranks[each.index]) - move.position) <= pooling.WITHIN and (each.effect > 0) == (move.step > 0)
    ]
    return min(near, key=lambda each: abs(int(one.ranks[each.index]) - move.position), default=None)


def _placed(one: Followed, change: ChangePoint, position: int) -> ChangePoint:
    """Return *change* at the commit of the cluster, if its series has points on both sides of it in one segment."""
    index = int(np.searchsorted(one.ranks, position))
    segments = one.points.segments
    if not 0 < index < len(segments) or segments[index - 1] != segments[index]:
        return change
    return replace(change, index=index)


def _steps(one: Followed, found: Mapping[ChangePoint, AlertKind]) -> Iterator[Sighting]:
    runs = one.points.runs
    changes = sorted(found, key=lambda each: each.index)
    ends = [*(each.index for each in changes), len(runs)][1:]
    for each, end in zip(changes, ends, strict=True):
        yield Sighting(
            run_id=int(runs[each.index]),
            previous_run_id=int(runs[each.index - 1]),
            position=each.index,
            seen=end - each.index,
            effect=each.effect,
            low=each.low,
            high=each.high,
            before=each.before,
            after=each.after,
            regression=(each.effect > 0) == (one.series.direction == Direction.LOWER),
            kind=found[each],
        )


def _across(one: Followed, found: Mapping[ChangePoint, AlertKind]) -> Iterator[Sighting]:
    """Yield the steps of the code across borders of segments, as they were measured side by side."""
    runs = one.points.runs
    for index, row in one.bridged:
        if row.judgement in {"regressed", "improved"} and row.effect is not None:
            end = min((each.index for each in found if each.index > index), default=len(runs))
            yield Sighting(
                run_id=int(runs[index]),
                previous_run_id=int(runs[index - 1]),
                position=index,
                seen=end - index,
                effect=row.effect,
                low=row.effect if row.low is None else row.low,
                high=row.effect if row.high is None else row.high,
                before=row.baseline,
                after=row.candidate,
                regression=row.judgement == "regressed",
            )


def _drift(one: Followed, changes: Sequence[ChangePoint], budgets: Budgets) -> Iterator[Sighting]:
    """Yield the creep of each segment in which there is any beyond the budget: a new machine takes none of it back."""
    runs = one.points.runs
    budget = budgets.max_regression(one.series.benchmark.label, one.series.metric).value
    edges = [0, *(np.flatnonzero(np.diff(one.points.segments)) + 1).tolist(), len(runs)]
    for begin, end in pairwise(edges):
        start = max(begin, one.drift_since)
        found = find_drift(
            one.points.values[start:end],
            [replace(each, index=each.index - start) for each in changes if start < each.index < end],
            budget=budget,
            lower_is_better=one.series.direction == Direction.LOWER,
        )
        if found is not None:
            yield Sighting(
                run_id=int(runs[start + found.index]),
                previous_run_id=int(runs[start + found.start]),
                position=start + found.index,
                seen=end - start - found.index,
                effect=found.effect,
                low=found.low,
                high=found.high,
                before=found.before,
                after=found.after,
                regression=True,
                kind=AlertKind.DRIFT,
            )
