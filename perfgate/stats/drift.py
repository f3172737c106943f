"""Find slow drift that no single change of level explains.

The known level shifts are removed, each with the height it has beside a slope that all levels share. What is left is cut
into stretches of equal length. Their medians must climb from the best stretch to the last: almost always upwards, by more
than the budget, by far more than they scatter about their own trend, and without one jump that makes half of the way.
Environment noise goes both ways and passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perfgate.stats.changepoints import ChangePoint

MIN_POINTS = 25
"""Fewest points in which drift can be told from chance."""

MIN_STRETCH, STRETCHES = 4, 12
"""Fewest points of a stretch, and about how many stretches there are."""

MIN_STRETCHES = 5
"""Fewest stretches from the best to the last."""

MIN_CONCORDANCE = 0.8
"""Smallest Kendall's tau between the stretches and time; 1: every stretch is above all earlier ones."""

MIN_SCATTERS = 5.0
"""Smallest rise, in scatters of the stretches about their trend."""

MAX_JUMP_SHARE = 0.5
"""Largest share of the rise between two neighboring stretches; more is a level shift."""

_FITS, _WIDTH = 4, 3.0 * 1.4826
"""Number of fits of shifts and slope; each clips the points to three robust standard deviations around the last fit."""
_NORMAL_975 = 1.96

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drift:
    """A level that drifted away from where it was."""

    start: int
    """Position of the middle of the best stretch."""
    index: int
    """Position from which the level is beyond the budget for good."""
    effect: float
    """Last stretch ÷ best stretch − 1, without the level shifts in between."""
    low: float
    high: float
    """Ends of the 95 % confidence interval of the effect."""
    before: float
    after: float
    """Levels of both stretches, in the unit of the series."""


def find_drift(
    values: ArrayLike, change_points: Sequence[ChangePoint], *, budget: float, lower_is_better: bool
) -> Drift | None:
    """Return how far one segment drifted in the bad direction; None: not beyond the budget, or not certainly.

    Args:
        values: Shape (n,), one segment, oldest first, finite; None is returned where one is not positive.
        change_points: Those of the segment, with positions in it.
        budget: Fraction by which the level may be worse.
        lower_is_better: Which direction is bad.
    """
    series = np.asarray(values, float)
    if len(series) < MIN_POINTS or not (series > 0).all():
        return None
    sign = 1.0 if lower_is_better else -1.0
    worse = _without_shifts(sign * np.log(series), [change.index for change in change_points])
    edges = _stretch_edges(len(series))
    stretches = np.array([np.median(worse[a:b]) for a, b in pairwise(edges)])
    best = int(np.argmin(stretches[: len(stretches) - MIN_STRETCHES + 1]))
    climb = stretches[best:]
    allowed = math.log1p(budget)
    scatter = _scatter(climb, allowed)
    if scatter is None:
        return None
    rise, error = float(climb[-1] - climb[0]), scatter * math.sqrt(2)
    ends = (math.expm1(sign * (rise - _NORMAL_975 * error)), math.expm1(sign * (rise + _NORMAL_975 * error)))
    beyond = best + int(np.flatnonzero(climb - climb[0] <= allowed)[-1]) + 1
    return Drift(
        start=(edges[best] + edges[best + 1]) // 2,
        index=edges[beyond],
        effect=math.expm1(sign * rise),
        low=min(ends),
        high=max(ends),
        before=float(np.median(series[edges[best] : edges[best + 1]])),
        after=float(np.median(series[edges[-2] :])),
    )


def _stretch_edges(length: int) -> list[int]:
    """Return the borders of the stretches; all have one length, and the newest takes the points that are left, too."""
    size = max(MIN_STRETCH, length // STRETCHES)
    return [*range(0, length - size + 1, size), length]


def _scatter(climb: Floats, allowed: float) -> float | None:
    """Return how far the medians of the stretches scatter about their trend; None: they show no drift beyond *allowed*."""
    rise = float(climb[-1] - climb[0])
    if rise <= allowed or float(np.diff(climb).max()) > MAX_JUMP_SHARE * rise:
        return None
    order = np.arange(len(climb))
    trend = np.polynomial.Polynomial.fit(order, climb, 2)
    scatter = float(np.sqrt(np.mean((climb - trend(order)) ** 2)))
    return None if rise < MIN_SCATTERS * scatter or concordance(climb) < MIN_CONCORDANCE else scatter


def concordance(values: Floats) -> float:
    """Return Kendall's tau-b of a sequence and its order: 1 where every value is above all earlier ones, −1 where below.

    Args:
        values: Shape (n,), n >= 2, not all equal.

    Source:
        Kendall (1945). Equal to ``scipy.stats.kendalltau(range(n), values).statistic``, which costs 0.7 s to import.

    >>> round(concordance(np.array([1.0, 2.0, 3.0, 2.5])), 3)
    0.667
    """
    later, earlier = np.tril_indices(len(values), -1)
    signs = np.sign(values[later] - values[earlier])
    pairs, tied = len(signs), int((signs == 0).sum())
    tau = int(signs.sum()) / math.sqrt(pairs) / math.sqrt(pairs - tied)
    return min(1.0, max(-1.0, tau))  # rounding may exceed the limits


def _without_shifts(signal: Floats, places: Sequence[int]) -> Floats:
    """Return *signal* without its level shifts at *places*, fitted together with one slope.

    A shift estimated from the means of its sides would contain the drift in between, and remove it as well.
    """
    at = np.arange(len(signal))
    levels = np.array([at >= place for place in places], float).reshape(len(places), len(signal))
    parts = np.vstack([np.ones(len(signal)), at / len(signal), levels]).T
    target, weights = signal, np.zeros(parts.shape[1])
    for _ in range(_FITS):
        weights = np.linalg.lstsq(parts, target, rcond=None)[0]
        fitted = parts @ weights
        width = _WIDTH * float(np.median(np.abs(signal - fitted)))
        target = np.clip(signal, fitted - width, fitted + width)
    return np.asarray(signal - levels.T @ weights[2:], np.float64)
