"""What statistics say about one benchmark and about a suite, before any policy is applied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_INFLATION = 1.5
"""Largest λ of a sound runner, see `SuiteJudgment.inflation`; beyond, all standard errors are multiplied by λ."""


class Judgment(StrEnum):
    """How a benchmark changed, as far as the measurements show."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    WITHIN = "within"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class BenchmarkJudgment:
    """The judgment of one benchmark, with the numbers behind it.

    `effect`, `low`, `high` and `smallest_detectable` are fractions (``+0.1``: the candidate takes 10 % longer) and NaN
    where fewer than two pairs were taken.
    """

    outcome: Judgment
    effect: float
    """Candidate ÷ baseline − 1. Estimated from the fresh pairs of stage 2 where there are any, so that the selection of
    suspects does not exaggerate it."""
    low: float
    """Lower end of the two-sided 95 % interval of the effect."""
    high: float
    """Upper end of that interval."""
    pairs: int
    """Number of pairs taken, in both stages."""
    seconds: float
    """What the pairs cost."""
    smallest_detectable: float
    """The effect that would have been called a regression with probability 0.9."""
    metric: str
    """``cpu_time``, or ``wall_time`` for a benchmark that blocks."""
    reason: str
    """Why the judgment is inconclusive, or a remark, such as that the benchmark blocks more or less often than before."""


class SuiteJudgment(dict[str, BenchmarkJudgment]):
    """The judgment of every benchmark, in the order given, and the noise estimate of the whole suite."""

    inflation: float | None = None
    """λ: robust spread of the z-scores of the benchmarks that hardly moved; 1.1 to 1.3 on a sound runner. Beyond
    `MAX_INFLATION` all errors were widened by it. None where the suite is too small to tell."""
