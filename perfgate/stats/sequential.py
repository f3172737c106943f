"""Judge which benchmarks of a suite got slower, from live pairs: screen all, confirm the suspects, settle the rest.

    1. Screen.   A few pairs of every benchmark (`perfgate.stats.screening`). Most benchmarks are certified "not slower
                 than the budget" here, with a prior for their noise that the whole suite provides. Some become suspects.
    2. Confirm.  Fresh pairs of the suspects only (`perfgate.stats.confirmation`), judged without the prior. Only fresh
                 pairs can call a benchmark regressed or improved.
    3. Settle.   Fresh pairs of all that is still undecided, in the time that is allowed beyond the first screen, the most
                 promising benchmark first (`perfgate.stats.extra_time`). They are judged as those of stage 2 are.

Given the result of the screen, fresh pairs are independent of how the suspects were chosen. So the probability of *any*
false "regressed" in the whole suite is at most the sum of the levels spent over looks and benchmarks: *alpha*, whatever
the size of the suite, the prior, the screen, or the order and number of looks that time allowed.

`take_pair` is injected: live processes, recordings and tests drive the same code. This module starts no process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product

from perfgate.stats import confirmation, extra_time, screening
from perfgate.stats.confirmation import CONFIRM_LOOKS, SUSPECT_LOOKS
from perfgate.stats.estimates import Prior, common_prior, normal_quantile
from perfgate.stats.evidence import BenchmarkEvidence, Look
from perfgate.stats.judgments import MAX_INFLATION, BenchmarkJudgment, Judgment, SuiteJudgment
from perfgate.stats.pairs import CannotMeasure, Pair, PairsEnded, pair_value
from perfgate.stats.screening import SCREEN_LOOKS

__all__ = ["Pair", "judge_suite", "pair_value"]

CONFIDENCE = 0.95
"""Coverage of the interval from which the standard error is told."""

MOST_PAIRS = f"{CONFIRM_LOOKS[-1]} fresh pairs were taken, the most that one benchmark gets"
"""Why a benchmark is given up for which there was time."""

POWER = 0.9
"""Probability with which the smallest detectable change would have been found."""

PassListener = Callable[[str, Collection[str]], None]
"""Receives the stage, "screening", "confirming" or "settling", and the benchmarks that are still undecided."""


def judge_suite(
    benchmarks: Sequence[str],
    take_pair: Callable[[str], Pair],
    *,
    budget: float | Mapping[str, float],
    alpha: float = 0.05,
    max_seconds: float | None = None,
    extra_seconds: float | None = None,
    watch: PassListener | None = None,
) -> SuiteJudgment:
    """Take as few pairs of every benchmark as its noise allows, and judge all of them.

    The probability of any false "regressed" or "improved" in the whole suite is at most *alpha*. Of benchmarks exactly at
    their budget, at most 5 % are "within". The rest is inconclusive, with the limit that was reached: pairs, time, failure.

    Args:
        benchmarks: Labels, each once; their order is the order of measuring.
        take_pair: Measures one pair of a benchmark; where it raises `CannotMeasure`, that benchmark is inconclusive.
        budget: Largest tolerated slowdown as a fraction (0.03 for 3 %), for all benchmarks or per benchmark.
        alpha: See above; each direction gets half of it.
        max_seconds: What all pairs may cost; None: there is no limit.
        extra_seconds: What pairs may cost of benchmarks that screening and confirmation leave undecided; None: a minute,
            or a fifth of what the screen took if that is longer.
        watch: Called before each pass over the suite, and before each look of the third stage.

    Returns:
        A judgment for every benchmark, in the order given.

    Raises:
        ValueError: A benchmark is named twice, or a budget or *alpha* is out of range.
        KeyError: *budget* lacks a benchmark.

    Source:
        Smyth (2004), Linear models and empirical Bayes methods, section 6, for the prior; Yuen (1974) for the trimmed
        mean's error; Holm (1979), weighted, with the error split evenly over looks, valid as Maurer & Bretz (2013),
        Multiple testing in group sequential trials using graphical approaches, show. The split by fresh data is ours.
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
    suite.settle(extra_seconds)
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
        self.spent = self.screen_seconds = 0.0
        self.settling_ends = math.inf
        """Value of `spent` from which stage 3 takes no more pairs."""
        self.prior = Prior()
        self.made = SuiteJudgment()
        self.families = confirmation.families([])
        self.level = alpha / 2 / len(CONFIRM_LOOKS)
        """Level of one look at all benchmarks of one direction; the two directions share alpha."""

    @property
    def widening(self) -> float:
        """Factor on all standard errors."""
        inflation = self.made.inflation
        return inflation if inflation is not None and inflation > MAX_INFLATION else 1.0

    def screen(self) -> None:
        """Run stage 1: look at the open benchmarks after each few pairs."""
        for look in SCREEN_LOOKS:
            self._take(self._unsuspected(), look, lambda evidence: evidence.screened)
            complete = [evidence for evidence in self._unsuspected().values() if len(evidence.screened) == look]
            if look == SCREEN_LOOKS[0]:
                values = [evidence.values(evidence.screened) for evidence in complete]
                self.prior = common_prior(values, min_samples=screening.MIN_SUITE)
                self.made.inflation = screening.inflation(complete, self.prior)
            for evidence in complete:
                screening.conclude(evidence, self.prior, self.widening, last=look == SCREEN_LOOKS[-1])

    def confirm(self) -> None:
        """Run stage 2, slower suspects before faster ones."""
        self.stage = "confirming"
        self.screen_seconds = self.spent
        self.families = confirmation.families(self.benchmarks.values())
        for family in self.families:
            confirmation.share_error(family, self.level)
        for sign, look in product((+1, -1), SUSPECT_LOOKS):
            suspects = {name: e for name, e in self._open().items() if e.suspected == sign and not e.is_parked}
            self._take(suspects, look, lambda evidence: evidence.confirmed)
            self._conclude([evidence for evidence in suspects.values() if len(evidence.confirmed) == look])

    def settle(self, extra_seconds: float | None) -> None:
        """Run stage 3: take pairs of the most promising undecided benchmark up to its next look, until time is over."""
        self.stage = "settling"
        allowed = extra_time.allowed_seconds(self.screen_seconds) if extra_seconds is None else extra_seconds
        began, self.settling_ends = self.spent, self.spent + allowed
        self.made.undecided, self.made.allowed_seconds = len(self._open()), allowed
        queue = extra_time.Queue(self._open())
        while name := queue.next(self.settling_ends - self.spent):
            evidence = self.benchmarks[name]
            self._take({name: evidence}, extra_time.next_look(evidence), lambda evidence: evidence.confirmed)
            if evidence.outcome is None:
                self._conclude([evidence])
            queue.put(name, evidence)
        self.made.settling_seconds = self.spent - began

    def judgment(self) -> SuiteJudgment:
        """Return the judgment of every benchmark; each has a conclusion by now."""
        self.made.update({name: self._judgment(evidence) for name, evidence in self.benchmarks.items()})
        return self.made

    def _open(self) -> dict[str, BenchmarkEvidence]:
        """Return the benchmarks without a conclusion."""
        return {name: evidence for name, evidence in self.benchmarks.items() if evidence.outcome is None}

    def _unsuspected(self) -> dict[str, BenchmarkEvidence]:
        """Return the benchmarks that the screen still looks at."""
        return {name: e for name, e in self._open().items() if not (e.suspected or e.is_parked)}

    def _conclude(self, measured: Sequence[BenchmarkEvidence]) -> None:
        """Look at the fresh pairs of benchmarks of one direction, and draw the conclusions for the whole direction."""
        for evidence in measured:
            evidence.look_at_fresh(self.widening, confirmation.CERTAINTY)
        slower, faster = self.families
        confirmation.conclude(faster if any(e.suspected < 0 for e in measured) else slower, measured, self.level)
        for evidence in measured:
            if evidence.outcome is None and len(evidence.confirmed) >= CONFIRM_LOOKS[-1]:
                evidence.give_up(MOST_PAIRS)
            elif evidence.outcome is None:
                evidence.is_parked |= confirmation.is_hopeless(evidence, self.widening)

    def _take(
        self, wanted: Mapping[str, BenchmarkEvidence], count: int, stage: Callable[[BenchmarkEvidence], list[Pair]]
    ) -> None:
        """Take pairs round-robin until each benchmark in *wanted* has *count* in its *stage*, or no more can be had."""
        while missing := {n: e for n, e in wanted.items() if e.outcome is None and len(stage(e)) < count}:
            if self.watch:
                self.watch(self.stage, self._open())
            for name, evidence in missing.items():
                pair = self._pair(name, evidence)
                if pair is not None:
                    stage(evidence).append(pair)
                    self.spent += pair.seconds

    def _pair(self, name: str, evidence: BenchmarkEvidence) -> Pair | None:
        """Measure one pair; None, and the benchmark is given up, where there is no time left or it cannot be had."""
        taken = len(evidence.pairs)
        if self.spent >= self.max_seconds:
            evidence.give_up(f"the time budget of {self.max_seconds:g} s was spent after {taken} pairs; allow more")
        elif self.spent >= self.settling_ends:
            allowed = self.made.allowed_seconds
            evidence.give_up(f"the {allowed:.0f} s allowed beyond the first screen were spent after {taken} pairs")
        else:
            try:
                return self.take_pair(name)
            except PairsEnded as ended:
                evidence.give_up(ended.reason)
            except CannotMeasure as problem:
                evidence.give_up(problem.reason or "no pair could be measured", is_failure=True)
        return None

    def _judgment(self, evidence: BenchmarkEvidence) -> BenchmarkJudgment:
        estimate, look = evidence.estimate(), evidence.look
        low, high = evidence.interval()
        baseline, candidate = evidence.levels()
        half = estimate.quantile((1 + CONFIDENCE) / 2) * estimate.error if look else math.nan
        assert evidence.outcome is not None
        return BenchmarkJudgment(
            outcome=evidence.outcome,
            effect=math.expm1(estimate.mean),
            low=math.expm1(low),
            high=math.expm1(high),
            baseline=baseline,
            candidate=candidate,
            error=half / normal_quantile((1 + CONFIDENCE) / 2),
            pairs=len(evidence.pairs),
            seconds=math.fsum(pair.seconds for pair in evidence.pairs),
            smallest_detectable=self._smallest_detectable(evidence, look) if look else math.nan,
            metric="wall_time" if (look.is_wall if look else evidence.blocks) else "cpu_time",
            reason=evidence.reason or evidence.blocking_remark(),
            reached_limit=evidence.reached_limit,
        )

    def _smallest_detectable(self, evidence: BenchmarkEvidence, look: Look) -> float:
        """Return the effect that screening and confirmation together would have found with probability `POWER`.

        A larger effect would have led to more pairs, up to the last look of either stage. Only where measuring was cut
        short is the number of pairs taken what counts.
        """
        power_per_stage = math.sqrt(POWER)
        tested = [other.level for other in self.benchmarks.values() if other.suspected > 0 and other.level]
        level = evidence.level or min(tested, default=self.level)
        screened = len(evidence.screened) if _is_cut_short(evidence) else SCREEN_LOOKS[-1]
        reach = [
            (normal_quantile(1 - chance) + normal_quantile(power_per_stage)) * look.spread / math.sqrt(pairs)
            for chance, pairs in ((screening.SUSPICION, screened), (level, SUSPECT_LOOKS[-1]))
        ]
        return math.expm1(evidence.limit + max(reach))


def _is_cut_short(evidence: BenchmarkEvidence) -> bool:
    """Return whether the screen of a benchmark ended before its last look, without a suspicion."""
    is_short = len(evidence.screened) < SCREEN_LOOKS[-1]
    return evidence.outcome is Judgment.INCONCLUSIVE and not evidence.suspected and is_short
