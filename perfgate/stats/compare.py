"""Compare two sides that were measured apart: what can be said from their result files alone.

Pairs measured in turn on one machine are judged by `perfgate.stats.sequential`. Here the two files come from separate runs,
so environment noise is part of the difference and cannot be removed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance

MIN_PROCESSES = 4
"""Fewest processes per side from which a spread between processes is worth estimating."""

WIDENING = 2.0
"""Factor on the standard error. Runs made one after the other differ by more than their processes do: on unchanged code
the z-scores of sequential layouts have 1.5 to 1.9 times the spread of a normal distribution."""


@dataclass(frozen=True)
class FileComparison:
    """The candidate compared with the baseline, from two files."""

    effect: float
    """Candidate ÷ baseline − 1; NaN where the baseline is 0."""
    low: float | None
    """Lower end of the 95 % confidence interval; None: cannot be certified."""
    high: float | None
    """Upper end."""
    processes: tuple[int, int]
    """Number of processes of the baseline and of the candidate."""
    reason: str
    """Why there is no interval, or what weakens it."""


def compare_files(baseline: Sequence[float], candidate: Sequence[float]) -> FileComparison:
    """Compare the levels of two sides that were measured apart.

    Args:
        baseline: One level per process, all > 0 or a single value, in the metric's unit.
        candidate: The same of the other side.

    Returns:
        The effect, with a widened Welch interval on the logarithms where both sides have `MIN_PROCESSES`.

    Source:
        Welch (1947); degrees of freedom after Satterthwaite (1946). Two-sided, ddof = 1.

    >>> compare_files([1.0], [1.1]).reason
    'cannot certify: one process per side'
    """
    processes = (len(baseline), len(candidate))
    before, after = median(baseline), median(candidate)
    if min(processes) < MIN_PROCESSES or min(*baseline, *candidate) <= 0:
        effect = after / before - 1 if before else math.nan
        return FileComparison(effect, None, None, processes, _why_not(processes))
    difference, half = _welch(*([math.log(value) for value in side] for side in (baseline, candidate)))
    return FileComparison(
        effect=math.expm1(difference),
        low=math.expm1(difference - half),
        high=math.expm1(difference + half),
        processes=processes,
        reason="sequential layout, cannot certify",
    )


def _welch(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return the difference of the means, and half the width of its widened 95 % interval."""
    vx, vy = variance(x) / len(x), variance(y) / len(y)
    difference, error = fmean(y) - fmean(x), math.sqrt(vx + vy)
    if error == 0:
        return difference, 0.0
    from scipy.special import stdtrit  # noqa: PLC0415 - costs 0.2 s, and most files hold one process per side

    freedom = (vx + vy) ** 2 / (vx**2 / (len(x) - 1) + vy**2 / (len(y) - 1))
    return difference, WIDENING * error * float(stdtrit(freedom, 0.975))


def _why_not(processes: tuple[int, int]) -> str:
    if processes == (1, 1):
        return "cannot certify: one process per side"
    if min(processes) < MIN_PROCESSES:
        return f"cannot certify: {processes[0]} and {processes[1]} processes, {MIN_PROCESSES} a side are needed"
    return "cannot certify: values of 0 or below have no ratio"
