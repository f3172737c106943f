"""Tests of `perfgate.gate.scale`: a number is judged as it is shown."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.gate import Outcome, judge
from perfgate.gate.scale import shown_effect, tolerated_growth
from perfgate.policy.findings import Finding
from perfgate.results.records import Benchmark, Commit, Direction, Environment, Metric, Policy, Run, Sample, level
from perfgate.stats.judgments import BenchmarkJudgment, Judgment

TODAY = date(2026, 11, 21)
DIRECTIONS = st.sampled_from(list(Direction))


def exact_run(base: float, head: float, direction: Direction, policy: str) -> Run:
    """Return a run of one benchmark whose pairs all show the same change."""
    metric = Metric(name="amount", unit="items", direction=direction)

    def side(value: float) -> Run:
        rounds = ((value,) * 5,) * 20
        sample = Sample(benchmark=Benchmark(name="a"), metric=metric, value=level(rounds), rounds=rounds)
        return Run(
            suite="s", tool="t", commit=Commit(sha="a" * 40), environment=Environment(name="e"), samples=(sample,)
        )

    whole = side(head)
    return Run(
        suite=whole.suite,
        tool=whole.tool,
        commit=whole.commit,
        environment=whole.environment,
        samples=whole.samples,
        baseline=side(base),
        policy=Policy(text=policy),
    )


def outcome(base: float, head: float, direction: Direction, policy: str) -> Outcome:
    return judge(exact_run(base, head, direction, policy), today=TODAY).outcome


def budget(percent: float) -> str:
    return f"[[budget]]\nmax_regression = {percent / 100!r}\n"


def waiver(percent: float) -> str:
    return (
        f"[[waiver]]\nbenchmarks = '*'\nmax_regression = '{percent}%'\nuntil = 2027-01-01\nowner = 'o'\nreason = 'r'\n"
    )


def test_a_fall_of_20_percent_is_within_22_and_beyond_19() -> None:
    """Throughput 1.0 → 0.8 is shown as −20 %: it passes a budget of 22 % and fails one of 19 %."""
    assert Outcome.PASS == outcome(1.0, 0.8, Direction.HIGHER, budget(22))
    assert Outcome.FAIL == outcome(1.0, 0.8, Direction.HIGHER, budget(19))


def test_a_waiver_for_a_fall_of_22_percent_covers_20_and_one_of_19_does_not() -> None:
    """The ceiling of a waiver is held against the change that is shown."""
    assert Outcome.WAIVED == outcome(1.0, 0.8, Direction.HIGHER, budget(1) + waiver(22))
    assert Outcome.FAIL == outcome(1.0, 0.8, Direction.HIGHER, budget(1) + waiver(19))


@pytest.mark.parametrize("direction", list(Direction))
def test_a_waiver_covers_a_change_that_equals_its_ceiling(direction: Direction) -> None:
    """A change of exactly 25 % is covered by a ceiling of 25 %."""
    worse = 1.25 if direction is Direction.LOWER else 0.75

    assert Outcome.WAIVED == outcome(1.0, worse, direction, budget(1) + waiver(25))


@given(change=st.integers(2, 60), allowed=st.integers(1, 70), direction=DIRECTIONS)
def test_the_shown_change_decides(change: int, allowed: int, direction: Direction) -> None:
    """In both directions, the gate fails exactly if the shown change in the bad direction exceeds the budget; equal is within."""
    sign = 1 if direction is Direction.LOWER else -1
    verdict = judge(exact_run(1.0, 1 + sign * change / 100, direction, budget(allowed)), today=TODAY)
    (row,) = verdict.rows

    assert pytest.approx(sign * change / 100) == row.effect
    assert (change > allowed) == (verdict.outcome is Outcome.FAIL)


@given(change=st.integers(3, 60), ceiling=st.integers(1, 70), direction=DIRECTIONS)
def test_a_waiver_holds_up_to_the_shown_change(change: int, ceiling: int, direction: Direction) -> None:
    """In both directions, a waiver covers a change that is shown as at most its ceiling."""
    sign = 1 if direction is Direction.LOWER else -1
    found = outcome(1.0, 1 + sign * change / 100, direction, budget(1) + waiver(ceiling))

    assert (change <= ceiling) == (found is Outcome.WAIVED)


def judgment(effect: float, low: float, high: float, detectable: float = 0.02) -> BenchmarkJudgment:
    return BenchmarkJudgment(
        outcome=Judgment.WITHIN,
        effect=effect,
        low=low,
        high=high,
        pairs=4,
        seconds=0.0,
        smallest_detectable=detectable,
        metric="m",
        reason="",
    )


@given(
    ends=st.lists(st.floats(-0.9, 9.0), min_size=3, max_size=3).map(sorted), direction=DIRECTIONS, size=st.floats(0, 5)
)
def test_the_interval_is_shown_in_order(ends: list[float], direction: Direction, size: float) -> None:
    """The lower end of a shown interval is not above the effect, the upper end not below it, in both directions."""
    low, effect, high = ends
    shown = shown_effect(judgment(effect, low, high, size), direction)

    assert shown.low is not None
    assert shown.effect is not None
    assert shown.high is not None
    assert shown.low <= shown.effect <= shown.high
    assert shown.smallest_detectable is not None
    assert shown.smallest_detectable >= 0


def test_ends_change_places_where_more_is_better() -> None:
    """A cost that grew by 25 % to 100 % is a fall by 50 % to 20 %."""
    shown = shown_effect(judgment(0.6, 0.25, 1.0, 0.25), Direction.HIGHER)

    assert pytest.approx(-0.5) == shown.low
    assert pytest.approx(-0.2) == shown.high
    assert pytest.approx(0.2) == shown.smallest_detectable


@pytest.mark.parametrize("direction", list(Direction))
def test_unknown_numbers_are_none(direction: Direction) -> None:
    """NaN and infinity are not shown as numbers."""
    shown = shown_effect(judgment(math.nan, math.nan, math.inf, math.nan), direction)

    assert (None, None) == (shown.effect, shown.smallest_detectable)
    assert None is (shown.high if direction is Direction.LOWER else shown.low)


@given(fraction=st.floats(0, 0.99))
def test_a_budget_is_the_same_change_on_both_scales(fraction: float) -> None:
    """The reciprocal of the tolerated growth is the tolerated fall."""
    assert pytest.approx(1 - fraction) == 1 / (1 + tolerated_growth(fraction, Direction.HIGHER))
    assert pytest.approx(fraction, abs=1e-8) == tolerated_growth(fraction, Direction.LOWER)


def test_a_budget_of_100_percent_tolerates_any_fall() -> None:
    """A metric cannot fall by more than all of it."""
    assert Outcome.PASS == outcome(1.0, 0.01, Direction.HIGHER, budget(100))


def test_a_finding_has_the_shown_numbers() -> None:
    """The finding on a regression holds effect and interval as the row shows them."""
    (row,) = judge(exact_run(1.0, 0.8, Direction.HIGHER, budget(5)), today=TODAY).rows
    finding = row.finding("max_regression")

    assert isinstance(finding, Finding)
    assert (row.effect, row.low, row.high) == (finding.observed, finding.low, finding.high)
    assert 0.05 == row.max_regression


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(("base", "head"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_value_of_zero_has_no_ratio(base: float, head: float, direction: Direction) -> None:
    """A level of 0 on either side is inconclusive, with the reason, and never an error."""
    (row,) = judge(exact_run(base, head, direction, budget(5)), today=TODAY).rows

    assert (Outcome.INCONCLUSIVE, None) == (row.outcome, row.effect)
    assert "not above 0" in row.reason


def test_an_infinite_growth_is_not_shown() -> None:
    """The reciprocal of a fall by 100 % is unknown."""
    assert None is shown_effect(judgment(-1.0, -1.0, -1.0), Direction.HIGHER).effect
