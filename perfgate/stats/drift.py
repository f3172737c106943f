"""Slow creep that no single step explains.

The steps that are known are taken out, each as high as it is beside a slope that all levels share; what is left is cut into
stretches of equal length, whose medians must climb from the best one to the last: almost always upwards, by more than the
budget, by far more than they scatter about their own trend, and without one jump that makes half of the way. A machine's
moods go both ways and do not pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau

from perfgate.stats.changepoints import ChangePoint

MIN_POINTS = 25
"""Shortest creep that can be told from chance."""

MIN_STRETCH, STRETCHES = 4, 12
"""Fewest points of a stretch, and about how many stretches there are."""

MIN_STRETCHES = 5
"""Fewest stretches from the best to the last."""

MIN_CONCORDANCE = 0.8
"""Kendall's tau of the stretches and time: 1 climbs at every one."""

MIN_SCATTERS = 5.0
"""Scatters of the stretches about their trend that the rise needs."""

MAX_JUMP_SHARE = 0.5
"""Part of the rise that one neighbour may make over the other; more is a step."""

_FITS, _WIDTH = 4, 3.0 * 1.4826
"""Fits of steps and slope, each to points no further from the last one than three robust standard deviations."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drift:
    """A level that crept away from where it was."""

    start: int
    """Position of the middle of the best stretch."""
    index: int
    """Position from which the level is beyond the budget for good."""
    effect: float
    """Last stretch ÷ best stretch − 1, without the steps in between."""
    low: float
    high: float
    """Ends of its 95 % confidence interval."""
    before: float
    after: float
    """Levels of both stretches, in the series' unit."""


def find_drift(
    values: ArrayLike, change_points: Sequence[ChangePoint], *, budget: float, lower_is_better: bool
) -> Drift | None:
    """Return how far one segment crept in the bad direction, None: not beyond the budget, or not surely.

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
    worse = _without_steps(sign * np.log(series), [each.index for each in change_points])
    length = max(MIN_STRETCH, len(series) // STRETCHES)
    # The oldest points make whole stretches, so that these stay as they are; the newest one takes what is left.
    edges = [*range(0, len(series) - length + 1, length), len(series)]
    if edges[-1] - edges[-2] < length:
        del edges[-2]
    stretches = np.array([np.median(worse[a:b]) for a, b in pairwise(edges)])
    best = int(np.argmin(stretches[: max(1, len(stretches) - MIN_STRETCHES + 1)]))
    climb = stretches[best:]
    if len(climb) < MIN_STRETCHES:
        return None
    rise = float(climb[-1] - climb[0])
    allowed = math.log1p(budget)
    if rise <= allowed or float(np.diff(climb).max()) > MAX_JUMP_SHARE * rise:
        return None
    order = np.arange(len(climb))
    trend = np.polynomial.Polynomial.fit(order, climb, min(2, len(climb) - 3))
    scatter = float(np.sqrt(np.mean((climb - trend(order)) ** 2)))
    if rise < MIN_SCATTERS * scatter or float(kendalltau(order, climb).statistic) < MIN_CONCORDANCE:
        return None
    error = scatter * math.sqrt(2)
    low, high = sorted((math.expm1(sign * (rise - 1.96 * error)), math.expm1(sign * (rise + 1.96 * error))))
    beyond = best + int(np.flatnonzero(climb - climb[0] <= allowed)[-1]) + 1
    return Drift(
        start=(edges[best] + edges[best + 1]) // 2,
        index=edges[beyond],
        effect=math.expm1(sign * rise),
        low=low,
        high=high,
        before=float(np.median(series[edges[best] : edges[best + 1]])),
        after=float(np.median(series[edges[-2] :])),
    )


def _without_steps(signal: Floats, places: Sequence[int]) -> Floats:
    """Return *signal* without its steps at *places*, fitted together with one slope.

    A step measured by the means of its sides would hold what crept in the meantime, and take the creep out with it.
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
