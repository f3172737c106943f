"""Between the scale that people read and the scale of the statistics.

People read candidate ÷ baseline − 1. The statistics know costs: more is worse. For a metric where more is better they
judge the reciprocal of its values.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from perfgate.results.records import Direction
from perfgate.stats.judgments import BenchmarkJudgment

LARGEST_FALL = 1 - 1e-9
"""A metric cannot fall by 100 % or more: such a budget tolerates any fall."""

ROUNDING = 1e-9
"""Added to a budget, so that a change that equals it does not exceed it by a rounding error."""


class ShownEffect(NamedTuple):
    """A change as people read it, in fractions, and its levels; None: unknown."""

    effect: float | None
    low: float | None
    high: float | None
    """Ends of the interval that decides, low ≤ high."""
    smallest_detectable: float | None
    """A size: positive in both directions."""
    baseline: float | None
    candidate: float | None
    """Levels of both sides, in the metric's unit."""


def tolerated_growth(budget: float, direction: Direction) -> float:
    """Return a budget as the growth of a cost that the statistics tolerate.

    Args:
        budget: Largest tolerated change in the bad direction, a fraction of the baseline.
        direction: Which way of the metric is better.

    >>> [round(tolerated_growth(0.2, direction), 6) for direction in (Direction.LOWER, Direction.HIGHER)]
    [0.2, 0.25]
    """
    tolerated = budget + ROUNDING
    if direction is Direction.LOWER:
        return tolerated
    return 1 / (1 - min(tolerated, LARGEST_FALL)) - 1


def shown_effect(judgment: BenchmarkJudgment, direction: Direction) -> ShownEffect:
    """Return the numbers of a judgment on the scale that people read."""
    effect, low, high, detectable = map(
        _finite, (judgment.effect, judgment.low, judgment.high, judgment.smallest_detectable)
    )
    levels = [_finite(judgment.baseline), _finite(judgment.candidate)]
    if direction is Direction.LOWER:
        return ShownEffect(effect, low, high, detectable, *levels)
    fall = _reciprocal(detectable)
    # The larger the cost, the smaller the metric: the ends change places.
    return ShownEffect(
        _reciprocal(effect),
        _reciprocal(high),
        _reciprocal(low),
        None if fall is None else -fall,
        *(1 / cost if cost else None for cost in levels),
    )


def _reciprocal(growth: float | None) -> float | None:
    """Return the change of 1 ÷ x for a change of x, both fractions; None if it is unknown or infinite."""
    return None if growth is None or growth <= -1 else 1 / (1 + growth) - 1


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
