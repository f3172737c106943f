"""The values of a series in units of their own noise, with the statistics of a step at any place.

Logarithms are taken where all values are positive, because a step is relative. Spikes are pulled back to a running median.
The noise is estimated from the differences of neighbors: a step changes only one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH = 60
"""Points on either side that count for a step; older ones say nothing about it."""

SEPARATION_REACH = 24
"""Points on either side whose separation counts."""

MIN_RELATIVE_STEP = 0.003
"""Smallest step worth a mark, as a fraction."""

MIN_NOISES = 0.5
"""Smallest step worth a mark, in standard deviations of the noise."""

MIN_OWN_VARIANCE = 4
"""Points from which the variance of a side is estimated from that side alone; fewer say next to nothing about it."""

_SPIKE_HALF_WINDOW, _SPIKE_WIDTH = 3, 3.0
_MAD_TO_SIGMA = 1.4826
_MAX_WANDER, _WANDER_POWER = 4.0, 0.7
_WANDER_QUANTILE, _NORMAL_QUANTILE = 0.45, 0.5978
"""A low quantile of the absolute differences, and the same of the standard normal: true steps affect few differences."""
_TINY = float(np.finfo(float).tiny)
_MAX_VARIANCE = 1e200
"""Above any step, and small enough for its sums and logarithms to be finite."""


class NormalizedSeries:
    """A series in units of its noise, with running sums.

    Args:
        values: Shape (n,), n >= 2, finite, not all equal.
        errors: Shape (n,), standard errors of the values, infinite where unknown. None: unknown.
    """

    def __init__(self, values: Floats, errors: Floats | None) -> None:
        logarithmic = bool((values > 0).all())
        sizes = np.abs(values)
        # The median may be 0: then the largest value sets the magnitude, and a denormal one must not become 0.
        magnitude = 1.0 if logarithmic else max(float(np.median(sizes)), 1e-6 * float(sizes.max()), _TINY)
        raw = np.log(values) if logarithmic else values / magnitude
        signal = _without_spikes(raw - np.median(raw))
        differences = np.abs(np.diff(signal))
        noise = _MAD_TO_SIGMA * float(np.median(differences)) / math.sqrt(2) or 0.5 * float(differences.mean())
        self.noise = max(noise, 1e-5)
        """Standard deviation of the noise, on the scale of the logarithms or of the magnitude."""
        self.x: Floats = signal / self.noise
        self.length = len(values)
        self.sums: list[float] = [0.0, *np.cumsum(self.x).tolist()]
        self.squares: list[float] = [0.0, *np.cumsum(self.x**2).tolist()]
        self.stated: Floats | None = None
        """Variances that the measurements themselves state; None: unknown."""
        if errors is not None and np.isfinite(errors).any():
            scale = values if logarithmic else magnitude
            with np.errstate(over="ignore"):
                stated = (np.where(np.isfinite(errors), errors, 0.0) / scale / self.noise) ** 2
            self.stated = np.minimum(stated, _MAX_VARIANCE)
        self.least_step = max(MIN_RELATIVE_STEP / self.noise, MIN_NOISES)
        self.wander = [1.0]
        """Factor on the error of a step whose shorter side has at least 1, 2, 4, … points."""

    def learn_wander(self, clear: Sequence[int]) -> None:
        """Estimate, at each time scale, how much more adjacent means differ than white noise, between *clear* steps."""
        edges = [0, *clear, self.length]
        rest = np.concatenate([self.x[a:b] - np.median(self.x[a:b]) for a, b in pairwise(edges)])
        sums = np.concatenate([[0.0], np.cumsum(rest)])
        self.wander, width, factor = [], 1, 1.0
        while width <= REACH:
            if self.length >= max(6 * width, 2 * width + 7):
                apart = np.abs(sums[2 * width :] - 2 * sums[width:-width] + sums[: -2 * width]) / width
                seen = float(np.quantile(apart, _WANDER_QUANTILE, method="lower")) / _NORMAL_QUANTILE
                factor = min(_MAX_WANDER, max(1.0, seen / math.sqrt(2 / width)) ** _WANDER_POWER)
            self.wander.append(factor)
            width *= 2

    def step(self, start: int, place: int, end: int) -> tuple[float, float, int]:
        """Return the step at *place* between *start* and *end*, its widened error, and the points of the shorter side."""
        left, right = min(place - start, REACH), min(end - place, REACH)
        a, b = place - left, place + right
        before, after = (self.sums[place] - self.sums[a]) / left, (self.sums[b] - self.sums[place]) / right
        sum_before = max(0.0, self.squares[place] - self.squares[a] - left * before**2)
        sum_after = max(0.0, self.squares[b] - self.squares[place] - right * after**2)
        pooled = (sum_before + sum_after) / max(1, left + right - 2)
        of_before = sum_before / (left - 1) if left >= MIN_OWN_VARIANCE else pooled
        of_after = sum_after / (right - 1) if right >= MIN_OWN_VARIANCE else pooled
        floor_before, floor_after = self._least_variance(a, place), self._least_variance(place, b)
        error = math.sqrt(max(of_before, floor_before) / left + max(of_after, floor_after) / right)
        shorter = min(left, right)
        return after - before, error * self.wander[min(shorter.bit_length(), len(self.wander)) - 1], shorter

    def _least_variance(self, start: int, end: int) -> float:
        """Return the least variance of a point: that of the noise, or what the measurements themselves state."""
        return 1.0 if self.stated is None else max(1.0, float(self.stated[start:end].mean()))

    def separation(self, start: int, place: int, end: int) -> float:
        """Return the absolute value of Cliff's delta of both sides: 0 where they are mixed, 1 where none overlaps."""
        before = np.sort(self.x[max(start, place - SEPARATION_REACH) : place])
        after = self.x[place : min(end, place + SEPARATION_REACH)]
        below = (before.searchsorted(after, "left") + before.searchsorted(after, "right")).sum()
        return abs(float(below) / (len(before) * len(after)) - 1.0)

    def is_ramp(self, start: int, place: int, end: int) -> bool:
        """Return whether a straight line fits better than a step at *place*."""
        a, b = max(start, place - REACH), min(end, place + REACH)
        part = self.x[a:b] - self.x[a:b].mean()
        at = np.arange(b - a) - (b - a - 1) / 2
        line = float(at @ part) ** 2 / float(at @ at)
        left = part[: place - a]
        stepped = float(left.sum()) ** 2 * (1 / len(left) + 1 / (b - place))
        return bool(line > stepped)

    def mean(self, start: int, end: int) -> float:
        """Return the mean of the points *start* … *end* − 1."""
        total: float = self.sums[end] - self.sums[start]
        return total / (end - start)


def _without_spikes(signal: Floats) -> Floats:
    """Pull isolated points back towards the running median, which follows a lasting step."""
    half = min(_SPIKE_HALF_WINDOW, (len(signal) - 1) // 2)
    middle = np.median(np.lib.stride_tricks.sliding_window_view(signal, 2 * half + 1), axis=1)
    median = np.concatenate([np.full(half, middle[0]), middle, np.full(half, middle[-1])])
    off = np.abs(signal - median)
    # The median of a window follows its own points, so the residuals look a tenth smaller than the noise is.
    width = _SPIKE_WIDTH * (1.1 * _MAD_TO_SIGMA * float(np.median(off)) or 1.2533 * float(off.mean()))
    return np.clip(signal, median - width, median + width)
