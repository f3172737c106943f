"""The posterior over a range of commits is Bayes' rule, whatever the order and the sign of the measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate.stats.bisection import CERTAIN, CommitMeasurement, Explanation, Posterior
from tests.perfgate.stats import reference

COUNT = 12
values = st.floats(-0.2, 0.2)
errors = st.floats(0.003, 0.05)
measurements = st.lists(st.builds(CommitMeasurement, st.integers(0, COUNT), values, errors), min_size=1, max_size=6)


def shares(posterior: Posterior) -> list[float]:
    return [*posterior.commits, posterior.nothing, posterior.several]


def step(at: int, *, positions: Sequence[int], size: float = 0.05, error: float = 0.004) -> list[CommitMeasurement]:
    return [CommitMeasurement(position, size if position >= at else 0.0, error) for position in positions]


@pytest.mark.parametrize(
    "measured",
    [
        [(4, 0.06, 0.02)],
        [(4, 0.06, 0.02), (2, 0.03, 0.03), (3, -0.02, 0.04)],
        [(4, 0.06, 0.01), (1, 0.03, 0.01), (2, 0.031, 0.02), (2, 0.01, 0.02)],
    ],
)
def test_every_probability_equals_the_reference(measured: list[tuple[int, float, float]]) -> None:
    """Summing over cuts of the measured positions gives the same as trying every hypothesis."""
    commits, nothing, several = reference.culprit(4, measured)
    posterior = Posterior(4, [CommitMeasurement(*measurement) for measurement in measured])

    assert shares(posterior) == pytest.approx([*commits, nothing, several], abs=0.01)


@given(measurements)
@settings(max_examples=40)
def test_all_probabilities_add_up_to_one(measured: list[CommitMeasurement]) -> None:
    """Commits, nothing and several sum to 1, whatever was measured, and none is negative."""
    posterior = Posterior(COUNT, [*measured, CommitMeasurement(0, 0.0, 0.01)])

    assert 1.0 == pytest.approx(sum(shares(posterior)))
    assert min(shares(posterior)) >= 0


@given(measurements, st.randoms())
@settings(max_examples=40)
def test_neither_order_nor_sign_matters(measured: list[CommitMeasurement], random: object) -> None:
    """Measuring in another order changes nothing, and a speed-up is found where a slowdown would be."""
    shuffled = list(measured)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    mirrored = [CommitMeasurement(taken.position, -taken.value, taken.error) for taken in shuffled]
    expected = Posterior(COUNT, measured)

    assert shares(Posterior(COUNT, shuffled)) == pytest.approx(shares(expected), abs=1e-9)
    assert shares(Posterior(COUNT, mirrored)) == pytest.approx(shares(expected), abs=1e-9)


@given(measurements, errors, st.floats(1.2, 5.0))
@settings(max_examples=25)
def test_a_more_precise_measurement_tells_no_less(
    measured: list[CommitMeasurement], error: float, factor: float
) -> None:
    """Gains do not fall with precision, are never negative, and never exceed the uncertainty."""
    posterior = Posterior(COUNT, measured)
    fine, coarse = posterior.gains(error), posterior.gains(error * factor)
    known = np.append(posterior.commits, posterior.nothing)
    known = known[known > 0] / known.sum()

    assert (fine >= coarse - 0.02).all()
    assert (fine >= 0).all()
    assert (fine <= -(known * np.log2(known)).sum() + 1e-6).all()


def test_the_first_commit_to_measure_is_in_the_middle() -> None:
    """Where only the bad end is known, halving tells most."""
    posterior = Posterior(64, [CommitMeasurement(64, 0.05, 0.004)])
    choice = posterior.choose(error=0.004)

    assert choice is not None
    assert 30 <= choice[0] <= 34
    assert choice[1] > 0.9


def test_the_good_end_is_never_chosen() -> None:
    """The good end is measured beside every commit, so measuring it alone tells nothing, however cheap it is."""
    posterior = Posterior(8, [CommitMeasurement(8, 0.05, 0.004)])
    costs = np.full(9, 100.0)
    costs[0] = 1e-6
    choice = posterior.choose(error=0.004, costs=costs)

    assert choice is not None
    assert 0 != choice[0]


def test_a_cheap_commit_is_preferred() -> None:
    """Gain divided by cost decides, and a commit that cannot be measured is never chosen."""
    posterior = Posterior(64, [CommitMeasurement(64, 0.05, 0.004)])
    costs = np.full(65, 100.0)
    costs[20] = 1.0
    cheap, other = posterior.choose(error=0.004, costs=costs), posterior.choose(error=0.004, costs=costs, without={20})

    assert cheap is not None
    assert other is not None
    assert 20 == cheap[0]
    assert 20 != other[0]


def test_nothing_is_chosen_where_no_measurement_tells_anything() -> None:
    """A range whose only commit is excluded has no next measurement."""
    assert Posterior(1, [CommitMeasurement(1, 0.05, 0.004)]).choose(error=0.004, without={1}) is None


def test_clear_measurements_around_a_commit_prove_it() -> None:
    """A commit on the new level whose parent is on the old one is found, with its effect."""
    posterior = Posterior(64, step(20, positions=[19, 20, 64]))
    effect, low, high = posterior.effect(20)

    assert posterior.explanation is Explanation.FOUND
    assert 20 == posterior.suspects()[0][0]
    assert low < math.expm1(0.05) < high
    assert effect == pytest.approx(0.051, abs=0.005)


def test_an_explanation_holds_at_any_smaller_certainty() -> None:
    """What is proved at the usual certainty is proved at a smaller one, and what nothing reaches stays open."""
    posterior = Posterior(64, step(20, positions=[19, 20, 64]))

    assert posterior.explanation is posterior.explanation_at(CERTAIN)
    assert posterior.explanation_at(0.5) is Explanation.FOUND
    assert posterior.explanation_at(1.0) is Explanation.OPEN


def test_suspects_are_the_fewest_that_hold_the_share() -> None:
    """They are listed from the likeliest on; a larger share never names fewer."""
    posterior = Posterior(64, step(20, positions=[10, 30, 64]))
    likely = posterior.suspects(0.5)

    assert sorted((probability for _, probability in likely), reverse=True) == [chance for _, chance in likely]
    assert {position for position, _ in likely} < {position for position, _ in posterior.suspects()}
    assert {position for position, _ in posterior.suspects(0.99)} <= set(range(10, 32))


def test_one_outlier_rules_no_commit_out() -> None:
    """An outlier on the culprit leaves it a suspect; a second measurement of the commit finds it."""
    wrong = [*step(20, positions=[19, 21, 64]), CommitMeasurement(20, -0.4, 0.004)]

    assert 20 in dict(Posterior(64, wrong).suspects())
    assert 20 == Posterior(64, [*wrong, *step(20, positions=[20])]).suspects()[0][0]


def test_two_steps_are_not_blamed_on_one_commit() -> None:
    """A level in between, measured several times, means that no single commit is the cause; both stretches are named."""
    measured = step(20, positions=[10, 19, 20, 25, 30, 39]) + step(1, positions=[40, 50, 64], size=0.1)
    posterior = Posterior(64, measured)

    assert posterior.explanation is Explanation.SEVERAL
    assert ((19, 20), (39, 40)) == posterior.steps()


def test_no_change_between_the_ends_is_reported() -> None:
    """Where the bad end is as fast as the good one, no commit is accused."""
    measured = step(65, positions=[64, 64, 32, 48], error=0.0005)

    assert Posterior(64, measured).explanation is Explanation.NOTHING


def test_a_range_of_one_commit_needs_no_measurement_in_between() -> None:
    """The only commit is the culprit."""
    assert Posterior(1, [CommitMeasurement(1, 0.05, 0.004)]).explanation is Explanation.FOUND


def test_a_commit_with_weight_zero_is_never_blamed() -> None:
    """A prior weight of 0 stays 0."""
    weights = np.ones(64)
    weights[19] = 0.0

    assert 0.0 == pytest.approx(Posterior(64, step(20, positions=[19, 20, 64]), weights=weights).commits[19])


@pytest.mark.parametrize(
    ("count", "measured", "weights", "match"),
    [
        (0, [], None, "at least one commit"),
        (3, [CommitMeasurement(4, 0.0, 0.1)], None, "position 4"),
        (3, [], [1.0, 2.0], "weights must be 3"),
        (3, [], [0.0, 0.0, 0.0], "weights must be 3"),
        (3, [], [1.0, -1.0, 1.0], "weights must be 3"),
        (3, [], [1.0, math.nan, 1.0], "weights must be 3"),
    ],
)
def test_impossible_ranges_are_refused(
    count: int, measured: list[CommitMeasurement], weights: list[float] | None, match: str
) -> None:
    """The message names the value and the limit."""
    with pytest.raises(ValueError, match=match):
        Posterior(count, measured, weights=weights)


@pytest.mark.parametrize(("value", "error"), [(math.nan, 0.1), (math.inf, 0.1), (0.1, math.nan), (0.1, -0.1)])
def test_impossible_measurements_are_refused(value: float, error: float) -> None:
    """A value must be finite, and an error at least 0."""
    with pytest.raises(ValueError, match="finite"):
        CommitMeasurement(1, value, error)
