"""One series -> the points at which its level changed for good.

Binary segmentation (Scott & Knott 1974) on the logarithms, with three guards that benchmark histories need: single
spikes are pulled back to a running median, a split must stand out against the noise of the points next to it and not
of the whole history, and short segments must be clearer than long ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

MIN_SEGMENT = 5
"""Fewest points of a level."""

WINDOWS = (10, 20, 60)
"""Points on either side through which a split is looked at; older ones say nothing about it."""

THRESHOLD = 6.5
"""Standard errors that a step between long segments needs."""

SHORT_SEGMENT_SURCHARGE = 12.0
"""Divided by the shorter side and added to the threshold: six points need two more."""

MIN_RELATIVE_STEP = 0.005
"""Smallest step worth a mark, as a fraction."""

SPIKE_WIDTH = 3.0
"""Points further than this many robust standard deviations from the running median are pulled back to that bound."""

_MEDIAN_WINDOW = 7
_REFINE_REACH = 15
_MAD_TO_SIGMA = 1.4826

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChangePoint:
    """The first point of a new level."""

    index: int
    """Position of the first point of the new level."""
    effect: float
    """After ÷ before − 1 (for series with values ≤ 0: the difference over the median magnitude)."""
    low: float
    high: float
    """Ends of the 95 % confidence interval of the effect."""
    confidence: float
    """1 − the two-sided p-value of this step alone, before any correction for having searched."""
    before: float
    after: float
    """Levels of the points next to the step, in the series' unit."""


def find_change_points(values: ArrayLike, *, segments: Sequence[object] | None = None) -> tuple[ChangePoint, ...]:
    """Find the lasting changes of level in one series.

    Args:
        values: Shape (n,), oldest first, finite, in any unit.
        segments: Length n; where a label differs from the one before (a new environment or benchmark version), a new
            segment begins, which is searched on its own and never counts as a change. None: one segment.

    Returns:
        Change points in ascending order. The same values always give the same answer.

    Raises:
        ValueError: A value is not finite, or *segments* has another length.

    >>> [c.index for c in find_change_points([1.00, 1.01, 0.99, 1.0, 1.01, 1.0] + [1.2, 1.21, 1.19, 1.2, 1.2, 1.21])]
    [6]
    """
    series = np.asarray(values, float)
    if not np.isfinite(series).all():
        raise ValueError("values must be finite; leave failed measurements out")
    if segments is not None and len(segments) != len(series):
        raise ValueError(f"{len(segments)} segment labels for {len(series)} values")
    found: list[ChangePoint] = []
    for start, end in _stretches(segments, len(series)):
        found += _search(series[start:end], start)
    return tuple(found)


def _stretches(segments: Sequence[object] | None, length: int) -> list[tuple[int, int]]:
    """Return the half-open ranges of equal neighbouring labels."""
    if segments is None:
        return [(0, length)]
    edges = [0, *(i for i in range(1, length) if segments[i] != segments[i - 1]), length]
    return list(pairwise(edges))


def _search(series: Floats, offset: int) -> list[ChangePoint]:
    if len(series) < 2 * MIN_SEGMENT or np.ptp(series) == 0:
        return []
    logarithmic = bool((series > 0).all())
    scale = 1.0 if logarithmic else float(np.median(np.abs(series))) or float(np.abs(series).max())
    relative: Floats = np.asarray(np.log(series) if logarithmic else series / scale, np.float64)
    signal = _without_spikes(relative)
    noise = _noise(signal)
    splits: list[int] = []
    pending = [(0, len(signal))]
    while pending:
        start, end = pending.pop()
        split = _best_split(signal, start, end, noise)
        if split is not None:
            splits.append(split)
            pending += [(start, split), (split, end)]
    kept = _settled(signal, sorted(splits), noise)
    edges = [0, *kept, len(signal)]
    return [
        _described(series, signal, (edges[i], edges[i + 1], edges[i + 2]), offset, noise, logarithmic=logarithmic)
        for i in range(len(kept))
    ]


def _without_spikes(signal: Floats) -> Floats:
    """Pull isolated points back towards the running median; a lasting step is carried by the median itself."""
    half = _MEDIAN_WINDOW // 2
    windows = np.lib.stride_tricks.sliding_window_view(signal, _MEDIAN_WINDOW)
    middle = np.median(windows, axis=1)
    median = np.concatenate([np.full(half, middle[0]), middle, np.full(half, middle[-1])])
    width = SPIKE_WIDTH * (_MAD_TO_SIGMA * float(np.median(np.abs(signal - median))) or float(np.std(signal - median)))
    return np.clip(signal, median - width, median + width)


def _noise(signal: Floats) -> float:
    """Return the short-term standard deviation, from the MAD of first differences; a step moves one of them only."""
    steps = np.abs(np.diff(signal))
    return max(_MAD_TO_SIGMA * float(np.median(steps)) / math.sqrt(2), 1e-6)


def _scores(signal: Floats, start: int, end: int, noise: float) -> tuple[NDArray[np.int64], Floats]:
    """Return all admissible splits of ``signal[start:end]`` and how far each exceeds what it needs (>= 1: enough).

    Each split is seen through every window, and the clearest view counts: a level that did not last is visible to the
    short windows only, a small step to the long ones only.
    """
    splits = np.arange(start + MIN_SEGMENT, end - MIN_SEGMENT + 1)
    part = signal[start:end] - signal[start]
    sums, squares = np.concatenate([[0.0], np.cumsum(part)]), np.concatenate([[0.0], np.cumsum(part**2)])
    views = [_seen_through(window, splits, sums, squares, (start, end), noise) for window in WINDOWS]
    return splits, np.max(views, axis=0)


def _seen_through(
    window: int, splits: NDArray[np.int64], sums: Floats, squares: Floats, edges: tuple[int, int], noise: float
) -> Floats:
    left, right = np.maximum(splits - window, edges[0]), np.minimum(splits + window, edges[1])
    n_left, n_right = splits - left, right - splits
    at, to_left, to_right = splits - edges[0], left - edges[0], right - edges[0]
    mean_left, mean_right = (sums[at] - sums[to_left]) / n_left, (sums[to_right] - sums[at]) / n_right
    var_left = (squares[at] - squares[to_left]) / n_left - mean_left**2
    var_right = (squares[to_right] - squares[at]) / n_right - mean_right**2
    floor = noise**2
    error = np.sqrt(
        np.maximum(var_left * n_left / (n_left - 1), floor) / n_left
        + np.maximum(var_right * n_right / (n_right - 1), floor) / n_right
    )
    step = np.abs(mean_right - mean_left)
    needed = THRESHOLD + SHORT_SEGMENT_SURCHARGE / np.minimum(n_left, n_right)
    return np.where(step >= MIN_RELATIVE_STEP, step / error / needed, 0.0)


def _best_split(signal: Floats, start: int, end: int, noise: float) -> int | None:
    if end - start < 2 * MIN_SEGMENT:
        return None
    splits, scores = _scores(signal, start, end, noise)
    best = int(np.argmax(scores))
    return int(splits[best]) if scores[best] >= 1 else None


def _settled(signal: Floats, splits: list[int], noise: float) -> list[int]:
    """Drop, weakest first, the splits that do not stand between their final neighbours; then move each to its place."""
    while splits:
        edges = [0, *splits, len(signal)]
        strength = []
        for i, split in enumerate(splits):
            positions, scores = _scores(signal, edges[i], edges[i + 2], noise)
            strength.append(float(scores[np.flatnonzero(positions == split)].max(initial=0.0)))
        weakest = int(np.argmin(strength))
        if strength[weakest] >= 1:
            break
        del splits[weakest]
    edges = [0, *splits, len(signal)]
    return [_place(signal, edges[i], split, edges[i + 2]) for i, split in enumerate(splits)]


def _place(signal: Floats, start: int, split: int, end: int) -> int:
    """Return the split near *split* that leaves the least squared error on both sides."""
    candidates = np.arange(
        max(start + MIN_SEGMENT, split - _REFINE_REACH), min(end - MIN_SEGMENT, split + _REFINE_REACH) + 1
    )
    part = signal[start:end] - signal[start:end].mean()
    sums = np.cumsum(part)[candidates - start - 1]
    gain = sums**2 * (1 / (candidates - start) + 1 / (end - candidates))
    return int(candidates[int(np.argmax(gain))])


def _described(
    series: Floats, signal: Floats, edges: tuple[int, int, int], offset: int, noise: float, *, logarithmic: bool
) -> ChangePoint:
    """Return the change point at ``edges[1]`` with its effect and the levels beside it."""
    start, split, end = edges
    before, after = slice(max(start, split - WINDOWS[-1]), split), slice(split, min(end, split + WINDOWS[-1]))
    x, y = signal[before], signal[after]
    step = float(y.mean() - x.mean())
    error = math.sqrt(max(x.var(ddof=1), noise**2) / len(x) + max(y.var(ddof=1), noise**2) / len(y))
    freedom = len(x) + len(y) - 2
    half = error * float(stdtrit(freedom, 0.975))
    ends = (step, step - half, step + half)
    effect, low, high = (math.expm1(each) for each in ends) if logarithmic else ends
    return ChangePoint(
        index=offset + split,
        effect=effect,
        low=low,
        high=high,
        confidence=1 - 2 * (1 - float(stdtr(freedom, abs(step) / error))),
        before=float(np.median(series[before])),
        after=float(np.median(series[after])),
    )
