"""One stretch of a series -> the borders between its levels, each with the log-odds that it is a lasting change.

1. Logarithms (a step is relative); spikes are pulled back to a running median; the noise is read from the differences of
   neighbours, which a step moves one of.
2. Splitting top-down wherever means beside each other differ at all, seen through windows of three widths.
3. Joining bottom-up: the weakest border goes, its neighbours are weighed again, until each that is left holds. A border is
   weighed by the *log-odds* of four things: how many standard errors high its step is, the errors widened by how much this
   series wanders anyway at that time scale; how cleanly the points of both sides separate (Cliff's delta), which no
   outlier can fake; how large the step is for people; and how many points the shorter side has. The weights are those of
   a logistic regression on borders in real noise with known changes (docs/explanation/history.md).
4. What a straight line explains as well is no step, and what soon comes back is no change, unless it is beyond doubt.

Pure numbers; a few microseconds a point, linear in their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Weigh = Callable[[int, int, int], float]
"""Start of the level before, first point of the new one, its end: what a border there weighs."""

REACH = 60
"""Points on either side that a border is weighed by; older ones say nothing about it."""

MIN_SIDE = 4
"""Fewest points of a level."""

SHOWN_FROM = -0.65
"""Log-odds from which a border is shown. Marking whatever is likelier than half of the attainable F1 maximises F1; this is a
little more, for a false mark costs its readers more than a small change that is not seen."""

CANDIDATES_FROM = -4.0
"""Log-odds from which a border may be part of a change that many series share."""

PER_LOG_ERROR, USUAL_ERRORS = 2.4, 5.0
PER_SEPARATION, USUAL_SEPARATION = 4.7, 0.6
PER_LOG_SIZE, USUAL_SIZE = 0.24, 0.02
PER_SHORTNESS, USUAL_SIDE = 30.0, 40
PRIOR = -1.55
"""The weights: log-odds = PRIOR + PER_… × (what is seen − what is usual), see `_Stretch.log_odds`."""

FRESH = 6.0
"""Divided by the points since the border and taken off: what has just come may just go."""

RAMP = 1.8
"""Taken off where a straight line fits better than a step."""

SEPARATION_REACH = 24
"""Points on either side whose separation counts."""

EXCURSION = 30
"""A level that lasts no longer than this and then returns is no change …"""

BEYOND_DOUBT = 2.0
"""… unless one of its borders has these log-odds: a regression that was surely there is not forgotten with its fix."""

MIN_RELATIVE_STEP = 0.003
"""Smallest step worth a mark, as a fraction."""

MIN_NOISES = 0.5
"""Smallest step worth a mark, in standard deviations of the noise."""

_SPIKE_HALF_WINDOW, _SPIKE_WIDTH = 3, 3.0
_SPLIT_WINDOWS, _SPLIT_FROM, _MIN_SPLIT = (8, 20, 60), 3.0, 3
_MAD_TO_SIGMA = 1.4826
_FAINT, _FAINT_SHORT = 2.5, 6.0
"""Standard errors that a border needs to be weighed at all, and what short sides need beside."""
_CLEAR, _CLEAR_SHORT = 10.0, 12.0
"""Standard errors of a border that is taken out before the wander of a series is read."""
_MAX_WANDER, _WANDER_POWER = 4.0, 0.7
_WANDER_QUANTILE, _NORMAL_QUANTILE = 0.45, 0.5978
"""A low quantile of the absolute differences, and that of the standard normal: true steps move few of them."""
_REFINE_REACH = 8
_TINY = float(np.finfo(float).tiny)
_MAX_VARIANCE = 1e200
"""More than any step exceeds, and still a number whose sums and logarithms are numbers."""


@dataclass(frozen=True)
class Border:
    """A place where the level may have changed."""

    index: int
    """First point of the new level."""
    step: float
    """Height on the scale of the stretch: log ratio, or a part of its magnitude where values are not positive."""
    error: float
    """Standard error of *step*, widened by the wander of the series."""
    log_odds: float


def borders(values: Floats, errors: Floats | None = None) -> tuple[list[Border], list[Border]]:
    """Return the borders between the levels of one stretch that are shown, and all that may be some, oldest first.

    Args:
        values: Shape (n,), finite.
        errors: Shape (n,), standard errors of the values, infinite where unknown. None: unknown.
    """
    if len(values) < 2 * MIN_SIDE or np.ptp(values) == 0:
        return [], []
    stretch = _Stretch(values, errors)
    split = stretch.split()
    stretch.learn_wander(stretch.join(split, stretch.clear_by))
    possible = stretch.join(stretch.join(split, stretch.seen_by), stretch.possible_by)
    found = stretch.join(possible, stretch.shown_by)
    lasting = stretch.without_excursions(found)
    if len(lasting) < len(found):
        found = stretch.join(lasting, stretch.shown_by)
    return stretch.described(found), stretch.described(possible)


class _Stretch:
    """The values of one stretch in units of their own noise, with running sums."""

    def __init__(self, values: Floats, errors: Floats | None) -> None:
        logarithmic = bool((values > 0).all())
        sizes = np.abs(values)
        # Where most values are next to nothing, the largest says what is large; a part of the smallest number there is, is 0.
        self.magnitude = 1.0 if logarithmic else max(float(np.median(sizes)), 1e-6 * float(sizes.max()), _TINY)
        raw = np.log(values) if logarithmic else values / self.magnitude
        signal = _without_spikes(raw - np.median(raw))
        steps = np.abs(np.diff(signal))
        noise = _MAD_TO_SIGMA * float(np.median(steps)) / math.sqrt(2) or 0.5 * float(steps.mean())
        self.noise = max(noise, 1e-5)
        self.x: Floats = signal / self.noise
        self.length = len(values)
        self.sums: list[float] = [0.0, *np.cumsum(self.x).tolist()]
        self.squares: list[float] = [0.0, *np.cumsum(self.x**2).tolist()]
        self.stated: Floats | None = None
        if errors is not None and np.isfinite(errors).any():
            scale = values if logarithmic else self.magnitude
            with np.errstate(over="ignore"):
                stated = (np.where(np.isfinite(errors), errors, 0.0) / scale / self.noise) ** 2
            self.stated = np.minimum(stated, _MAX_VARIANCE)
        self.least_step = max(MIN_RELATIVE_STEP / self.noise, MIN_NOISES)
        self.wander = [1.0]

    def split(self) -> list[int]:
        """Return every place where the means on both sides differ, far too many of them."""
        sums = np.array(self.sums)
        found, pending = [], [(0, self.length)]
        while pending:
            start, end = pending.pop()
            if end - start < 2 * _MIN_SPLIT:
                continue
            places = np.arange(start + _MIN_SPLIT, end - _MIN_SPLIT + 1)
            scores = np.zeros(len(places))
            for window in _SPLIT_WINDOWS:
                left, right = np.maximum(places - window, start), np.minimum(places + window, end)
                before, after = places - left, right - places
                step = (sums[right] - sums[places]) / after - (sums[places] - sums[left]) / before
                np.maximum(scores, np.abs(step) / np.sqrt(1 / before + 1 / after), out=scores)
                if window >= end - start:
                    break
            best = int(np.argmax(scores))
            if scores[best] >= _SPLIT_FROM:
                place = int(places[best])
                found.append(place)
                pending += [(start, place), (place, end)]
        return sorted(found)

    def join(self, places: Sequence[int], weigh: _Weigh) -> list[int]:
        """Take out the weakest border and weigh its neighbours again, until all weigh at least 0."""
        edges = [0, *places, self.length]
        weights: list[float | None] = [None] * len(edges)
        while len(edges) > 2:
            for i in range(1, len(edges) - 1):
                if weights[i] is None:
                    weights[i] = weigh(edges[i - 1], edges[i], edges[i + 1])
            weakest = min(range(1, len(edges) - 1), key=lambda i: weights[i] or 0.0)
            if (weights[weakest] or 0.0) >= 0:
                break
            del edges[weakest], weights[weakest]
            weights[weakest - 1] = None
            if weakest < len(weights):
                weights[weakest] = None
        return edges[1:-1]

    def learn_wander(self, clear: Sequence[int]) -> None:
        """Read how much more than white noise adjacent means differ, at each time scale, between *clear* borders."""
        edges = [0, *clear, self.length]
        rest = np.concatenate([self.x[a:b] - np.median(self.x[a:b]) for a, b in pairwise(edges)])
        sums = np.concatenate([[0.0], np.cumsum(rest)])
        self.wander, width, now = [], 1, 1.0
        while width <= REACH:
            if self.length >= max(6 * width, 2 * width + 7):
                apart = np.abs(sums[2 * width :] - 2 * sums[width:-width] + sums[: -2 * width]) / width
                seen = float(np.quantile(apart, _WANDER_QUANTILE, method="lower")) / _NORMAL_QUANTILE
                now = min(_MAX_WANDER, max(1.0, seen / math.sqrt(2 / width)) ** _WANDER_POWER)
            self.wander.append(now)
            width *= 2

    def clear_by(self, start: int, place: int, end: int) -> float:
        """Return by how many standard errors a step exceeds what is taken out before the wander is read."""
        step, error, shorter = self.step(start, place, end)
        if shorter < MIN_SIDE or abs(step) < self.least_step:
            return -math.inf
        return abs(step) / error - _CLEAR - _CLEAR_SHORT / shorter

    def seen_by(self, start: int, place: int, end: int) -> float:
        """Return by how many standard errors a step exceeds what is worth weighing."""
        step, error, shorter = self.step(start, place, end)
        return abs(step) / error - _FAINT - _FAINT_SHORT / shorter

    def possible_by(self, start: int, place: int, end: int) -> float:
        """Return by how much the log-odds exceed those of a candidate."""
        return self.log_odds(start, place, end) - CANDIDATES_FROM

    def shown_by(self, start: int, place: int, end: int) -> float:
        """Return by how much the log-odds exceed those of what is shown."""
        return self.log_odds(start, place, end) - SHOWN_FROM

    def step(self, start: int, place: int, end: int) -> tuple[float, float, int]:
        """Return the step at *place* between *start* and *end*, its widened error, and the points of the shorter side."""
        left, right = min(place - start, REACH), min(end - place, REACH)
        a, b = place - left, place + right
        before, after = (self.sums[place] - self.sums[a]) / left, (self.sums[b] - self.sums[place]) / right
        sum_before = max(0.0, self.squares[place] - self.squares[a] - left * before**2)
        sum_after = max(0.0, self.squares[b] - self.squares[place] - right * after**2)
        pooled = (sum_before + sum_after) / max(1, left + right - 2)
        # Three points or fewer say next to nothing about their own variance.
        of_before = sum_before / (left - 1) if left > _MIN_SPLIT else pooled
        of_after = sum_after / (right - 1) if right > _MIN_SPLIT else pooled
        floor_before, floor_after = self.floor(a, place), self.floor(place, b)
        error = math.sqrt(max(of_before, floor_before) / left + max(of_after, floor_after) / right)
        shorter = min(left, right)
        return after - before, error * self.wander[min(shorter.bit_length(), len(self.wander)) - 1], shorter

    def floor(self, start: int, end: int) -> float:
        """Return the least variance of a point: that of the noise, or what the measurements themselves state."""
        return 1.0 if self.stated is None else max(1.0, float(self.stated[start:end].mean()))

    def log_odds(self, start: int, place: int, end: int) -> float:
        """Return the log-odds that the level changed for good at *place*."""
        step, error, shorter = self.step(start, place, end)
        if abs(step) < self.least_step or shorter < MIN_SIDE:
            return -math.inf
        odds = (
            PRIOR
            + PER_LOG_ERROR * math.log(abs(step) / error / USUAL_ERRORS)
            + PER_LOG_SIZE * math.log(abs(step) * self.noise / USUAL_SIZE)
            - PER_SHORTNESS * (1 / shorter - 1 / USUAL_SIDE)
            - FRESH / (self.length - place)
        )
        if odds + PER_SEPARATION * (1 - USUAL_SEPARATION) < CANDIDATES_FROM:
            return odds
        odds += PER_SEPARATION * (self.separation(start, place, end) - USUAL_SEPARATION)
        return odds - RAMP if odds > CANDIDATES_FROM and self.is_ramp(start, place, end) else odds

    def separation(self, start: int, place: int, end: int) -> float:
        """Return Cliff's delta of both sides, without its sign: 0 where they are mixed, 1 where none overlaps."""
        before = np.sort(self.x[max(start, place - SEPARATION_REACH) : place])
        after = self.x[place : min(end, place + SEPARATION_REACH)]
        below = (before.searchsorted(after, "left") + before.searchsorted(after, "right")).sum()
        return abs(float(below) / (len(before) * len(after)) - 1.0)

    def is_ramp(self, start: int, place: int, end: int) -> bool:
        """Return whether a straight line leaves less than a step does."""
        a, b = max(start, place - REACH), min(end, place + REACH)
        part = self.x[a:b] - self.x[a:b].mean()
        at = np.arange(b - a) - (b - a - 1) / 2
        line = float(at @ part) ** 2 / float(at @ at)
        left = part[: place - a]
        stepped = float(left.sum()) ** 2 * (1 / len(left) + 1 / (b - place))
        return bool(line > stepped)

    def without_excursions(self, places: Sequence[int]) -> list[int]:
        """Drop the pairs of borders between which a level only visited."""
        kept, i = list(places), 0
        while i + 1 < len(kept):
            start, there, back = kept[i - 1] if i else 0, kept[i], kept[i + 1]
            end = kept[i + 2] if i + 2 < len(kept) else self.length
            if back - there <= EXCURSION and self._only_visits(start, there, back, end):
                del kept[i : i + 2]
                i = max(0, i - 1)
            else:
                i += 1
        return kept

    def _only_visits(self, start: int, there: int, back: int, end: int) -> bool:
        before, after = self._mean(max(start, there - REACH), there), self._mean(back, min(end, back + REACH))
        away = abs(self._mean(there, back) - (before + after) / 2)
        if abs(after - before) >= away / 2:
            return False
        clearer = max(self.log_odds(start, there, back), self.log_odds(there, back, end))
        return clearer < BEYOND_DOUBT

    def _mean(self, start: int, end: int) -> float:
        total: float = self.sums[end] - self.sums[start]
        return total / (end - start)

    def placed(self, places: Sequence[int]) -> list[int]:
        """Move each border to where both sides leave the least squared error."""
        moved, sums = list(places), np.array(self.sums)
        for i, place in enumerate(moved):
            start, end = moved[i - 1] if i else 0, moved[i + 1] if i + 1 < len(moved) else self.length
            near = np.arange(
                max(start + MIN_SIDE, place - _REFINE_REACH), min(end - MIN_SIDE, place + _REFINE_REACH) + 1
            )
            left, right = sums[near] - sums[start], sums[end] - sums[near]
            moved[i] = int(near[np.argmax(left**2 / (near - start) + right**2 / (end - near))])
        return moved

    def described(self, places: Sequence[int]) -> list[Border]:
        """Return the borders at *places*, each moved to its best place, in the units of the values."""
        edges = [0, *self.placed(places), self.length]
        found = []
        for start, place, end in zip(edges, edges[1:], edges[2:], strict=False):
            step, error, _ = self.step(start, place, end)
            odds = self.log_odds(start, place, end)
            found.append(Border(place, step * self.noise, error * self.noise, odds))
        return found


def _without_spikes(signal: Floats) -> Floats:
    """Pull isolated points back towards the running median; a lasting step is carried by the median itself."""
    half = min(_SPIKE_HALF_WINDOW, (len(signal) - 1) // 2)
    middle = np.median(np.lib.stride_tricks.sliding_window_view(signal, 2 * half + 1), axis=1)
    median = np.concatenate([np.full(half, middle[0]), middle, np.full(half, middle[-1])])
    off = np.abs(signal - median)
    # The median of a window follows its own points: what is left looks a tenth quieter than it is.
    width = _SPIKE_WIDTH * (1.1 * _MAD_TO_SIGMA * float(np.median(off)) or 1.2533 * float(off.mean()))
    return np.clip(signal, median - width, median + width)
