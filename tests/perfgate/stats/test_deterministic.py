"""One pair of numbers that repeat: what lies beyond budget and repeatability is a change, what lies between is open."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.stats.deterministic import disagreement, is_settled, judge_counts
from perfgate.stats.judgments import Judgment

counts = st.floats(min_value=1, max_value=1e12)
fractions = st.floats(min_value=0, max_value=0.5)

MIRRORED = {Judgment.REGRESSED: Judgment.IMPROVED, Judgment.IMPROVED: Judgment.REGRESSED}


@pytest.mark.parametrize(
    ("candidate", "budget", "outcome"),
    [
        (101_000, 0.0, Judgment.REGRESSED),
        (101_000, 0.005, Judgment.REGRESSED),
        (101_000, 0.01, Judgment.INCONCLUSIVE),
        (101_000, 0.012, Judgment.WITHIN),
        (100_000, 0.005, Judgment.WITHIN),
        (99_000, 0.005, Judgment.IMPROVED),
        (99_000, 0.012, Judgment.WITHIN),
    ],
)
def test_a_change_is_what_lies_beyond_budget_and_repeatability(
    candidate: float, budget: float, outcome: Judgment
) -> None:
    """One pair is enough; within repeatability of the budget the judgment is inconclusive."""
    decision = judge_counts([[100_000]], [[candidate]], budget=budget, repeatability=0.0005, metric="traced_peak")

    assert outcome is decision.outcome
    assert decision.effect == pytest.approx(candidate / 100_000 - 1)
    assert decision.low < decision.effect < decision.high
    assert decision.smallest_detectable == pytest.approx((1 + budget) * 1.0005 - 1)
    assert (decision.pairs, decision.metric) == (1, "traced_peak")
    assert bool(decision.reason) == (outcome is Judgment.INCONCLUSIVE)


@given(base=counts, candidate=counts, budget=fractions, repeatability=fractions, scale=st.sampled_from([0.5, 2.0, 8.0]))
def test_scale_changes_nothing_and_swapping_sides_mirrors(
    base: float, candidate: float, budget: float, repeatability: float, scale: float
) -> None:
    """Units do not matter; exchanging the sides turns a regression into an improvement and back."""
    decision = judge_counts([[base]], [[candidate]], budget=budget, repeatability=repeatability)
    scaled = judge_counts([[base * scale]], [[candidate * scale]], budget=budget, repeatability=repeatability)
    swapped = judge_counts([[candidate]], [[base]], budget=budget, repeatability=repeatability)

    assert scaled == replace(decision, baseline=base * scale, candidate=candidate * scale)
    if decision.outcome in MIRRORED:
        assert MIRRORED[decision.outcome] is swapped.outcome


@given(pairs=st.lists(st.tuples(counts, counts), min_size=1, max_size=5), budget=fractions, repeatability=fractions)
def test_levels_have_the_ratio_of_the_change(
    pairs: list[tuple[float, float]], budget: float, repeatability: float
) -> None:
    """The candidate's level is the baseline's times the change, with any number of pairs."""
    base, candidate = ([[number] for number in side] for side in zip(*pairs, strict=True))
    decision = judge_counts(base, candidate, budget=budget, repeatability=repeatability)

    if math.isfinite(decision.effect) and decision.baseline > 0:
        assert decision.candidate / decision.baseline - 1 == pytest.approx(decision.effect, rel=1e-9, abs=1e-12)
    assert min(map(min, base)) * (1 - 1e-9) <= decision.baseline <= max(map(max, base)) * (1 + 1e-9)


def test_pairs_that_differ_widen_the_interval() -> None:
    """The median pair counts, and the interval includes all pairs."""
    decision = judge_counts([[100]] * 3, [[100], [102], [104]], budget=0.005, repeatability=0.0005)

    assert decision.effect == pytest.approx(0.02)
    assert decision.low < 0.005
    assert Judgment.INCONCLUSIVE is decision.outcome


def test_calls_that_differ_widen_the_interval() -> None:
    """With a single pair, the interval includes the differences between the calls of one process."""
    steady = judge_counts([[100, 100, 100]], [[102, 102, 102]], budget=0.005, repeatability=0.0005)
    shaky = judge_counts([[100, 100, 101]], [[99, 102, 102]], budget=0.005, repeatability=0.0005)

    assert Judgment.REGRESSED is steady.outcome
    assert shaky.effect == pytest.approx(steady.effect)
    assert Judgment.INCONCLUSIVE is shaky.outcome


def test_a_change_within_repeatability_is_none_at_any_budget() -> None:
    """At a budget of 0 the same number is within; calls that differ among themselves are inconclusive."""
    assert Judgment.WITHIN is judge_counts([[100, 100]], [[100, 100]], budget=0.0, repeatability=0.0005).outcome
    assert Judgment.INCONCLUSIVE is judge_counts([[100, 103]], [[100, 103]], budget=0.0, repeatability=0.0005).outcome


def test_from_nothing_to_something_is_more_than_any_budget() -> None:
    """0 against 0 is within; from 0 anything is a regression, and down to 0 an improvement."""
    outcomes = [
        judge_counts([[before]], [[after]], budget=0.05, repeatability=0.001) for before, after in ((0, 500), (500, 0))
    ]

    assert Judgment.WITHIN is judge_counts([[0]], [[0]], budget=0.05, repeatability=0.001).outcome
    assert [Judgment.REGRESSED, Judgment.IMPROVED] == [judgment.outcome for judgment in outcomes]
    assert [math.inf, -1.0] == [judgment.effect for judgment in outcomes]


@pytest.mark.parametrize(
    ("base", "head", "outcome", "settled"),
    [
        ([[5.0]], [[5.0]], Judgment.WITHIN, True),
        ([[5.0, 5.0]], [[6.0, 6.0]], Judgment.REGRESSED, True),
        ([[5.0]], [[6.0]], Judgment.REGRESSED, False),
        ([[5.0, 5.0]], [[6.0, 6.1]], Judgment.REGRESSED, False),
        ([[5.0, 5.0]], [[5.1, 5.1]], Judgment.INCONCLUSIVE, False),
    ],
)
def test_one_pair_settles_what_is_unchanged_or_agrees_with_itself(
    base: list[list[float]], head: list[list[float]], outcome: Judgment, *, settled: bool
) -> None:
    """A change is settled by one pair only if the calls of each process agree to the last digit."""
    assert settled == is_settled(base, head, outcome)


def test_a_disagreement_is_explained_in_one_sentence() -> None:
    """Two different outcomes are both quoted; where they agree or one is inconclusive there is nothing to explain."""
    slower = judge_counts([[100]], [[105]], budget=0.03, repeatability=0.001)
    same = judge_counts([[100]], [[100]], budget=0.03, repeatability=0.001)
    unsure = judge_counts([[100]], [[103]], budget=0.03, repeatability=0.001)

    assert disagreement(slower, same) == (
        "time says +5.0%, instructions say +0.0%: look for waiting, memory access or the layout of the code rather than"
        " for more work"
    )
    assert disagreement(same, slower) == (
        "time says +0.0%, instructions say +5.0%: the work changed, but the time it takes did not follow"
    )
    assert disagreement(slower, slower) == disagreement(slower, unsure) == ""


@pytest.mark.parametrize(
    ("base", "candidate"),
    [([], []), ([[1.0]], [[1.0], [2.0]]), ([[-1.0]], [[1.0]]), ([[math.nan]], [[1.0]])],
)
def test_impossible_counts_are_refused(base: list[list[float]], candidate: list[list[float]]) -> None:
    """No pair, unequal sides, negative or missing numbers are errors, not decisions."""
    with pytest.raises(ValueError, match=r"got"):
        judge_counts(base, candidate, budget=0.05, repeatability=0.001)


def test_a_small_count_is_within_whatever_its_change() -> None:
    """Up to *judged_above* on both sides any change is within, without a reason; above it on one side it counts."""

    def outcome(before: float, after: float) -> Judgment:
        return judge_counts([[before]], [[after]], budget=0.0, repeatability=0.0, judged_above=100.0).outcome

    assert Judgment.WITHIN is outcome(50, 100)
    assert Judgment.REGRESSED is outcome(50, 101)
    assert Judgment.IMPROVED is outcome(101, 50)
    assert "" == judge_counts([[50]], [[60]], budget=0.0, repeatability=0.0, judged_above=100.0).reason


def test_every_count_is_judged_by_default() -> None:
    """Without *judged_above* a change of one is a change, and metric and seconds are empty."""
    judgment = judge_counts([[0.5]], [[1.0]], budget=0.0, repeatability=0.0)

    assert Judgment.REGRESSED is judgment.outcome
    assert ("", 0.0) == (judgment.metric, judgment.seconds)
    assert 7.5 == judge_counts([[1]], [[1]], budget=0.0, repeatability=0.0, seconds=7.5).seconds


def test_pairs_that_agree_have_the_stated_repeatability() -> None:
    """The interval of equal pairs is the repeatability and no more; that of differing ones reaches the farthest pair."""
    equal = judge_counts([[100]] * 3, [[102]] * 3, budget=0.0, repeatability=0.01)
    differing = judge_counts([[100]] * 3, [[98], [102], [103]], budget=0.0, repeatability=0.01)

    assert equal.low == pytest.approx(1.02 / 1.01 - 1)
    assert equal.high == pytest.approx(1.02 * 1.01 - 1)
    assert differing.low == pytest.approx(0.98 - 1)
    assert differing.high == pytest.approx(1.02 * 1.02 / 0.98 - 1)


def test_the_limits_themselves_are_within() -> None:
    """A change that reaches the budget with repeatability added is within; so is one of repeatability at budget 0."""
    assert Judgment.WITHIN is judge_counts([[1.0]], [[2.0]], budget=1.0, repeatability=0.0).outcome
    assert Judgment.WITHIN is judge_counts([[1.0]], [[2.0]], budget=0.0, repeatability=1.0).outcome


def test_a_change_too_large_for_a_number_is_infinite() -> None:
    """A ratio beyond what a float holds is infinite, and not an error."""
    for before, after in ((1e-300, 1e300), (1e-150, 1e157)):
        judgment = judge_counts([[before]], [[after]], budget=0.0, repeatability=100.0)

        assert Judgment.REGRESSED is judgment.outcome
        assert math.inf == judgment.effect == judgment.high


def test_the_inconclusive_reason_names_the_repeatability() -> None:
    """It says how near to the budget the change lies, in percent."""
    reason = judge_counts([[1000]], [[1010]], budget=0.01, repeatability=0.005).reason

    assert reason == (
        "the change lies within 0.50% of the budget, which is how far measurements of the same code differ"
    )


def test_equal_disagreements_are_put_down_to_the_work() -> None:
    """Where time moved exactly as far as instructions, but the other way, the work changed."""
    faster = judge_counts([[100]], [[75]], budget=0.0, repeatability=0.0)
    slower = judge_counts([[80]], [[100]], budget=0.0, repeatability=0.0)

    assert "the work changed" in disagreement(replace(faster, effect=-0.25), replace(slower, effect=0.25))
    assert "look for waiting" in disagreement(replace(faster, effect=-0.26), replace(slower, effect=0.25))
