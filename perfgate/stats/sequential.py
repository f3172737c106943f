"""Which benchmarks of a suite got slower: take live pairs, screen all, confirm the suspects, stop when decided.

A *pair* is one round: two processes alive at once, one of each side, samples alternating. The value of a pair is one
log ratio; pairs are independent of each other, samples inside a pair are not, so all inference is over pairs.

    1. Screen.   A few pairs of every benchmark. Most are certified "not slower than the budget" here, with the help of
                 a prior for their noise that the suite as a whole provides. Some become suspects.
    2. Confirm.  Fresh pairs of the suspects only, judged without the prior. Only here is anything called regressed.

Given the suspects, the pairs of stage 2 are independent of how they were chosen, so the chance of *any* false
"regressed" in the whole suite is at most the sum over looks and suspects of the level spent there: *alpha*, whatever
the size of the suite, the prior or the screen.

`take_pair` is injected: live processes, recordings and tests drive the same code. This module owns no process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr

from perfgate.stats.estimates import Estimate, Prior, common_prior, location

SCREEN_LOOKS = (3, 4, 6, 8, 12)
"""Pairs after which the screen looks at the benchmarks that are still open."""

CONFIRM_LOOKS = (8, 16, 32, 64)
"""Fresh pairs after which a suspect is looked at."""

SUSPICION = 0.10
"""One-sided p-value below which a benchmark that looks slower is confirmed or cleared on fresh pairs."""

LAST_SUSPICION = 0.25
"""The same at the last look of the screen, where the alternative is to leave it without an answer."""

SUSPICION_OF_IMPROVEMENT = 0.02
"""The same for one that looks faster: nobody's pull request waits for it, so it must be clearer."""

CERTAINTY_WITHIN = 0.99
"""One-sided confidence at each look of the screen with which "within" excludes a change beyond the budget; over all
looks that certifies at most 5 % of the benchmarks that sit exactly at their budget."""

CONFIDENCE = 0.95
"""Coverage of the interval that is reported, two-sided."""

POWER = 0.9
"""Probability with which the smallest detectable change would have been found."""

BLOCKING_SWITCHES = 0.5
"""Voluntary context switches a call from which on a benchmark waits rather than computes, and is judged on wall time.

CPU-bound code shows 0.00, a sleep 1.0, an fsync 2.8.
"""

CLOCK_TICK_SECONDS = 1e-9
"""A sample shorter than the clock can tell counts as one tick."""

MANY_SAMPLES = 12
"""From so many samples a pair's median stands on its own; with fewer, the ratio of the minima steadies it."""

TRIM_FROM_SCREEN, TRIM_FROM_CONFIRM = 6, 16
"""Pairs from which values are trimmed; a plain mean confirms best from eight."""

MIN_SUITE = 20
"""Benchmarks from which the suite tells what noise is usual, and whether the runner drifts."""

MAX_INFLATION = 1.5
"""Robust spread of the suite's z-scores up to which the runner is taken to be sound; beyond, all errors are widened."""

STILL = 0.02
"""Benchmarks whose change seems smaller than this, or than their budget, tell how much the runner drifts."""

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
    """Candidate ÷ baseline − 1; from the fresh pairs of stage 2 where there are any, so that having looked suspicious
    does not exaggerate it."""
    low: float
    """Lower end of the two-sided 95 % interval of the effect."""
    high: float
    """Upper end of that interval."""
    pairs: int
    """Pairs that were taken, of both stages."""
    seconds: float
    """What they cost."""
    smallest_detectable: float
    """The effect that would have been called a regression with probability 0.9."""
    metric: str
    """``cpu_time``, or ``wall_time`` for a benchmark that blocks."""
    reason: str
    """Why it is inconclusive, or what else to know: that it waits more or less often than before."""


class Decisions(dict[str, Decision]):
    """The decision for every benchmark, in the order given, and what was learnt of the runner on the way."""

    inflation: float | None = None
    """λ: robust spread of the z-scores of the benchmarks that hardly moved; 1.1 to 1.3 on a sound runner. Beyond
    `MAX_INFLATION` all errors were widened by it. None where the suite is too small to tell."""


_UNKNOWN = Estimate(math.nan, math.nan, 0.0)
_CALLED = frozenset({Outcome.REGRESSED, Outcome.IMPROVED})


@dataclass
class _Track:
    """One benchmark on its way to a decision."""

    limit: float
    """Budget on the log scale."""
    screened: list[Pair] = field(default_factory=list)
    confirmed: list[Pair] = field(default_factory=list)
    sign: int = 0
    """+1: suspected slower, −1: suspected faster, 0: no suspect."""
    outcome: Outcome | None = None
    reason: str = ""
    _logs: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def pairs(self) -> list[Pair]:
        return self.screened + self.confirmed

    @property
    def blocks(self) -> bool:
        switches = sorted(max(pair.base_switches, pair.candidate_switches) for pair in self.pairs)
        return bool(switches) and switches[len(switches) // 2] >= BLOCKING_SWITCHES

    def values(self, pairs: Sequence[Pair]) -> _Values:
        wall = self.blocks
        for pair in pairs:
            if id(pair) not in self._logs:
                self._logs[id(pair)] = (pair_value(pair), pair_value(pair, wall=True))
        return np.array([self._logs[id(pair)][wall] for pair in pairs])

    def screen(self, prior: Prior, inflation: float) -> Estimate:
        """Estimate the change from the pairs of stage 1, its variance steadied by the prior."""
        mean, variance, freedom = location(self.values(self.screened), trim_from=TRIM_FROM_SCREEN)
        weight = prior.freedom + freedom
        steadied = (prior.freedom * prior.variance + freedom * variance) / weight if weight else math.nan
        return Estimate(mean, inflation * math.sqrt(steadied / len(self.screened)), weight)

    def confirm(self, inflation: float, trim_from: int = TRIM_FROM_CONFIRM) -> Estimate:
        """Estimate the change from the fresh pairs alone."""
        mean, variance, freedom = location(self.values(self.confirmed), trim_from=trim_from)
        return Estimate(mean, inflation * math.sqrt(variance / len(self.confirmed)), freedom)


def pair_value(pair: Pair, *, wall: bool = False) -> float:
    """Return the log ratio candidate ÷ baseline of one pair: the median over its neighbouring samples.

    With few samples the ratio of the minima is averaged in; with many of about a millisecond it would only pick rare
    fast moments of one side.

    >>> slow, fast = np.array([2e-3] * 12), np.array([1e-3] * 11 + [9e-3])
    >>> pair = Pair(base_cpu=fast, candidate_cpu=slow, base_wall=fast, candidate_wall=slow,
    ...             base_switches=0, candidate_switches=0, seconds=0.1)
    >>> round(math.exp(pair_value(pair)), 3)
    2.0
    """
    base, candidate = (pair.base_wall, pair.candidate_wall) if wall else (pair.base_cpu, pair.candidate_cpu)
    before, after = np.log(np.maximum(base, CLOCK_TICK_SECONDS)), np.log(np.maximum(candidate, CLOCK_TICK_SECONDS))
    middle = float(np.median(after - before))
    return middle if len(before) >= MANY_SAMPLES else 0.5 * (middle + float(after.min() - before.min()))


def judge_suite(
    benchmarks: Sequence[str],
    take_pair: Callable[[str], Pair],
    *,
    budget: float | Mapping[str, float],
    alpha: float = 0.05,
    max_seconds: float | None = None,
    watch: Callable[[str, Collection[str]], None] | None = None,
) -> Decisions:
    """Take pairs of every benchmark, as few as its noise allows, and decide each.

    "Regressed" and "improved" are said on fresh pairs, with probability at most *alpha* of any false one in the whole
    suite. "Within" holds per benchmark: of those that sit exactly at their budget, at most 5 % are
    certified. Everything else is inconclusive, with the reason.

    Args:
        benchmarks: Labels, each once; their order is the order of measuring.
        take_pair: Measures one pair of a benchmark. It may raise `CannotMeasure`: that benchmark is inconclusive,
            the others go on. Any other exception ends the judgement.
        budget: Largest tolerated slowdown as a fraction (0.03 for 3 %), for all or per benchmark.
        alpha: Probability of any false "regressed" or "improved" in the whole suite; each direction gets half of it.
        max_seconds: Stop taking pairs when they have cost so much; what is open then stays inconclusive.
        watch: Is told before each pass over the suite which stage it belongs to, and which benchmarks are open.

    Returns:
        A decision for every benchmark, in the order given.

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
    tracks = {name: _Track(_limit(budget[name] if isinstance(budget, Mapping) else budget)) for name in benchmarks}
    suite = _Suite(tracks, take_pair, alpha, math.inf if max_seconds is None else max_seconds, watch)
    suite.screen()
    suite.confirm()
    return suite.decisions()


def _limit(budget: float) -> float:
    if not (math.isfinite(budget) and budget >= 0):
        raise ValueError(f"a budget is a fraction of at least 0 (0.03 for 3 %), got {budget!r}")
    return math.log1p(budget)


class _Suite:
    """All benchmarks of one judgement, and the time that is left for them."""

    def __init__(
        self,
        tracks: Mapping[str, _Track],
        take_pair: Callable[[str], Pair],
        alpha: float,
        max_seconds: float,
        watch: Callable[[str, Collection[str]], None] | None,
    ) -> None:
        self.tracks = tracks
        self.take_pair = take_pair
        self.alpha = alpha
        self.max_seconds = max_seconds
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
        return self.inflation if self.inflation is not None and self.inflation > MAX_INFLATION else 1.0

    def open(self) -> dict[str, _Track]:
        return {name: track for name, track in self.tracks.items() if track.outcome is None}

    def screen(self) -> None:
        """Certify, suspect or give up every benchmark, looking again after each few pairs."""
        for look in SCREEN_LOOKS:
            self._take(self._undecided(), look, lambda track: track.screened)
            complete = {name: track for name, track in self._undecided().items() if len(track.screened) == look}
            if look == SCREEN_LOOKS[0]:
                self.prior = common_prior(
                    [track.values(track.screened) for track in complete.values()], min_samples=MIN_SUITE
                )
                self.inflation = _inflation(complete.values(), self.prior)
            for track in complete.values():
                _look_at_screened(track, self.prior, self.widening, last=look == SCREEN_LOOKS[-1])

    def confirm(self) -> None:
        """Call suspects regressed or improved, or clear them, on fresh pairs."""
        self.stage = "confirming"
        for sign in (+1, -1):
            suspects = {name: track for name, track in self.open().items() if track.sign == sign}
            for look in CONFIRM_LOOKS:
                self._take(suspects, look, lambda track: track.confirmed)
                self._look_at_confirmed(list(suspects.values()), last=look == CONFIRM_LOOKS[-1])

    def _look_at_confirmed(self, suspects: Sequence[_Track], *, last: bool) -> None:
        """Look once at all suspects of one direction: call each, clear it, give it up, or leave it open.

        Whoever is called leaves its share of the error to the others (Holm's step down), now and at later looks.
        """
        open_ones = [(self._chance(track), track) for track in suspects if track.outcome is None]
        for chance, track in sorted(open_ones, key=lambda one: one[0]):
            if chance <= self._share(suspects):
                track.outcome = Outcome.REGRESSED if track.sign > 0 else Outcome.IMPROVED
        for _, track in open_ones:
            if track.outcome is None:
                self._clear_or_give_up(track, self._share(suspects), last=last)

    def _chance(self, track: _Track) -> float:
        """Return the p-value of "it did not move beyond its budget in the suspected direction", from fresh pairs."""
        estimate = track.confirm(self.widening)
        return (estimate if track.sign > 0 else estimate.mirrored()).exceeds(track.limit)

    def _share(self, suspects: Sequence[_Track]) -> float:
        """Return the level of one look at one of the *suspects* that have not been called yet."""
        return self.level / max(1, sum(track.outcome not in _CALLED for track in suspects))

    def _clear_or_give_up(self, track: _Track, level: float, *, last: bool) -> None:
        estimate = track.confirm(self.widening)
        if estimate.bound(1 - (1 - CERTAINTY_WITHIN) / len(CONFIRM_LOOKS)) <= track.limit:
            track.outcome = Outcome.WITHIN
        elif last or _is_hopeless(track, self.widening, level):
            track.outcome = Outcome.INCONCLUSIVE
            track.reason = _undecided(track, estimate)

    def decisions(self) -> Decisions:
        made = Decisions({name: self._decision(track) for name, track in self.tracks.items()})
        made.inflation = self.inflation
        return made

    def _undecided(self) -> dict[str, _Track]:
        return {name: track for name, track in self.open().items() if not track.sign}

    def _take(self, tracks: Mapping[str, _Track], count: int, store: Callable[[_Track], list[Pair]]) -> None:
        """Take pairs round-robin until each of *tracks* has *count*, or no more can be had."""
        while missing := {n: t for n, t in tracks.items() if t.outcome is None and len(store(t)) < count}:
            if self.watch:
                self.watch(self.stage, self.open())
            for name, track in missing.items():
                if self.spent >= self.max_seconds:
                    track.outcome = Outcome.INCONCLUSIVE
                    track.reason = f"the time budget of {self.max_seconds:g} s was spent after {len(track.pairs)} pairs; allow more"
                    continue
                try:
                    pair = self.take_pair(name)
                except CannotMeasure as problem:
                    track.outcome = Outcome.INCONCLUSIVE
                    track.reason = problem.reason or "no pair could be measured"
                    continue
                store(track).append(pair)
                self.spent += pair.seconds

    def _decision(self, track: _Track) -> Decision:
        estimate = self._best_estimate(track)
        low = high = math.nan
        if estimate.freedom:
            half = estimate.quantile((1 + CONFIDENCE) / 2) * estimate.error
            low, high = math.expm1(estimate.mean - half), math.expm1(estimate.mean + half)
        assert track.outcome is not None
        return Decision(
            outcome=track.outcome,
            effect=math.expm1(estimate.mean),
            low=low,
            high=high,
            pairs=len(track.pairs),
            seconds=math.fsum(pair.seconds for pair in track.pairs),
            smallest_detectable=self._smallest_detectable(track, estimate),
            metric="wall_time" if track.blocks else "cpu_time",
            reason=track.reason or _waits_differently(track),
        )

    def _best_estimate(self, track: _Track) -> Estimate:
        if len(track.confirmed) >= 2:
            return track.confirm(self.widening)
        return track.screen(self.prior, self.widening) if len(track.screened) >= 2 else _UNKNOWN

    def _smallest_detectable(self, track: _Track, estimate: Estimate) -> float:
        """Return the effect that both stages together would have found with probability `POWER`.

        Had there been more to see, more pairs would have been taken, up to the last look of either stage; only where
        measuring was cut short do the pairs at hand decide.
        """
        if not estimate.freedom:
            return math.nan
        each = math.sqrt(POWER)
        level = self._share([other for other in self.tracks.values() if other.sign > 0])
        pair_error = estimate.error * math.sqrt(len(track.confirmed) or len(track.screened))
        cut_short = track.outcome is Outcome.INCONCLUSIVE and not track.sign and len(track.screened) < SCREEN_LOOKS[-1]
        stages = ((SUSPICION, len(track.screened) if cut_short else SCREEN_LOOKS[-1]), (level, CONFIRM_LOOKS[-1]))
        reach = [(_normal(1 - chance) + _normal(each)) * pair_error / math.sqrt(n) for chance, n in stages]
        return math.expm1(track.limit + max(reach))


def _look_at_screened(track: _Track, prior: Prior, widening: float, *, last: bool) -> None:
    """Certify, suspect or give up one benchmark, or leave it open for another look."""
    estimate = track.screen(prior, widening)
    slower, faster = estimate.exceeds(track.limit), estimate.mirrored().exceeds(track.limit)
    if estimate.mean > track.limit and slower <= (LAST_SUSPICION if last else SUSPICION):
        track.sign = +1
    elif estimate.mean < -track.limit and faster <= SUSPICION_OF_IMPROVEMENT:
        track.sign = -1
    elif estimate.bound(CERTAINTY_WITHIN) <= track.limit:
        track.outcome = Outcome.WITHIN
    elif last or _is_futile(track, estimate, slower, prior):
        track.outcome = Outcome.INCONCLUSIVE
        track.reason = _undecided(track, estimate)


def _is_futile(track: _Track, estimate: Estimate, slower: float, prior: Prior) -> bool:
    """Tell whether more pairs can hardly certify this benchmark, and are as unlikely to make it a suspect."""
    taken = len(track.screened)
    error = estimate.error * math.sqrt(taken / SCREEN_LOOKS[-1])
    if taken < TRIM_FROM_SCREEN:
        # One pair that went wrong inflates so few: the suite's usual noise decides what can be hoped for.
        if not prior.freedom:
            return False
        error = min(error, math.sqrt(prior.variance / SCREEN_LOOKS[-1]))
    at_the_end = Estimate(0.0, error, prior.freedom + SCREEN_LOOKS[-1] - 1)
    return at_the_end.bound(CERTAINTY_WITHIN) > track.limit and slower > FUTILE[taken]


WORTH_NAMING = 0.1
"""Part of its noise to which no advice brings a runner: below it, only another budget decides."""

FUTILE = {3: 0.5, 4: 0.4, 6: 0.3, 8: 0.3, 12: 0.0}
"""p-value of "slower" above which, after so many pairs, a benchmark that cannot be certified is given up."""


def _is_hopeless(track: _Track, widening: float, level: float) -> bool:
    """Tell whether a suspect would not reach *level* at the last look even if its change were one error larger."""
    # Trimmed at once: giving up must not hang on the one pair that went wrong.
    estimate = track.confirm(widening, trim_from=TRIM_FROM_SCREEN)
    seen = estimate if track.sign > 0 else estimate.mirrored()
    at_the_end = seen.error * math.sqrt(len(track.confirmed) / CONFIRM_LOOKS[-1])
    return Estimate(seen.mean + seen.error, at_the_end, CONFIRM_LOOKS[-1] - 1.0).exceeds(track.limit) > level


def _inflation(tracks: Iterable[_Track], prior: Prior) -> float | None:
    """Return λ, the robust spread of the z-scores of the benchmarks that hardly moved; None for a small suite."""
    scores = []
    for track in tracks:
        estimate = track.screen(prior, 1.0)
        if abs(estimate.mean) <= max(track.limit, STILL) and estimate.error > 0:
            # On the normal scale: with three pairs, Student's tails alone would look like a drifting runner.
            scores.append(abs(_normal(float(stdtr(estimate.freedom, -abs(estimate.mean) / estimate.error)))))
    return 1.4826 * float(np.median(scores)) if len(scores) >= MIN_SUITE else None


def _normal(probability: float) -> float:
    """Return the normal quantile."""
    return float(ndtri(probability))


def _waits_differently(track: _Track) -> str:
    before = float(np.median([pair.base_switches for pair in track.pairs])) if track.pairs else 0.0
    after = float(np.median([pair.candidate_switches for pair in track.pairs])) if track.pairs else 0.0
    if abs(after - before) < BLOCKING_SWITCHES:
        return ""
    return f"it waits {after:.1f} times a call, {before:.1f} times before"


def _undecided(track: _Track, estimate: Estimate) -> str:
    """Say what is missing, and what would make it conclusive: another budget, or so much less noise."""
    where = "above" if estimate.mean > track.limit else "below"
    said = (
        f"the change lies {where} the budget, but {len(track.pairs)} pairs are too noisy to be sure"
        f" (standard error {math.expm1(estimate.error):.1%})"
    )
    certified = math.expm1(max(0.0, estimate.bound(CERTAINTY_WITHIN)))
    enough = abs(estimate.mean - track.limit) / (estimate.quantile(CERTAINTY_WITHIN) * estimate.error)
    quieter = f", or this one if the noise were {enough:.0%} of it" if enough >= WORTH_NAMING else ""
    return f"{said}; a budget of {certified:.1%} would be certified{quieter}"
