"""Slow, obviously right statistics to hold the fast ones against."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean, median, stdev

from scipy import stats


def log_ratio(base: Sequence[float], candidate: Sequence[float]) -> float:
    """Median over the neighbouring samples of one pair."""
    return median(math.log(late) - math.log(early) for early, late in zip(base, candidate, strict=True))


def p_value_above(values: Sequence[float], limit: float) -> float:
    """One-sided paired t-test of "the mean is at most limit"."""
    return float(stats.ttest_1samp(values, limit, alternative="greater").pvalue)


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided t interval of the mean."""
    error = stdev(values) / math.sqrt(len(values))
    low, high = stats.t.interval(confidence, len(values) - 1, loc=mean(values), scale=error)
    return float(low), float(high)


def holm(p_values: Mapping[str, float], alpha: float) -> set[str]:
    """Reject the smallest p-value at alpha/m, the next at alpha/(m-1), and so on until one is not rejected."""
    rejected: set[str] = set()
    remaining = dict(p_values)
    while remaining:
        name = min(remaining, key=lambda one: remaining[one])
        if remaining[name] > alpha / len(remaining):
            break
        rejected.add(name)
        del remaining[name]
    return rejected
