"""Which benchmarks of a suite got slower: take live pairs, decide each benchmark, stop when decided.

A *pair* is one round: two processes alive at once, one of each side, samples alternating. The value of a pair is one
log ratio; pairs are independent of each other, samples inside a pair are not, so all inference is over pairs.

`take_pair` is injected: live processes, recordings and tests drive the same code. This module owns no process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

PAIRS = 8
"""Pairs taken of every benchmark: the smallest number whose paired t interval is of use in a large suite."""

CONFIDENCE = 0.95
"""Coverage of the interval that is reported, two-sided."""

CERTAINTY_WITHIN = 0.95
"""Confidence, per benchmark and one-sided, with which "within" excludes a change beyond the budget."""

POWER = 0.9
"""Probability with which the smallest detectable change would have been found."""

BLOCKING_SWITCHES = 0.5
"""Voluntary context switches a call from which on a benchmark waits rather than computes, and is judged on wall time.

CPU-bound code shows 0.00, a sleep 1.0, an fsync 2.8.
"""

CLOCK_TICK_SECONDS = 1e-9
"""A sample shorter than the clock can tell counts as one tick."""

Samples = npt.NDArray[np.float64]
_Values = npt.NDArray[np.float64]


class CannotMeasure(Exception):
    """One benchmark gives no pair; the others are not concerned.

    Args:
        reason: What happened, in words a developer can act on.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Outcome(StrEnum):
    """What is known about one benchmark."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    WITHIN = "within"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One pair: the same work, measured alternately in two live processes."""

    base_cpu: Samples
    """CPU seconds a call, shape ``(samples,)``, in the order taken; element *i* of both sides are neighbours."""
    candidate_cpu: Samples
    """As `base_cpu`, of the side that is judged."""
    base_wall: Samples
    """Wall seconds a call, shape ``(samples,)``."""
    candidate_wall: Samples
    """As `base_wall`, of the side that is judged."""
    base_switches: float
    """Voluntary context switches a call."""
    candidate_switches: float
    """As `base_switches`, of the side that is judged."""
    seconds: float
    """What the pair cost, process start included."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided about one benchmark, and on what grounds.

    `effect`, `low`, `high` and `smallest_detectable` are fractions (``+0.1``: the candidate takes 10 % longer) and NaN
    where fewer than two pairs were taken.
    """

    outcome: Outcome
    effect: float
    """Candidate ÷ baseline − 1."""
    low: float
    """Lower end of the two-sided 95 % interval of the effect."""
    high: float
    """Upper end of that interval."""
    pairs: int
    """Pairs that were taken."""
    seconds: float
    """What they cost."""
    smallest_detectable: float
    """The effect that would have been called a regression with probability 0.9."""
    metric: str
    """``cpu_time``, or ``wall_time`` for a benchmark that blocks."""
    reason: str
    """Why it is inconclusive; empty otherwise."""


@dataclass(frozen=True)
class _Estimate:
    """Mean log ratio over pairs with its standard error; both NaN below two pairs."""

    mean: float
    error: float
    freedom: int

    def exceeds(self, limit: float) -> float:
        """Return the one-sided p-value of "the true mean is at most *limit*"."""
        if self.error == 0:
            return 0.0 if self.mean > limit else 1.0
        return float(stdtr(self.freedom, (limit - self.mean) / self.error))

    def falls_below(self, limit: float) -> float:
        """Return the one-sided p-value of "the true mean is at least *limit*"."""
        return _Estimate(-self.mean, self.error, self.freedom).exceeds(-limit)

    def bound(self, confidence: float) -> float:
        """Return the upper one-sided confidence bound of the mean."""
        return self.mean + self.quantile(confidence) * self.error

    def quantile(self, probability: float) -> float:
        """Return Student's quantile for these degrees of freedom."""
        return float(stdtrit(self.freedom, probability))


class _Track:
    """The pairs of one benchmark so far."""

    def __init__(self, budget: float) -> None:
        if not (math.isfinite(budget) and budget >= 0):
            raise ValueError(f"a budget is a fraction of at least 0 (0.03 for 3 %), got {budget!r}")
        self.limit = math.log1p(budget)
        self.pairs: list[Pair] = []
        self.reason = ""

    @property
    def seconds(self) -> float:
        return math.fsum(pair.seconds for pair in self.pairs)

    @property
    def blocks(self) -> bool:
        switches = [max(pair.base_switches, pair.candidate_switches) for pair in self.pairs]
        return bool(switches) and float(np.median(switches)) >= BLOCKING_SWITCHES

    @property
    def estimate(self) -> _Estimate:
        values = np.array([pair_value(pair, wall=self.blocks) for pair in self.pairs])
        if len(values) < 2:
            return _Estimate(math.nan, math.nan, 0)
        return _Estimate(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))), len(values) - 1)


def pair_value(pair: Pair, *, wall: bool = False) -> float:
    """Return the log ratio candidate ÷ baseline of one pair: the median over its neighbouring samples.

    The median, not a minimum: with samples of about a millisecond a minimum picks rare fast moments of one side.

    >>> slow, fast = np.array([2e-3, 2e-3, 2e-3]), np.array([1e-3, 1e-3, 9e-3])
    >>> pair = Pair(base_cpu=fast, candidate_cpu=slow, base_wall=fast, candidate_wall=slow,
    ...             base_switches=0, candidate_switches=0, seconds=0.1)
    >>> round(math.exp(pair_value(pair)), 3)
    2.0
    """
    base, candidate = (pair.base_wall, pair.candidate_wall) if wall else (pair.base_cpu, pair.candidate_cpu)
    ratios = np.log(np.maximum(candidate, CLOCK_TICK_SECONDS)) - np.log(np.maximum(base, CLOCK_TICK_SECONDS))
    return float(np.median(ratios))


def judge_suite(
    benchmarks: Sequence[str],
    take_pair: Callable[[str], Pair],
    *,
    budget: float | Mapping[str, float],
    alpha: float = 0.05,
    max_seconds: float | None = None,
) -> Mapping[str, Decision]:
    """Take pairs of every benchmark and decide each.

    Eight pairs a benchmark, round-robin. "Regressed" and "improved" hold for the suite as a whole: Holm's procedure
    over one-sided paired t-tests against the budget keeps the probability of *any* false one of either kind at
    *alpha*. "Within" holds per benchmark: the one-sided 95 % bound of the change lies below the budget. Everything
    else is inconclusive, with the reason.

    Args:
        benchmarks: Labels, each once; their order is the order of measuring and changes no decision.
        take_pair: Measures one pair of a benchmark. It may raise `CannotMeasure`: that benchmark is inconclusive,
            the others go on. Any other exception ends the judgement.
        budget: Largest tolerated slowdown as a fraction (0.03 for 3 %), for all or per benchmark.
        alpha: Probability of any false "regressed" in the whole suite.
        max_seconds: Stop taking pairs when they have cost so much; what is open then stays inconclusive.

    Returns:
        A decision for every benchmark, in the order given.

    Raises:
        ValueError: A benchmark is named twice, or a budget or *alpha* is out of range.
        KeyError: *budget* is a mapping that lacks a benchmark.

    Source:
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    if len(set(benchmarks)) != len(benchmarks):
        raise ValueError("every benchmark may be named once only")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a probability between 0 and 1, got {alpha!r}")
    tracks = {name: _Track(budget[name] if isinstance(budget, Mapping) else budget) for name in benchmarks}
    _measure(tracks, take_pair, math.inf if max_seconds is None else max_seconds)
    return _decide(tracks, alpha)


def _measure(tracks: Mapping[str, _Track], take_pair: Callable[[str], Pair], max_seconds: float) -> None:
    spent = 0.0
    for _ in range(PAIRS):
        for name, track in tracks.items():
            if track.reason:
                continue
            if spent >= max_seconds:
                track.reason = f"the time budget of {max_seconds:g} s was spent after {len(track.pairs)} of {PAIRS} pairs; allow more"
                continue
            try:
                pair = take_pair(name)
            except CannotMeasure as problem:
                track.reason = problem.reason or "no pair could be measured"
                continue
            track.pairs.append(pair)
            spent += pair.seconds


def _decide(tracks: Mapping[str, _Track], alpha: float) -> dict[str, Decision]:
    estimates = {name: track.estimate for name, track in tracks.items()}
    complete = [name for name, track in tracks.items() if not track.reason]
    slower = {name: estimates[name].exceeds(tracks[name].limit) for name in complete}
    faster = {name: estimates[name].falls_below(-tracks[name].limit) for name in complete}
    regressed, improved = _holm(slower, alpha), _holm(faster, alpha)
    level = alpha / max(1, len(complete))
    decisions = {}
    for name, track in tracks.items():
        if name in regressed:
            outcome = Outcome.REGRESSED
        elif name in improved:
            outcome = Outcome.IMPROVED
        elif name in slower and estimates[name].bound(CERTAINTY_WITHIN) <= track.limit:
            outcome = Outcome.WITHIN
        else:
            outcome = Outcome.INCONCLUSIVE
        decisions[name] = _decision(track, outcome, estimates[name], level)
    return decisions


def _holm(p_values: Mapping[str, float], alpha: float) -> set[str]:
    """Return the names whose hypothesis is rejected with family-wise error *alpha*."""
    rejected: set[str] = set()
    for name, p_value in sorted(p_values.items(), key=lambda item: item[1]):
        if p_value > alpha / (len(p_values) - len(rejected)):
            break
        rejected.add(name)
    return rejected


def _decision(track: _Track, outcome: Outcome, estimate: _Estimate, level: float) -> Decision:
    low = high = detectable = math.nan
    if estimate.freedom:
        half = estimate.quantile((1 + CONFIDENCE) / 2) * estimate.error
        low, high = math.expm1(estimate.mean - half), math.expm1(estimate.mean + half)
        reach = estimate.quantile(1 - level) + estimate.quantile(POWER)
        detectable = math.expm1(track.limit + reach * estimate.error)
    reason = ""
    if outcome is Outcome.INCONCLUSIVE:
        reason = track.reason or _undecided(track, estimate)
    return Decision(
        outcome=outcome,
        effect=math.expm1(estimate.mean),
        low=low,
        high=high,
        pairs=len(track.pairs),
        seconds=track.seconds,
        smallest_detectable=detectable,
        metric="wall_time" if track.blocks else "cpu_time",
        reason=reason,
    )


def _undecided(track: _Track, estimate: _Estimate) -> str:
    where = "above" if estimate.mean > track.limit else "below"
    return (
        f"the change lies {where} the budget, but {len(track.pairs)} pairs are too noisy to be sure"
        f" (standard error {math.expm1(estimate.error):.1%})"
    )
