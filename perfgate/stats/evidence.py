"""The evidence about one benchmark: its pairs in both stages, the estimates from them, and the conclusion once drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from perfgate.stats.estimates import Estimate, Prior, location
from perfgate.stats.judgments import Judgment
from perfgate.stats.pairs import BLOCKING_SWITCHES, Pair, pair_value

CERTAINTY_WITHIN = 0.99
"""One-sided confidence at each look of the screen with which "within" excludes a change beyond the budget. Over all
looks this certifies at most 5 % of the benchmarks that sit exactly at their budget."""

TRIM_FROM_SCREEN, TRIM_FROM_CONFIRM = 6, 16
"""Number of pairs from which the mean is trimmed, per stage. A plain mean confirms best from eight."""

WORTH_SUGGESTING = 0.1
"""Smallest share of the present noise that the reason still suggests to reach; below it, only another budget helps."""


@dataclass
class BenchmarkEvidence:
    """The pairs of one benchmark, and the conclusion once there is one."""

    limit: float
    """Budget on the log scale."""
    screened: list[Pair] = field(default_factory=list)
    confirmed: list[Pair] = field(default_factory=list)
    suspected: int = 0
    """+1: suspected to be slower, −1: suspected to be faster, 0: not a suspect."""
    outcome: Judgment | None = None
    """None while more pairs are wanted."""
    reason: str = ""
    _logs: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Value of each pair, in CPU and in wall time, by the pair's identity."""

    @property
    def pairs(self) -> list[Pair]:
        """All pairs, those of stage 1 first."""
        return self.screened + self.confirmed

    @property
    def blocks(self) -> bool:
        """Whether the benchmark blocks rather than computes."""
        switches = sorted(max(pair.base_switches, pair.candidate_switches) for pair in self.pairs)
        return bool(switches) and switches[len(switches) // 2] >= BLOCKING_SWITCHES

    def values(self, pairs: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """Return the log ratios of *pairs*, in wall time where the benchmark blocks."""
        wall = self.blocks
        for pair in pairs:
            if id(pair) not in self._logs:
                self._logs[id(pair)] = (pair_value(pair), pair_value(pair, wall=True))
        return np.array([self._logs[id(pair)][wall] for pair in pairs])

    def screen_estimate(self, prior: Prior, inflation: float) -> Estimate:
        """Estimate the change from the pairs of stage 1, with the variance shrunk towards the prior's."""
        mean, variance, freedom = location(self.values(self.screened), trim_from=TRIM_FROM_SCREEN)
        weight = prior.freedom + freedom
        shrunk = (prior.freedom * prior.variance + freedom * variance) / weight if weight else math.nan
        return Estimate(mean, inflation * math.sqrt(shrunk / len(self.screened)), weight)

    def confirm_estimate(self, inflation: float, trim_from: int = TRIM_FROM_CONFIRM) -> Estimate:
        """Estimate the change from the fresh pairs of stage 2 alone."""
        mean, variance, freedom = location(self.values(self.confirmed), trim_from=trim_from)
        return Estimate(mean, inflation * math.sqrt(variance / len(self.confirmed)), freedom)

    def in_suspected_direction(self, estimate: Estimate) -> Estimate:
        """Return *estimate* with the sides swapped where the benchmark is suspected to be faster."""
        return estimate if self.suspected > 0 else estimate.mirrored()

    def give_up(self, reason: str) -> None:
        """Conclude that the benchmark is inconclusive."""
        self.outcome, self.reason = Judgment.INCONCLUSIVE, reason

    def noise_reason(self, estimate: Estimate) -> str:
        """Say what is uncertain, and which budget or which reduction of the noise would make it conclusive."""
        where = "above" if estimate.mean > self.limit else "below"
        text = (
            f"the change lies {where} the budget, but {len(self.pairs)} pairs are too noisy to be sure"
            f" (standard error {math.expm1(estimate.error):.1%})"
        )
        certified = math.expm1(max(0.0, estimate.bound(CERTAINTY_WITHIN)))
        enough = abs(estimate.mean - self.limit) / (estimate.quantile(CERTAINTY_WITHIN) * estimate.error)
        quieter = f", or this one if the noise were {enough:.0%} of it" if enough >= WORTH_SUGGESTING else ""
        return f"{text}; a budget of {certified:.1%} would be certified{quieter}"

    def blocking_remark(self) -> str:
        """Say that the candidate blocks more or less often than the baseline; empty where it does not."""
        before = float(np.median([pair.base_switches for pair in self.pairs])) if self.pairs else 0.0
        after = float(np.median([pair.candidate_switches for pair in self.pairs])) if self.pairs else 0.0
        if abs(after - before) < BLOCKING_SWITCHES:
            return ""
        return f"it waits {after:.1f} times a call, {before:.1f} times before"
