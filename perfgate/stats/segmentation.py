"""Find the borders between the levels of a series, each with the log-odds that it is a lasting change.

1. The values are normalized to units of their noise (`perfgate.stats.normalized`).
2. Top-down, the series is split wherever adjacent means differ at all, seen through windows of three widths.
3. Bottom-up, the weakest border is removed and its neighbors are weighed again, until every border that is left holds. The
   weight of a border is its log-odds (`perfgate.stats.odds`).
4. Two borders between which the level only made an excursion are removed, unless one of them is beyond doubt.

The cost is a few microseconds per point, linear in the number of points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from perfgate.stats.normalized import REACH, Floats, NormalizedSeries
from perfgate.stats.odds import CANDIDATES_FROM, MIN_SIDE, SHOWN_FROM, log_odds

EXCURSION = 30
"""Most points of a level that is removed as an excursion when the level before it returns …"""

BEYOND_DOUBT = 2.0
"""… unless one of its borders has these log-odds: a regression that was surely there is kept beside its fix."""

_Weigh = Callable[[NormalizedSeries, int, int, int], float]
"""Given a series, the start of the level before, the first point of the new one and its end: the weight of the border."""

_SPLIT_WINDOWS, _SPLIT_FROM, _MIN_SPLIT = (8, 20, 60), 3.0, 3
_FAINT, _FAINT_SHORT = 2.5, 6.0
"""Standard errors that a border needs to be weighed at all, and what short sides need in addition."""
_CLEAR, _CLEAR_SHORT = 10.0, 12.0
"""Standard errors of a border that is taken out before the wander of a series is estimated."""
_REFINE_REACH = 8


@dataclass(frozen=True)
class Border:
    """A place where the level may have changed."""

    index: int
    """First point of the new level."""
    step: float
    """Height of the step: a log ratio, or a fraction of the magnitude of the series where values are not positive."""
    error: float
    """Standard error of *step*, widened by the wander of the series."""
    log_odds: float


def borders(values: Floats, errors: Floats | None = None) -> tuple[list[Border], list[Border]]:
    """Return the borders between levels that are shown, and all candidates, each list oldest first.

    Args:
        values: Shape (n,), finite.
        errors: Shape (n,), standard errors of the values, infinite where unknown. None: unknown.
    """
    if len(values) < 2 * MIN_SIDE or np.ptp(values) == 0:
        return [], []
    series = NormalizedSeries(values, errors)
    places = split(series)
    series.learn_wander(join(series, places, _clear))
    candidates = join(series, join(series, places, _faint), _candidate)
    found = join(series, candidates, _shown)
    lasting = without_excursions(series, found)
    if len(lasting) < len(found):
        found = join(series, lasting, _shown)
    return _described(series, found), _described(series, candidates)


def split(series: NormalizedSeries) -> list[int]:
    """Return every place where the means on both sides differ, far too many of them."""
    sums = np.array(series.sums)
    found, pending = [], [(0, series.length)]
    while pending:
        start, end = pending.pop()
        if end - start < 2 * _MIN_SPLIT:
            continue
        places = np.arange(start + _MIN_SPLIT, end - _MIN_SPLIT + 1)
        scores = _split_scores(sums, start, places, end)
        best = int(np.argmax(scores))
        if scores[best] >= _SPLIT_FROM:
            place = int(places[best])
            found.append(place)
            pending += [(start, place), (place, end)]
    return sorted(found)


def _split_scores(sums: Floats, start: int, places: np.ndarray, end: int) -> Floats:
    """Return for each place the largest difference of the means beside it, in standard errors, over all windows."""
    scores = np.zeros(len(places))
    for window in _SPLIT_WINDOWS:
        left, right = np.maximum(places - window, start), np.minimum(places + window, end)
        before, after = places - left, right - places
        step = (sums[right] - sums[places]) / after - (sums[places] - sums[left]) / before
        np.maximum(scores, np.abs(step) / np.sqrt(1 / before + 1 / after), out=scores)
        if window >= end - start:
            break
    return scores


def join(series: NormalizedSeries, places: Sequence[int], weigh: _Weigh) -> list[int]:
    """Remove the weakest border and weigh its neighbors again, until all borders weigh at least 0."""
    edges = [0, *places, series.length]
    weights: list[float | None] = [None] * len(edges)
    while len(edges) > 2:
        for i in range(1, len(edges) - 1):
            if weights[i] is None:
                weights[i] = weigh(series, edges[i - 1], edges[i], edges[i + 1])
        weakest = min(range(1, len(edges) - 1), key=lambda i: weights[i] or 0.0)
        if (weights[weakest] or 0.0) >= 0:
            break
        del edges[weakest], weights[weakest]
        weights[weakest - 1] = None
        if weakest < len(weights):
            weights[weakest] = None
    return edges[1:-1]


def _clear(series: NormalizedSeries, start: int, place: int, end: int) -> float:
    """Return by how many standard errors a step exceeds what is taken out before the wander is estimated."""
    step, error, shorter = series.step(start, place, end)
    if shorter < MIN_SIDE or abs(step) < series.least_step:
        return -math.inf
    return abs(step) / error - _CLEAR - _CLEAR_SHORT / shorter


def _faint(series: NormalizedSeries, start: int, place: int, end: int) -> float:
    """Return by how many standard errors a step exceeds what is worth weighing."""
    step, error, shorter = series.step(start, place, end)
    return abs(step) / error - _FAINT - _FAINT_SHORT / shorter


def _candidate(series: NormalizedSeries, start: int, place: int, end: int) -> float:
    """Return by how much the log-odds exceed those of a candidate."""
    return log_odds(series, start, place, end) - CANDIDATES_FROM


def _shown(series: NormalizedSeries, start: int, place: int, end: int) -> float:
    """Return by how much the log-odds exceed those of a border that is shown."""
    return log_odds(series, start, place, end) - SHOWN_FROM


def without_excursions(series: NormalizedSeries, places: Sequence[int]) -> list[int]:
    """Remove the pairs of borders between which the level left and came back."""
    kept, i = list(places), 0
    while i + 1 < len(kept):
        start, there, back = kept[i - 1] if i else 0, kept[i], kept[i + 1]
        end = kept[i + 2] if i + 2 < len(kept) else series.length
        if back - there <= EXCURSION and _is_excursion(series, start, there, back, end):
            del kept[i : i + 2]
            i = max(0, i - 1)
        else:
            i += 1
    return kept


def _is_excursion(series: NormalizedSeries, start: int, there: int, back: int, end: int) -> bool:
    before, after = series.mean(max(start, there - REACH), there), series.mean(back, min(end, back + REACH))
    away = abs(series.mean(there, back) - (before + after) / 2)
    if abs(after - before) >= away / 2:
        return False
    clearer = max(log_odds(series, start, there, back), log_odds(series, there, back, end))
    return clearer < BEYOND_DOUBT


def _placed(series: NormalizedSeries, places: Sequence[int]) -> list[int]:
    """Move each border to where both sides leave the least squared error."""
    moved, sums = list(places), np.array(series.sums)
    for i, place in enumerate(moved):
        start, end = moved[i - 1] if i else 0, moved[i + 1] if i + 1 < len(moved) else series.length
        near = np.arange(max(start + MIN_SIDE, place - _REFINE_REACH), min(end - MIN_SIDE, place + _REFINE_REACH) + 1)
        left, right = sums[near] - sums[start], sums[end] - sums[near]
        moved[i] = int(near[np.argmax(left**2 / (near - start) + right**2 / (end - near))])
    return moved


def _described(series: NormalizedSeries, places: Sequence[int]) -> list[Border]:
    """Return the borders at *places*, each moved to its best place, in the units of the values."""
    edges = [0, *_placed(series, places), series.length]
    found = []
    for start, place, end in zip(edges, edges[1:], edges[2:], strict=False):
        step, error, _ = series.step(start, place, end)
        odds = log_odds(series, start, place, end)
        found.append(Border(place, step * series.noise, error * series.noise, odds))
    return found
