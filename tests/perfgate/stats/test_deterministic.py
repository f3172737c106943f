"""One pair of numbers that repeat: what lies beyond budget and repeatability is a change, what lies between is open."""

from __future__ import annotations

import math

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
    """One pair decides; at the budget itself, within repeatability, nothing is claimed."""
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

    assert scaled == decision
    if decision.outcome in MIRRORED:
        assert MIRRORED[decision.outcome] is swapped.outcome


def test_pairs_that_differ_more_than_they_may_widen_the_interval() -> None:
    """The median pair counts, and nothing is claimed that the pairs among themselves contradict."""
    decision = judge_counts([[100]] * 3, [[100], [102], [104]], budget=0.005, repeatability=0.0005)

    assert decision.effect == pytest.approx(0.02)
    assert decision.low < 0.005
    assert Judgment.INCONCLUSIVE is decision.outcome


def test_calls_that_differ_more_than_they_may_widen_the_interval() -> None:
    """A single pair is trusted no further than the calls of either of its processes agree."""
    steady = judge_counts([[100, 100, 100]], [[102, 102, 102]], budget=0.005, repeatability=0.0005)
    shaky = judge_counts([[100, 100, 101]], [[99, 102, 102]], budget=0.005, repeatability=0.0005)

    assert Judgment.REGRESSED is steady.outcome
    assert shaky.effect == pytest.approx(steady.effect)
    assert Judgment.INCONCLUSIVE is shaky.outcome


def test_what_repeats_within_its_bound_is_no_change_at_any_budget() -> None:
    """At a budget of 0, the same number again is within; calls that differ among themselves prove nothing."""
    assert Judgment.WITHIN is judge_counts([[100, 100]], [[100, 100]], budget=0.0, repeatability=0.0005).outcome
    assert Judgment.INCONCLUSIVE is judge_counts([[100, 103]], [[100, 103]], budget=0.0, repeatability=0.0005).outcome


def test_from_nothing_to_something_is_more_than_any_budget() -> None:
    """0 against 0 is within; from 0 anything is a regression, and down to 0 an improvement."""
    outcomes = [
        judge_counts([[before]], [[after]], budget=0.05, repeatability=0.001) for before, after in ((0, 500), (500, 0))
    ]

    assert Judgment.WITHIN is judge_counts([[0]], [[0]], budget=0.05, repeatability=0.001).outcome
    assert [Judgment.REGRESSED, Judgment.IMPROVED] == [each.outcome for each in outcomes]
    assert [math.inf, -1.0] == [each.effect for each in outcomes]


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
def test_one_pair_settles_what_did_not_move_or_agrees_with_itself(
    base: list[list[float]], head: list[list[float]], outcome: Judgment, *, settled: bool
) -> None:
    """A change is believed at once only if the calls of each process agree to the last digit."""
    assert settled == is_settled(base, head, outcome)


def test_a_disagreement_is_said_in_one_sentence() -> None:
    """Time and instructions that come to different outcomes are both quoted; agreement and doubt say nothing."""
    slower = judge_counts([[100]], [[105]], budget=0.03, repeatability=0.001)
    same = judge_counts([[100]], [[100]], budget=0.03, repeatability=0.001)
    unsure = judge_counts([[100]], [[103]], budget=0.03, repeatability=0.001)

    assert disagreement(slower, same) == (
        "time says +5.0%, instructions say +0.0%: look for waiting, memory access or the layout of the code rather than"
        " for more work"
    )
    assert "the time it takes did not follow" in disagreement(same, slower)
    assert disagreement(slower, slower) == disagreement(slower, unsure) == ""


@pytest.mark.parametrize(
    ("base", "candidate"),
    [([], []), ([[1.0]], [[1.0], [2.0]]), ([[-1.0]], [[1.0]]), ([[math.nan]], [[1.0]])],
)
def test_numbers_that_cannot_be_counts_are_refused(base: list[list[float]], candidate: list[list[float]]) -> None:
    """No pair, unequal sides, negative or missing numbers are errors, not decisions."""
    with pytest.raises(ValueError, match=r"got"):
        judge_counts(base, candidate, budget=0.05, repeatability=0.001)
