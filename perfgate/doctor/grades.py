"""How noisy a machine is, and which changes can be detected on it; all from the spread of pair values of unchanged code.

The grades follow from the design of the gate: a 3 % budget, a screen of 3 to 12 pairs, confirmation of suspects on fresh
pairs. An unchanged benchmark is certified once ``|mean| + t(.99) s / √n`` lies below the budget. Nine in ten are certified
where ``(t(.99) + 1.28) s / √n`` does, with t of n + 3 degrees of freedom, because the suite shares its variance.
`detectable_change` says what n fresh pairs confirm. The largest spread *s* of each grade, rounded down:

    A   1.1 %   an unchanged benchmark is certified after 3 pairs
    B   2.0 %   … after 8
    C   2.6 %   … after 12, the last look
    D   4.3 %   many end inconclusive; a slowdown of 10 % is still confirmed by the first 8 fresh pairs
    E   10 %    most end inconclusive; 10 % is confirmed by 32
    F   more    undecidable
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr, stdtrit

BUDGET = 0.03
"""Tolerated slowdown at which the table of detectable changes starts: the gate's default."""

ALPHA, LOOKS = 0.05, 4
"""Probability of any false "regressed" in a suite, and the number of looks over which the confirmation splits it."""

POWER = 0.9
"""Probability with which the smallest detectable change is found."""

GROUP = 4
"""Pairs that make one z-score for λ: both orders of starting and of sampling occur equally often in it."""

MIN_SCORES = 20
"""Number of z-scores from which λ is estimated: with fewer, chance alone exceeds its limit in more than one run in
twenty."""


def pairs_for_inflation(workloads: int) -> int:
    """Return how many pairs of so many workloads, taken in turn, give λ."""
    return math.ceil(MIN_SCORES / workloads) * GROUP * workloads


LARGEST_SPREADS = {"A": 0.011, "B": 0.020, "C": 0.026, "D": 0.043, "E": 0.10}

Values = npt.NDArray[np.float64]


class Grade(StrEnum):
    """How noisy a machine is, by the spread of a pair value."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


@dataclass(frozen=True, kw_only=True)
class DetectableChange:
    """What so many pairs of a benchmark can detect, and what they cost."""

    pairs: int
    smallest_detectable: float
    """A slowdown, as a fraction, that is called a regression with probability 0.9."""
    seconds: float
    """Cost for one benchmark of short calls."""


def robust_spread(values: Values) -> float:
    """Return the standard deviation of A/A pair values, from their median distance to the known truth, 0.

    About one pair in two hundred is off by half or more on any machine. The gate trims those, and so does a median.

    >>> round(robust_spread(np.array([-0.01, 0.01, -0.01, 0.9])), 4)
    0.0148
    """
    return 1.4826 * float(np.median(np.abs(values)))


def grade_for(spread: float) -> Grade:
    """Return the grade for a spread of the pair value.

    >>> grade_for(0.004), grade_for(0.02), grade_for(0.5)
    (<Grade.A: 'A'>, <Grade.B: 'B'>, <Grade.F: 'F'>)
    """
    return next((Grade(name) for name, largest in LARGEST_SPREADS.items() if spread <= largest), Grade.F)


def inflation(values: Mapping[str, Values]) -> float | None:
    """Return λ, the robust standard deviation of the z-scores of unchanged code; None below `MIN_SCORES` of them.

    Each workload gives one score per `GROUP` consecutive pairs: the group's t statistic, converted to the normal scale by
    its probability. Chance gives 1. More means that errors of pairs are correlated: the machine drifts, or favors a side.

    Args:
        values: Workload to pair values in the order taken.
    """
    scores = [
        _score(taken[start : start + GROUP])
        for taken in values.values()
        for start in range(0, len(taken) - GROUP + 1, GROUP)
    ]
    return 1.4826 * float(np.median(np.abs(scores))) if len(scores) >= MIN_SCORES else None


def _score(group: Values) -> float:
    error = float(group.std(ddof=1)) / math.sqrt(len(group))
    if error == 0:
        return 0.0
    return float(ndtri(stdtr(len(group) - 1, -abs(float(group.mean())) / error)))


def detectable_change(spread: float, pairs: int, pair_seconds: float) -> DetectableChange:
    """Return the smallest slowdown that *pairs* fresh pairs of one suspect confirm as beyond the budget.

    ``exp(ln(1 + budget) + (t(1 - alpha / looks) + t(power)) · spread / √pairs) - 1`` with ``pairs - 1`` degrees of
    freedom.

    >>> round(detectable_change(0.02, 8, 0.15).smallest_detectable, 3)
    0.061
    """
    quantiles = stdtrit(pairs - 1, 1 - ALPHA / LOOKS) + stdtrit(pairs - 1, POWER)
    smallest = math.expm1(math.log1p(BUDGET) + float(quantiles) * spread / math.sqrt(pairs))
    return DetectableChange(pairs=pairs, smallest_detectable=smallest, seconds=pairs * pair_seconds)
