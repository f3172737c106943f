"""The suite is judged as the slow reference does, whatever order or sign, and nothing unmeasured is certified.

This covers pairs.py, evidence.py, judgments.py, screening.py and confirmation.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.stats.confirmation import CONFIRM_LOOKS
from perfgate.stats.judgments import MAX_INFLATION, Judgment, SuiteJudgment
from perfgate.stats.pairs import CannotMeasure
from perfgate.stats.screening import SCREEN_LOOKS
from perfgate.stats.sequential import Pair, judge_suite, pair_value
from tests.perfgate.stats import reference

SAMPLES = 8
MOST_PAIRS = SCREEN_LOOKS[-1] + CONFIRM_LOOKS[-1]


def pair_of(before: npt.ArrayLike, after: npt.ArrayLike, *, switches: float = 0.0, wall_factor: float = 1.0) -> Pair:
    base, candidate = np.asarray(before, np.float64), np.asarray(after, np.float64)
    return Pair(
        base_cpu=base,
        candidate_cpu=candidate,
        base_wall=base,
        candidate_wall=np.multiply(candidate, wall_factor, dtype=np.float64),
        base_switches=0.0,
        candidate_switches=switches,
        seconds=0.5,
    )


class Suite:
    """Simulated benchmarks; the pairs of each are the same in whatever order they are taken."""

    def __init__(self, effects: Mapping[str, float], *, noise: float = 0.01, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.pairs = {}
        for name, effect in effects.items():
            base = np.exp(rng.normal(0, noise, (MOST_PAIRS, SAMPLES))) * 1e-3
            lucky = rng.normal(math.log1p(effect), noise, (MOST_PAIRS, 1))
            self.pairs[name] = [pair_of(a, b) for a, b in zip(base, base * np.exp(lucky), strict=True)]

    def source(self, change: Callable[[Pair], Pair] = lambda pair: pair) -> Callable[[str], Pair]:
        taken = {name: iter(pairs) for name, pairs in self.pairs.items()}
        return lambda name: change(next(taken[name]))

    def judge(self, change: Callable[[Pair], Pair] = lambda pair: pair) -> SuiteJudgment:
        return judge_suite(list(self.pairs), self.source(change), budget=0.03)


def for_free(pair: Pair) -> Pair:
    """The pair without its cost, so that the time allowed never ends."""
    return replace(pair, seconds=0.0)


MIXED = {"same": 0.0, "slow": 0.25, "fast": -0.2, "border": 0.03, "slightly": 0.01}


def swapped(pair: Pair) -> Pair:
    return Pair(
        base_cpu=pair.candidate_cpu,
        candidate_cpu=pair.base_cpu,
        base_wall=pair.candidate_wall,
        candidate_wall=pair.base_wall,
        base_switches=pair.candidate_switches,
        candidate_switches=pair.base_switches,
        seconds=pair.seconds,
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("copies", [1, 5])
def test_judgments_equal_the_reference(seed: int, copies: int) -> None:
    """Outcome and number of pairs agree with the textbook formulas, in small suites and in those that have a prior."""
    suite = Suite({f"{name}{copy}": effect for name, effect in MIXED.items() for copy in range(copies)}, seed=seed)
    values = {
        name: [reference.log_ratio(list(pair.base_cpu), list(pair.candidate_cpu)) for pair in pairs]
        for name, pairs in suite.pairs.items()
    }

    judged = suite.judge(for_free)

    assert (judged.inflation or 1.0) < MAX_INFLATION
    assert {name: (str(found.outcome), found.pairs) for name, found in judged.items()} == reference.judge(
        values, math.log1p(0.03), 0.05
    )


def test_the_effect_equals_the_reference() -> None:
    """Effect and interval of a suspect come from its fresh pairs, those of others from the screen."""
    suite = Suite({"slow": 0.25, "same": 0.0}, seed=3)
    values = {
        name: [reference.log_ratio(list(pair.base_cpu), list(pair.candidate_cpu)) for pair in pairs]
        for name, pairs in suite.pairs.items()
    }
    judged = suite.judge()
    fresh = values["slow"][judged["slow"].pairs - CONFIRM_LOOKS[0] : judged["slow"].pairs]
    screened = values["same"][: judged["same"].pairs]
    assert len(screened) == 6
    expected = {"slow": reference.plain_mean(fresh), "same": reference.trimmed_mean(screened)}

    assert CONFIRM_LOOKS[0] + SCREEN_LOOKS[0] == judged["slow"].pairs
    for name, estimate in expected.items():
        assert judged[name].effect == pytest.approx(math.expm1(estimate.location))
        tested, certain = (1 - 0.05 / 2 / 5, 1 - 0.01 / 5) if name == "slow" else (0.99, 0.99)
        assert judged[name].high == pytest.approx(math.expm1(estimate.upper(certain)))
        assert judged[name].low == pytest.approx(math.expm1(-estimate.swapped().upper(tested)))
        assert 1.959964 * judged[name].error == pytest.approx(estimate.upper(0.975) - estimate.location)


def test_large_changes_are_called() -> None:
    """A large change is called in its direction, and neither is certified."""
    outcomes = {name: judgment.outcome for name, judgment in Suite(MIXED, noise=0.002).judge().items()}

    assert outcomes == {
        "same": Judgment.WITHIN,
        "slow": Judgment.REGRESSED,
        "fast": Judgment.IMPROVED,
        "border": Judgment.INCONCLUSIVE,
        "slightly": Judgment.WITHIN,
    }


@given(st.integers(0, 10_000))
def test_swapping_the_sides_never_keeps_a_verdict(seed: int) -> None:
    """A regression is none with the sides swapped, and large changes turn into their opposite."""
    suite = Suite(MIXED, seed=seed, noise=0.004)
    forth, back = suite.judge(), suite.judge(swapped)

    assert not [n for n in MIXED if {forth[n].outcome, back[n].outcome} == {Judgment.REGRESSED}]
    assert (forth["slow"].outcome, back["slow"].outcome) == (Judgment.REGRESSED, Judgment.IMPROVED)
    assert (forth["fast"].outcome, back["fast"].outcome) == (Judgment.IMPROVED, Judgment.REGRESSED)
    assert (1 + forth["slow"].effect) * (1 + back["slow"].effect) == pytest.approx(1)


@given(st.integers(0, 10_000), st.floats(1e-3, 1e6))
def test_the_unit_of_time_does_not_matter(seed: int, factor: float) -> None:
    """A benchmark that takes a thousand times as long is judged the same."""

    def scaled(pair: Pair) -> Pair:
        return pair_of(pair.base_cpu * factor, pair.candidate_cpu * factor)

    suite = Suite(MIXED, seed=seed)
    for name, plain in suite.judge().items():
        other = suite.judge(scaled)[name]
        assert other.outcome is plain.outcome
        assert other.effect == pytest.approx(plain.effect, abs=1e-9)


@given(st.permutations(list(MIXED)))
def test_the_order_of_benchmarks_does_not_matter(order: list[str]) -> None:
    """Each benchmark has the same judgment in any order."""
    suite = Suite(MIXED)
    turned = judge_suite(order, suite.source(), budget=0.03)

    assert dict(turned) == dict(suite.judge())
    assert list(turned) == order


def reds_and_certified(rng: np.random.Generator, suites: int, budget: float, effect: float = 0.0) -> tuple[int, int]:
    """Simulate suites of 20 benchmarks with 2 % noise; return how many suites are red, and how many benchmarks certified."""
    red = certified = 0

    def take(_: str) -> Pair:
        return pair_of(np.array([1e-3]), np.array([1e-3]) * (1 + effect) * math.exp(rng.normal(0, 0.02)))

    for _ in range(suites):
        judged = judge_suite([str(number) for number in range(20)], take, budget=budget)
        red += any(judgment.outcome is Judgment.REGRESSED for judgment in judged.values())
        certified += sum(judgment.outcome is Judgment.WITHIN for judgment in judged.values())
    return red, certified


def test_false_reds_are_rare_over_the_whole_suite() -> None:
    """Of 150 suites of unchanged benchmarks at budget 0, no more are red than the stated rate allows."""
    red, _ = reds_and_certified(np.random.default_rng(7), 150, 0.0)

    assert red <= 150 * 0.05 + 3 * math.sqrt(150 * 0.05 * 0.95)


def test_a_change_as_large_as_the_budget_is_hardly_ever_certified() -> None:
    """Of 1,000 benchmarks that sit exactly at their budget, about one in twenty at the most is called within it."""
    _, certified = reds_and_certified(np.random.default_rng(8), 50, 0.03, effect=0.03)

    assert certified <= 1_000 * 0.05 + 3 * math.sqrt(1_000 * 0.05 * 0.95)


def test_a_drifting_runner_widens_every_error() -> None:
    """Where unchanged benchmarks differ by more than their pairs do, nothing is called regressed."""
    rng = np.random.default_rng(9)
    drift = {str(number): rng.normal(0, 0.012) for number in range(60)}

    def take(name: str) -> Pair:
        return pair_of(np.array([1e-3]), np.array([1e-3]) * math.exp(drift[name] + rng.normal(0, 0.002)))

    judged = judge_suite(list(drift), take, budget=0.03)

    assert (judged.inflation or 1.0) > MAX_INFLATION
    assert Judgment.REGRESSED not in {judgment.outcome for judgment in judged.values()}


def test_blocking_code_is_judged_on_wall_time() -> None:
    """A longer sleep is a regression although it takes no CPU time."""
    base = np.full(SAMPLES, 1e-3)
    rng = np.random.default_rng(3)

    def take(_: str) -> Pair:
        jitter = np.exp(rng.normal(0, 0.01, SAMPLES))
        return pair_of(base, base * jitter, switches=1.0, wall_factor=1.3)

    (judgment,) = judge_suite(["sleeps"], take, budget=0.03).values()

    assert judgment.outcome is Judgment.REGRESSED
    assert judgment.metric == "wall_time"


def test_budgets_may_differ() -> None:
    """The same change is a regression of one benchmark and within the budget of another."""
    pairs = Suite({"strict": 0.1, "generous": 0.1})
    judged = judge_suite(["strict", "generous"], pairs.source(), budget={"strict": 0.01, "generous": 0.5})

    assert judged["strict"].outcome is Judgment.REGRESSED
    assert judged["generous"].outcome is Judgment.WITHIN


def test_what_cannot_be_measured_is_inconclusive_and_the_others_go_on() -> None:
    """The reason is that of the error, even where it comes half-way."""
    suite = Suite({"good": 0.0, "broken": 0.0, "breaks": 0.5})
    source, asked = suite.source(), count()

    def take(name: str) -> Pair:
        if name == "broken" or (name == "breaks" and next(asked) >= 5):
            raise CannotMeasure(f"head: {name}")
        return source(name)

    judged = judge_suite(list(suite.pairs), take, budget=0.03)

    assert judged["good"].outcome is Judgment.WITHIN
    assert (judged["broken"].outcome, judged["broken"].reason) == (Judgment.INCONCLUSIVE, "head: broken")
    assert (judged["breaks"].outcome, judged["breaks"].pairs) == (Judgment.INCONCLUSIVE, 5)
    assert math.isnan(judged["broken"].effect)
    assert judged["breaks"].effect > 0.4


@pytest.mark.parametrize("max_seconds", [0.0, 0.5, 3.0, 4.4])
def test_time_that_runs_out_certifies_nothing(max_seconds: float) -> None:
    """A benchmark that is open when the time is spent is inconclusive, whatever its pairs show."""
    suite = Suite(dict.fromkeys("abc", 0.0), noise=1e-6)
    judged = judge_suite(list("abc"), suite.source(), budget=0.03, max_seconds=max_seconds)

    for judgment in judged.values():
        assert (judgment.outcome is Judgment.WITHIN) == (judgment.pairs == SCREEN_LOOKS[0])
        assert ("time budget" in judgment.reason) == (judgment.pairs < SCREEN_LOOKS[0])
    assert sum(judgment.seconds for judgment in judged.values()) <= max_seconds + 0.5


def test_time_that_runs_out_during_confirmation_calls_nothing() -> None:
    """A suspect that could not be confirmed in time is neither a regression nor cleared."""
    suite = Suite({"slow": 0.25})
    judged = judge_suite(["slow"], suite.source(), budget=0.03, max_seconds=4.0)

    assert judged["slow"].outcome is Judgment.INCONCLUSIVE
    assert "time budget" in judged["slow"].reason


def test_an_unconfirmed_suspect_has_no_interval() -> None:
    """The pairs that made a benchmark a suspect cannot judge it: its change is shown without an interval."""
    judged = judge_suite(["slow"], Suite({"slow": 0.25}).source(), budget=0.03, max_seconds=4.0)["slow"]

    assert judged.effect > 0.2
    assert math.isnan(judged.low)
    assert math.isnan(judged.high)
    assert "no fresh pairs could confirm" in judged.reason


def test_a_suspected_improvement_that_is_not_confirmed_is_within() -> None:
    """Whatever else is unknown of it, it is not slower than the budget."""
    judged = judge_suite(["fast"], Suite({"fast": -0.2}, noise=0.002).source(), budget=0.03, max_seconds=2.0)["fast"]

    assert (judged.pairs, judged.outcome, judged.reached_limit) == (4, Judgment.WITHIN, "")
    assert judged.high <= 0.03


NOISY = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0}


def test_nothing_is_given_up_before_a_limit_is_reached() -> None:
    """With time, a small noisy suite is decided; what is not has taken the most pairs that a benchmark gets."""
    for seed in range(10):
        for judgment in Suite(NOISY, noise=0.06, seed=seed).judge(for_free).values():
            if judgment.outcome is Judgment.INCONCLUSIVE:
                assert judgment.pairs >= SCREEN_LOOKS[0] + CONFIRM_LOOKS[-1]
                assert "128 fresh pairs were taken, the most that one benchmark gets" in judgment.reason
            else:
                assert not judgment.reached_limit


@pytest.mark.parametrize("seed", range(6))
def test_the_time_allowed_is_spent_on_what_is_open(seed: int) -> None:
    """Some benchmark is open if and only if all of the minute was spent or it took the most pairs; the reason says so."""
    judged = Suite(NOISY, noise=0.08, seed=seed).judge()
    late = [judgment for judgment in judged.values() if "60 s allowed beyond the first screen" in judgment.reason]

    assert judged.allowed_seconds == 60.0
    assert 60.0 <= judged.settling_seconds < 60.5 if late else judged.settling_seconds <= 60.0
    for judgment in judged.values():
        is_open = judgment.outcome is Judgment.INCONCLUSIVE
        assert is_open == bool(judgment.reached_limit)
        assert is_open == (judgment in late or "the most that one benchmark gets" in judgment.reason)


@pytest.mark.parametrize(("screen_seconds", "allowed"), [(20.0, 60.0), (299.0, 60.0), (600.0, 120.0)])
def test_a_large_suite_is_allowed_a_fifth_of_its_screen(screen_seconds: float, allowed: float) -> None:
    """The time allowed is a minute, or a fifth of what the screen took where that is longer."""
    flat = np.full(SAMPLES, 1e-3)
    pair = replace(pair_of(flat, flat), seconds=screen_seconds / SCREEN_LOOKS[0])
    judged = judge_suite(["a"], lambda _: pair, budget=0.03)

    assert judged.allowed_seconds == pytest.approx(allowed)
    assert judged.time_note == ""


def test_no_time_beyond_the_screen_leaves_the_noisy_ones_open() -> None:
    """Without extra time, only screening and confirmation take pairs, and the reason says that."""
    suite = Suite(NOISY, noise=0.08)
    judged = judge_suite(list(NOISY), suite.source(), budget=0.03, extra_seconds=0.0)

    assert max(judgment.pairs for judgment in judged.values()) <= SCREEN_LOOKS[-1] + CONFIRM_LOOKS[0]
    assert any("the 0 s allowed" in judgment.reason for judgment in judged.values())
    assert "0 s of the 0 s allowed beyond the first screen were spent" in judged.time_note


def test_the_most_promising_benchmark_gets_the_time() -> None:
    """Of two open benchmarks, the quieter one is decided although it comes last and time is short."""
    loud, quiet = Suite({"loud": 0.0}, noise=0.3, seed=1), Suite({"quiet": 0.0}, noise=0.04, seed=3)
    sources = {"loud": loud.source(), "quiet": quiet.source()}
    judged = judge_suite(["loud", "quiet"], lambda name: sources[name](name), budget=0.03, extra_seconds=10.0)

    assert judged["quiet"].pairs >= SCREEN_LOOKS[0] + CONFIRM_LOOKS[0]
    assert judged["quiet"].outcome is Judgment.WITHIN
    assert judged["loud"].outcome is Judgment.INCONCLUSIVE


def test_false_reds_are_rare_with_much_time() -> None:
    """More looks spend no more of the error rate: of 60 suites at budget 0 with much time, few are red."""
    rng = np.random.default_rng(17)

    def take(_: str) -> Pair:
        return replace(pair_of(np.array([1e-3]), np.array([1e-3]) * math.exp(rng.normal(0, 0.02))), seconds=0.0)

    red = 0
    for _ in range(60):
        judged = judge_suite([str(number) for number in range(8)], take, budget=0.0)
        red += any(judgment.outcome is Judgment.REGRESSED for judgment in judged.values())

    assert red <= 60 * 0.025 + 3 * math.sqrt(60 * 0.025 * 0.975)


@given(st.integers(0, 10_000), st.sampled_from([0.004, 0.03, 0.08]), st.sampled_from([0.0, 3.0, 40.0]))
def test_judgment_interval_and_levels_agree(seed: int, noise: float, seconds: float) -> None:
    """A benchmark regressed if and only if its interval is above the budget; the levels have the ratio of the effect."""
    suite = Suite(MIXED, seed=seed, noise=noise)
    for judged in judge_suite(list(MIXED), suite.source(), budget=0.03, extra_seconds=seconds).values():
        assert (judged.outcome is Judgment.REGRESSED) == (judged.low > 0.03)
        assert (judged.outcome in {Judgment.WITHIN, Judgment.IMPROVED}) == (judged.high <= 0.03 + 1e-12)
        if judged.outcome is Judgment.IMPROVED:
            assert judged.high < 1 / 1.03 - 1
        assert math.isnan(judged.low) or judged.low <= judged.effect <= judged.high
        assert judged.candidate == pytest.approx(judged.baseline * (1 + judged.effect))


def test_levels_come_from_the_pairs_of_the_effect() -> None:
    """Where a runner gets slower while a suspect is confirmed, the levels are those of the fresh pairs alone."""
    suite = Suite({"slow": 0.25}, noise=0.002)
    first, fresh = SCREEN_LOOKS[0], CONFIRM_LOOKS[0]
    factors = [1.0] * first + np.linspace(2.0, 2.7, fresh).tolist()
    suite.pairs["slow"] = [
        pair_of(factor * pair.base_cpu, factor * pair.candidate_cpu)
        for factor, pair in zip(factors, suite.pairs["slow"], strict=False)
    ]
    judged = suite.judge()["slow"]

    assert judged.pairs == first + fresh
    assert judged.baseline == pytest.approx(2.35e-3, rel=0.01)
    assert judged.candidate == pytest.approx(1.25 * 2.35e-3, rel=0.01)


def test_a_level_below_a_billionth_is_no_clock_tick() -> None:
    """Only a sample of zero counts as a tick: the reciprocal of a large throughput is compared as it is."""
    judged = judge_suite(["rate"], lambda _: pair_of(np.full(SAMPLES, 1e-12), np.full(SAMPLES, 2e-12)), budget=0.03)[
        "rate"
    ]

    assert judged.outcome is Judgment.REGRESSED
    assert judged.baseline == pytest.approx(1e-12)


def test_more_blocking_is_remarked() -> None:
    """Where the candidate blocks and the baseline did not, the reason says so, whatever the outcome."""
    flat = np.full(SAMPLES, 1e-3)
    judged = judge_suite(["a"], lambda _: pair_of(flat, flat, switches=2.0, wall_factor=1.5), budget=0.03)

    assert judged["a"].outcome is Judgment.REGRESSED
    assert judged["a"].reason == "it waits 2.0 times a call, 0.0 times before"


def test_pairs_without_any_spread_are_decided() -> None:
    """A standard error of 0 is not divided by."""
    flat = np.full(SAMPLES, 1e-3)
    judged = judge_suite(["a", "b"], lambda name: pair_of(flat, flat * (2 if name == "a" else 1)), budget=0.03)

    assert judged["a"].outcome is Judgment.REGRESSED
    assert judged["b"].outcome is Judgment.WITHIN


def test_a_sample_shorter_than_the_clock_is_no_infinite_change() -> None:
    """A sample of zero seconds counts as one tick."""
    assert math.isfinite(pair_value(pair_of(np.zeros(4), np.full(4, 1e-6))))


@pytest.mark.parametrize("budget", [-0.1, math.nan, math.inf])
def test_an_impossible_budget_is_refused(budget: float) -> None:
    """The message names the value and what is allowed."""
    with pytest.raises(ValueError, match="a budget is a fraction of at least 0"):
        judge_suite(["a"], Suite({"a": 0.0}).source(), budget=budget)


def test_impossible_arguments_are_refused() -> None:
    """A benchmark may not be named twice, and an error rate must be below 1."""
    take = Suite({"a": 0.0}).source()
    with pytest.raises(ValueError, match="once only"):
        judge_suite(["a", "a"], take, budget=0.03)
    with pytest.raises(ValueError, match="alpha is a probability"):
        judge_suite(["a"], take, budget=0.03, alpha=1.0)


def test_an_empty_suite_is_judged() -> None:
    """The result is empty."""
    assert judge_suite([], Suite({}).source(), budget=0.03) == {}


def test_a_small_suite_is_not_given_up_over_one_bad_pair() -> None:
    """Where no suite provides a prior, one outlier among the first three pairs costs more pairs, not the judgment."""
    suite = Suite({"same": 0.0}, noise=0.002)
    suite.pairs["same"][1] = pair_of(np.full(SAMPLES, 1e-3), np.full(SAMPLES, 0.8e-3))

    assert suite.judge()["same"].outcome == Judgment.WITHIN


def test_an_inconclusive_reason_names_a_sufficient_budget() -> None:
    """With the budget that the reason names, the same pairs are certified."""
    noisy = Suite({"same": 0.0}, noise=0.2)
    reason = noisy.judge()["same"].reason
    named = float(reason.partition("a budget of ")[2].partition("%")[0]) / 100 + 0.001

    judgment = judge_suite(["same"], noisy.source(), budget=named)["same"]

    assert judgment.outcome == Judgment.WITHIN
