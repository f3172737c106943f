"""Judge which benchmarks of a suite got slower, from live pairs: screen all, confirm the suspects, stop when decided.

    1. Screen.   A few pairs of every benchmark (`perfgate.stats.screening`). Most benchmarks are certified "not slower
                 than the budget" here, with a prior for their noise that the whole suite provides. Some become suspects.
    2. Confirm.  Fresh pairs of the suspects only (`perfgate.stats.confirmation`), judged without the prior. Only here is
                 a benchmark called regressed or improved.

Given the suspects, the pairs of stage 2 are independent of how the suspects were chosen. So the probability of *any*
false "regressed" in the whole suite is at most the sum of the levels spent over looks and suspects: *alpha*, whatever the
size of the suite, the prior or the screen.

`take_pair` is injected: live processes, recordings and tests drive the same code. This module starts no process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from perfgate.stats import confirmation, screening
from perfgate.stats.confirmation import CONFIRM_LOOKS
from perfgate.stats.estimates import Estimate, Prior, common_prior, normal_quantile
from perfgate.stats.evidence import BenchmarkEvidence
from perfgate.stats.judgments import MAX_INFLATION, BenchmarkJudgment, Judgment, SuiteJudgment
from perfgate.stats.pairs import CannotMeasure, Pair, pair_value
from perfgate.stats.screening import SCREEN_LOOKS

__all__ = ["Pair", "judge_suite", "pair_value"]

CONFIDENCE = 0.95
"""Coverage of the reported interval, two-sided."""

POWER = 0.9
"""Probability with which the smallest detectable change would have been found."""

_UNKNOWN = Estimate(math.nan, math.nan, 0.0)

PassListener = Callable[[str, Collection[str]], None]
"""Receives the stage, "screening" or "confirming", and the benchmarks that are still open."""


def judge_suite(
    benchmarks: Sequence[str],
    take_pair: Callable[[str], Pair],
    *,
    budget: float | Mapping[str, float],
    alpha: float = 0.05,
    max_seconds: float | None = None,
    watch: PassListener | None = None,
) -> SuiteJudgment:
    """Take as few pairs of every benchmark as its noise allows, and judge each benchmark.

    "Regressed" and "improved" rest on fresh pairs; the probability of any false one in the whole suite is at most *alpha*.
    "Within" holds per benchmark: of those that sit exactly at their budget, at most 5 % are certified. Everything else is
    inconclusive, with the reason.

    Args:
        benchmarks: Labels, each once; their order is the order of measuring.
        take_pair: Measures one pair of a benchmark. It may raise `CannotMeasure`: that benchmark is inconclusive, the
            others go on. Any other exception ends the judgment.
        budget: Largest tolerated slowdown as a fraction (0.03 for 3 %), for all benchmarks or per benchmark.
        alpha: Probability of any false "regressed" or "improved" in the whole suite; each direction gets half of it.
        max_seconds: Stop taking pairs when they have cost so much; benchmarks that are open then stay inconclusive.
        watch: Called before each pass over the suite.

    Returns:
        A judgment for every benchmark, in the order given.

    Raises:
        ValueError: A benchmark is named twice, or a budget or *alpha* is out of range.
        KeyError: *budget* is a mapping that lacks a benchmark.

    Source:
        Smyth (2004), Linear models and empirical Bayes methods, section 6, for the prior; Yuen (1974) for the trimmed
        mean's error; Holm (1979) over suspects with the error split evenly over looks, which stays valid as Maurer &
        Bretz (2013), Multiple testing in group sequential trials using graphical approaches, show. The split into
        screen and confirmation on fresh data is ours.
    """
    if len(set(benchmarks)) != len(benchmarks):
        raise ValueError("every benchmark may be named once only")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a probability between 0 and 1, got {alpha!r}")
    budgets = budget if isinstance(budget, Mapping) else dict.fromkeys(benchmarks, budget)
    suite = _Suite(
        {name: BenchmarkEvidence(_limit(budgets[name])) for name in benchmarks}, take_pair, alpha, max_seconds, watch
    )
    suite.screen()
    suite.confirm()
    return suite.judgment()


def _limit(budget: float) -> float:
    """Return a budget on the log scale."""
    if not (math.isfinite(budget) and budget >= 0):
        raise ValueError(f"a budget is a fraction of at least 0 (0.03 for 3 %), got {budget!r}")
    return math.log1p(budget)


class _Suite:
    """The evidence about all benchmarks of one judgment, and the time left for measuring."""

    def __init__(
        self,
        benchmarks: Mapping[str, BenchmarkEvidence],
        take_pair: Callable[[str], Pair],
        alpha: float,
        max_seconds: float | None,
        watch: PassListener | None,
    ) -> None:
        self.benchmarks = benchmarks
        self.take_pair = take_pair
        self.max_seconds = math.inf if max_seconds is None else max_seconds
        self.watch = watch
        self.stage = "screening"
        self.spent = 0.0
        self.prior = Prior()
        self.inflation: float | None = None
        """λ as estimated; None: the suite is too small."""
        self.level = alpha / 2 / len(CONFIRM_LOOKS)
        """Level of one look at all suspects of one direction; the two directions share alpha."""

    @property
    def widening(self) -> float:
        """Factor on all standard errors."""
        return self.inflation if self.inflation is not None and self.inflation > MAX_INFLATION else 1.0

    def open(self) -> dict[str, BenchmarkEvidence]:
        """Return the benchmarks without a conclusion."""
        return {name: evidence for name, evidence in self.benchmarks.items() if evidence.outcome is None}

    def screen(self) -> None:
        """Run stage 1: look at the open benchmarks after each few pairs."""
        for look in SCREEN_LOOKS:
            self._take(self._unsuspected(), look, lambda evidence: evidence.screened)
            complete = [evidence for evidence in self._unsuspected().values() if len(evidence.screened) == look]
            if look == SCREEN_LOOKS[0]:
                values = [evidence.values(evidence.screened) for evidence in complete]
                self.prior = common_prior(values, min_samples=screening.MIN_SUITE)
                self.inflation = screening.inflation(complete, self.prior)
            for evidence in complete:
                screening.conclude(evidence, self.prior, self.widening, last=look == SCREEN_LOOKS[-1])

    def confirm(self) -> None:
        """Run stage 2, slower suspects before faster ones."""
        self.stage = "confirming"
        for sign in (+1, -1):
            suspects = {name: evidence for name, evidence in self.open().items() if evidence.suspected == sign}
            for look in CONFIRM_LOOKS:
                self._take(suspects, look, lambda evidence: evidence.confirmed)
                last = look == CONFIRM_LOOKS[-1]
                confirmation.conclude(list(suspects.values()), self.level, self.widening, last=last)

    def judgment(self) -> SuiteJudgment:
        """Return the judgment of every benchmark; each has a conclusion by now."""
        made = SuiteJudgment({name: self._judgment(evidence) for name, evidence in self.benchmarks.items()})
        made.inflation = self.inflation
        return made

    def _unsuspected(self) -> dict[str, BenchmarkEvidence]:
        return {name: evidence for name, evidence in self.open().items() if not evidence.suspected}

    def _take(
        self, wanted: Mapping[str, BenchmarkEvidence], count: int, stage: Callable[[BenchmarkEvidence], list[Pair]]
    ) -> None:
        """Take pairs round-robin until each benchmark in *wanted* has *count* in its *stage*, or no more can be had."""
        while missing := {n: e for n, e in wanted.items() if e.outcome is None and len(stage(e)) < count}:
            if self.watch:
                self.watch(self.stage, self.open())
            for name, evidence in missing.items():
                pair = self._pair(name, evidence)
                if pair is not None:
                    stage(evidence).append(pair)
                    self.spent += pair.seconds

    def _pair(self, name: str, evidence: BenchmarkEvidence) -> Pair | None:
        """Measure one pair; None, and the benchmark is inconclusive, where there is no time left or it cannot be had."""
        if self.spent >= self.max_seconds:
            taken = len(evidence.pairs)
            evidence.give_up(f"the time budget of {self.max_seconds:g} s was spent after {taken} pairs; allow more")
            return None
        try:
            return self.take_pair(name)
        except CannotMeasure as problem:
            evidence.give_up(problem.reason or "no pair could be measured")
            return None

    def _judgment(self, evidence: BenchmarkEvidence) -> BenchmarkJudgment:
        estimate = self._best_estimate(evidence)
        low = high = math.nan
        if estimate.freedom:
            half = estimate.quantile((1 + CONFIDENCE) / 2) * estimate.error
            low, high = math.expm1(estimate.mean - half), math.expm1(estimate.mean + half)
        assert evidence.outcome is not None
        return BenchmarkJudgment(
            outcome=evidence.outcome,
            effect=math.expm1(estimate.mean),
            low=low,
            high=high,
            pairs=len(evidence.pairs),
            seconds=math.fsum(pair.seconds for pair in evidence.pairs),
            smallest_detectable=self._smallest_detectable(evidence, estimate),
            metric="wall_time" if evidence.blocks else "cpu_time",
            reason=evidence.reason or evidence.blocking_remark(),
        )

    def _best_estimate(self, evidence: BenchmarkEvidence) -> Estimate:
        if len(evidence.confirmed) >= 2:
            return evidence.confirm_estimate(self.widening)
        return evidence.screen_estimate(self.prior, self.widening) if len(evidence.screened) >= 2 else _UNKNOWN

    def _smallest_detectable(self, evidence: BenchmarkEvidence, estimate: Estimate) -> float:
        """Return the effect that both stages together would have found with probability `POWER`.

        A larger effect would have led to more pairs, up to the last look of either stage. Only where measuring was cut
        short is the number of pairs taken what counts.
        """
        if not estimate.freedom:
            return math.nan
        power_per_stage = math.sqrt(POWER)
        slower = [other for other in self.benchmarks.values() if other.suspected > 0]
        level = confirmation.level_per_suspect(slower, self.level)
        pair_error = estimate.error * math.sqrt(len(evidence.confirmed) or len(evidence.screened))
        screened = len(evidence.screened) if _is_cut_short(evidence) else SCREEN_LOOKS[-1]
        reach = [
            (normal_quantile(1 - chance) + normal_quantile(power_per_stage)) * pair_error / math.sqrt(pairs)
            for chance, pairs in ((screening.SUSPICION, screened), (level, CONFIRM_LOOKS[-1]))
        ]
        return math.expm1(evidence.limit + max(reach))


def _is_cut_short(evidence: BenchmarkEvidence) -> bool:
    """Return whether the screen of a benchmark ended before its last look, without a suspicion."""
    is_short = len(evidence.screened) < SCREEN_LOOKS[-1]
    return evidence.outcome is Judgment.INCONCLUSIVE and not evidence.suspected and is_short
