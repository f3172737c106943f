"""The evidence about one benchmark: its pairs in both stages, what the last look showed, and the conclusion once drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from perfgate.stats.estimates import Estimate, Prior, location
from perfgate.stats.judgments import Judgment
from perfgate.stats.pairs import BLOCKING_SWITCHES, Pair, pair_middle, pair_value

CERTAINTY_WITHIN = 0.99
"""One-sided confidence at each look of the screen with which "within" excludes a change beyond the budget. Over all
looks this certifies at most 5 % of the benchmarks that sit exactly at their budget."""

TRIM_FROM_SCREEN, TRIM_FROM_CONFIRM = 6, 16
"""Number of pairs from which the mean is trimmed, per stage. A plain mean confirms best from eight."""

WORTH_SUGGESTING = 0.1
"""Smallest share of the present noise that the reason still suggests to reach; below it, only another budget helps."""

UNCONFIRMED = "it looks slower than the budget allows, and no fresh pairs could confirm or clear it"


@dataclass(frozen=True)
class Look:
    """What the pairs of one stage show. The last look at a benchmark is the one that decides, and the one that is shown."""

    estimate: Estimate
    pairs: tuple[Pair, ...]
    """Those of the estimate."""
    certainty: float
    """One-sided confidence of its upper end."""
    is_fresh: bool
    """Whether the pairs are those of stage 2, which alone can call a benchmark changed."""
    is_wall: bool
    """Whether wall time was compared, and not CPU time."""

    @property
    def spread(self) -> float:
        """The standard deviation of one pair."""
        return self.estimate.error * math.sqrt(len(self.pairs))


@dataclass(eq=False)
class BenchmarkEvidence:
    """The pairs of one benchmark, and the conclusion once there is one."""

    limit: float
    """Budget on the log scale."""
    screened: list[Pair] = field(default_factory=list)
    confirmed: list[Pair] = field(default_factory=list)
    suspected: int = 0
    """+1: suspected to be slower, −1: suspected to be faster, 0: not a suspect."""
    is_parked: bool = False
    """Whether it gets more pairs only in the time that is allowed beyond the first screen."""
    weight: float = 1.0
    """Its part of the error rate of stage 2, relative to the other benchmarks there."""
    level: float = 0.0
    """One-sided error rate of the last test whether it changed; 0: there was none."""
    look: Look | None = None
    outcome: Judgment | None = None
    """None while more pairs are wanted."""
    reason: str = ""
    reached_limit: str = ""
    """What ended measuring before there was a conclusion."""
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

    def look_at_screen(self, prior: Prior, inflation: float) -> Estimate:
        """Keep and return what the pairs of stage 1 show now."""
        estimate = self.screen_estimate(prior, inflation)
        self.look = Look(estimate, tuple(self.screened), CERTAINTY_WITHIN, is_fresh=False, is_wall=self.blocks)
        return estimate

    def look_at_fresh(self, inflation: float, certainty: float) -> Estimate:
        """Keep and return what the pairs of stage 2 show now."""
        estimate = self.confirm_estimate(inflation)
        self.look = Look(estimate, tuple(self.confirmed), certainty, is_fresh=True, is_wall=self.blocks)
        return estimate

    def has_moved(self) -> bool:
        """Return whether the last look shows a change beyond the budget in the suspected direction, at `level`."""
        if self.look is None or not self.look.is_fresh:
            return False
        return self.in_suspected_direction(self.look.estimate).lower_bound(1 - self.level) > self.limit

    def is_certified(self) -> bool:
        """Return whether the last look excludes a change beyond the budget."""
        return self.look is not None and self.look.estimate.bound(self.look.certainty) <= self.limit

    def interval(self) -> tuple[float, float]:
        """Return the interval that decides, on the log scale; NaN where no look could decide.

        Its lower end is above the budget if and only if the benchmark regressed, its upper end is not if and only if it is
        within. A suspect that waits for fresh pairs has none: the pairs that made it a suspect cannot judge it.
        """
        if self.look is None or (self.suspected > 0 and not self.look.is_fresh):
            return math.nan, math.nan
        estimate, certainty = self.look.estimate, self.look.certainty
        tested = 1 - self.level if self.look.is_fresh else certainty
        return (
            estimate.lower_bound(certainty if self.suspected < 0 else tested),
            estimate.bound(tested if self.outcome is Judgment.IMPROVED else certainty),
        )

    def levels(self) -> tuple[float, float]:
        """Return the levels of both sides in the pairs of `estimate`, whose ratio they have; NaN where there is none."""
        pairs = self.look.pairs if self.look else self.pairs
        if math.isnan(self.estimate().mean):
            return math.nan, math.nan
        is_wall = self.look.is_wall if self.look else self.blocks
        middle = float(np.median([pair_middle(pair, wall=is_wall) for pair in pairs]))
        half = self.estimate().mean / 2
        return math.exp(middle - half), math.exp(middle + half)

    def estimate(self) -> Estimate:
        """Return the estimate of the last look; before the first one, the mean of at least two pairs without an error."""
        if self.look:
            return self.look.estimate
        return Estimate(float(self.values(self.pairs).mean()) if len(self.pairs) >= 2 else math.nan, math.nan, 0.0)

    def in_suspected_direction(self, estimate: Estimate) -> Estimate:
        """Return *estimate* with the sides swapped where the benchmark is suspected to be faster."""
        return estimate.mirrored() if self.suspected < 0 else estimate

    def give_up(self, limit: str, *, is_failure: bool = False) -> None:
        """Conclude that the benchmark is inconclusive, unless its last look certifies it.

        Args:
            limit: What ended measuring.
            is_failure: The benchmark itself failed: its noise is not the reason.
        """
        self.reached_limit = limit
        if self.suspected < 0 and self.is_certified() and not is_failure:
            self.outcome, self.reached_limit = Judgment.WITHIN, ""
            return
        self.outcome = Judgment.INCONCLUSIVE
        self.reason = limit if is_failure else f"{self._uncertainty()}; {limit}"

    def _uncertainty(self) -> str:
        """Say what is uncertain, and which budget or which reduction of the noise would make it conclusive."""
        if self.look is None:
            return f"{len(self.pairs)} pairs are too few to judge"
        if self.suspected > 0 and not self.look.is_fresh:
            return UNCONFIRMED
        estimate, certainty = self.look.estimate, self.look.certainty
        where = "above" if estimate.mean > self.limit else "below"
        text = (
            f"the change lies {where} the budget, but {len(self.look.pairs)} pairs are too noisy to be sure"
            f" (standard error {math.expm1(estimate.error):.1%})"
        )
        sufficient = math.expm1(max(0.0, estimate.bound(certainty)))
        enough = abs(estimate.mean - self.limit) / (estimate.quantile(certainty) * estimate.error)
        quieter = f", or this one if the noise were {enough:.0%} of it" if enough >= WORTH_SUGGESTING else ""
        return f"{text}; a budget of {sufficient:.1%} would be certified{quieter}"

    def blocking_remark(self) -> str:
        """Say that the candidate blocks more or less often than the baseline; empty where it does not."""
        before = float(np.median([pair.base_switches for pair in self.pairs])) if self.pairs else 0.0
        after = float(np.median([pair.candidate_switches for pair in self.pairs])) if self.pairs else 0.0
        if abs(after - before) < BLOCKING_SWITCHES:
            return ""
        return f"it waits {after:.1f} times a call, {before:.1f} times before"
