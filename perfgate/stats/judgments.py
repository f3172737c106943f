"""What statistics say about one benchmark and about a suite, before any policy is applied."""

from __future__ import annotations

import math
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
    where too few pairs were taken. All of them, and both levels, come from the same pairs: those of the last look.
    """

    outcome: Judgment
    effect: float
    """Candidate ÷ baseline − 1. Estimated from the fresh pairs of stage 2 where there are any, so that the selection of
    suspects does not exaggerate it."""
    low: float
    """Lower end of the interval that decides: "regressed" if and only if it is above the budget."""
    high: float
    """Upper end of that interval: "within" or "improved" if and only if it is not above the budget."""
    baseline: float = math.nan
    """Level of the baseline, in the unit of the pairs; NaN: no pair was taken."""
    candidate: float = math.nan
    """Level of the candidate: `baseline` × (1 + `effect`)."""
    error: float = math.nan
    """Standard error of the logarithm of 1 + `effect`, as a normal distribution with the same 95 % interval has it."""
    pairs: int
    """Number of pairs taken, in all stages."""
    seconds: float
    """What the pairs cost."""
    smallest_detectable: float
    """The effect that would have been called a regression with probability 0.9."""
    metric: str
    """``cpu_time``, or ``wall_time`` for a benchmark that blocks."""
    reason: str
    """Why the judgment is inconclusive, or a remark, such as that the benchmark blocks more or less often than before."""
    reached_limit: str = ""
    """The limit that ended measuring before the benchmark was decided, or its failure; empty if it is decided."""


class SuiteJudgment(dict[str, BenchmarkJudgment]):
    """The judgment of every benchmark, in the order given, and what holds for the whole suite."""

    inflation: float | None = None
    """λ: robust spread of the z-scores of the benchmarks that hardly moved; 1.1 to 1.3 on a sound runner. Beyond
    `MAX_INFLATION` all errors were widened by it. None where the suite is too small to tell."""
    undecided: int = 0
    """How many benchmarks were undecided after screening and confirmation."""
    allowed_seconds: float = 0.0
    """What more pairs of those could cost."""
    settling_seconds: float = 0.0
    """What more pairs of those did cost."""

    @property
    def time_note(self) -> str:
        """One sentence on the time for benchmarks that were undecided after the screen; empty if there were none."""
        if not self.undecided:
            return ""
        left = sum(bool(judgment.reached_limit) for judgment in self.values())
        were = "benchmark was" if self.undecided == 1 else "benchmarks were"
        return (
            f"{self.undecided} {were} undecided after screening and confirmation: {self.settling_seconds:.0f} s of the"
            f" {self.allowed_seconds:.0f} s allowed beyond the first screen were spent on more pairs, {left} remained."
        )
