"""The posterior over a range of commits is Bayes' rule worked out slowly, whichever way the range is turned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate.stats.bisection import Measurement, Posterior, Standing, next_commit
from tests.perfgate.stats import reference

COUNT = 12
values = st.floats(-0.2, 0.2)
errors = st.floats(0.003, 0.05)
looks = st.lists(st.builds(Measurement, st.integers(0, COUNT), values, errors), min_size=1, max_size=6)


def shares(posterior: Posterior) -> list[float]:
    return [*posterior.commits, posterior.nothing, posterior.several]


def step(at: int, *, positions: Sequence[int], size: float = 0.05, error: float = 0.004) -> list[Measurement]:
    return [Measurement(position, size if position >= at else 0.0, error) for position in positions]


@pytest.mark.parametrize(
    ("measured", "is_relative"),
    [
        ([(4, 0.06, 0.02)], True),
        ([(4, 0.06, 0.02), (2, 0.03, 0.03), (3, -0.02, 0.04)], True),
        ([(4, 0.06, 0.01), (1, 0.03, 0.01), (2, 0.031, 0.02), (2, 0.01, 0.02)], True),
        ([(0, 0.0, 0.04), (2, 0.1, 0.05)], False),
    ],
)
def test_every_share_is_that_of_the_slow_reference(measured: list[tuple[int, float, float]], is_relative: bool) -> None:
    """Summing over cuts of the measured positions is the same as trying every hypothesis."""
    commits, nothing, several = reference.culprit(4, measured, is_relative=is_relative)
    posterior = Posterior(4, [Measurement(*each) for each in measured], is_relative=is_relative)

    assert shares(posterior) == pytest.approx([*commits, nothing, several], abs=0.01)


@given(looks, st.booleans())
@settings(max_examples=40)
def test_all_explanations_share_one_probability(measured: list[Measurement], is_relative: bool) -> None:
    """Commits, nothing and several add up to 1, whatever was measured, and nothing is negative."""
    posterior = Posterior(COUNT, [*measured, Measurement(0, 0.0, 0.01)], is_relative=is_relative)

    assert 1.0 == pytest.approx(sum(shares(posterior)))
    assert min(shares(posterior)) >= 0


@given(looks, st.randoms())
@settings(max_examples=40)
def test_neither_order_nor_sign_matters(measured: list[Measurement], random: object) -> None:
    """Measuring in another order changes nothing, and a speed-up is found where a slowdown would be."""
    shuffled = list(measured)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    mirrored = [Measurement(each.position, -each.value, each.error) for each in shuffled]
    expected = Posterior(COUNT, measured)

    assert shares(Posterior(COUNT, shuffled)) == pytest.approx(shares(expected), abs=1e-9)
    assert shares(Posterior(COUNT, mirrored)) == pytest.approx(shares(expected), abs=1e-9)


@given(looks)
@settings(max_examples=25)
def test_history_can_be_read_backwards(measured: list[Measurement]) -> None:
    """Where neither end is the reference, the mirrored range has the mirrored posterior."""
    measured = [*measured, *step(1, positions=[0, COUNT])]
    backwards = [Measurement(COUNT - each.position, each.value, each.error) for each in measured]
    forth, back = (Posterior(COUNT, each, is_relative=False) for each in (measured, backwards))

    assert list(forth.commits / forth.commits.sum()) == pytest.approx(
        list(back.commits[::-1] / back.commits.sum()), abs=1e-6
    )


@given(looks, errors, st.floats(1.2, 5.0))
@settings(max_examples=25)
def test_a_more_precise_measurement_tells_no_less(measured: list[Measurement], error: float, factor: float) -> None:
    """Bits never fall with precision, are never negative, and never exceed what is unknown."""
    posterior = Posterior(COUNT, measured)
    fine, coarse = posterior.gains(error), posterior.gains(error * factor)
    known = np.append(posterior.commits, posterior.nothing)
    known = known[known > 0] / known.sum()

    assert (fine >= coarse - 0.02).all()
    assert (fine <= -(known * np.log2(known)).sum() + 1e-6).all()


def test_the_first_commit_to_measure_is_in_the_middle() -> None:
    """With nothing but the bad end known, halving tells most; the good end, measured beside each, tells nothing."""
    posterior = Posterior(64, [Measurement(64, 0.05, 0.004)])
    choice = posterior.choose(error=0.004)

    assert choice is not None
    assert 30 <= choice[0] <= 34
    assert choice[1] > 0.9


def test_a_cheap_commit_is_preferred() -> None:
    """What counts is bits for their cost, and a commit that cannot be measured is left alone."""
    posterior = Posterior(64, [Measurement(64, 0.05, 0.004)])
    costs = np.full(65, 100.0)
    costs[20] = 1.0
    cheap, other = posterior.choose(error=0.004, costs=costs), posterior.choose(error=0.004, costs=costs, without={20})

    assert cheap is not None
    assert other is not None
    assert 20 == cheap[0]
    assert 20 != other[0]


def test_clear_measurements_around_a_commit_prove_it() -> None:
    """A commit whose parent is at the old level and which is at the new one is found, with its effect."""
    posterior = Posterior(64, step(20, positions=[19, 20, 64]))
    effect, low, high = posterior.effect(20)

    assert posterior.standing is Standing.FOUND
    assert 20 == posterior.suspects()[0][0]
    assert low < math.expm1(0.05) < high
    assert effect == pytest.approx(0.051, abs=0.005)


def test_points_of_a_history_prove_a_commit_too() -> None:
    """Where the old level is only known from points, it is learnt from them, and the effect is between both."""
    measured = [
        Measurement(each.position, each.value + 3.0, each.error) for each in step(20, positions=[0, 0, 19, 20, 64])
    ]
    posterior = Posterior(64, measured, is_relative=False)
    effect, low, high = posterior.effect(20)

    assert posterior.standing is Standing.FOUND
    assert low < effect < high
    assert effect == pytest.approx(0.051, abs=0.01)


def test_a_server_narrows_a_range_from_its_points() -> None:
    """Point after point is asked for where it tells most, never one that cannot be had, until one commit is sure."""
    rng = np.random.default_rng(5)

    def point(position: int) -> tuple[int, float]:
        return position, 2e-3 * math.exp(0.05 * (position >= 20) + rng.normal(0, 0.008))

    points = [point(position) for position in (*range(-30, 1), *range(64, 90))]
    asked: list[int] = []
    posterior, wanted = next_commit(64, points, error=0.008, without={32})
    while wanted is not None and len(asked) < 20:
        asked.append(wanted)
        points.append(point(wanted))
        posterior, wanted = next_commit(64, points, error=0.008, without={32})

    assert posterior.standing is Standing.FOUND
    assert 20 == posterior.suspects()[0][0]
    assert 32 not in asked
    assert len(asked) <= 10


def test_a_point_without_a_logarithm_is_refused() -> None:
    """The position and the value are named."""
    with pytest.raises(ValueError, match="position 3 is 0"):
        next_commit(4, [(0, 1.0), (3, 0.0)], error=0.01)


def test_one_measurement_gone_wrong_rules_nothing_out() -> None:
    """An outlier on the culprit leaves it a suspect; a second look at it finds it."""
    wrong = [*step(20, positions=[19, 21, 64]), Measurement(20, -0.4, 0.004)]

    assert 20 in dict(Posterior(64, wrong).suspects())
    assert 20 == Posterior(64, [*wrong, *step(20, positions=[20])]).suspects()[0][0]


def test_two_steps_are_not_blamed_on_one_commit() -> None:
    """A level in between, seen several times, means that no single commit did it; each stretch is named."""
    measured = step(20, positions=[10, 19, 20, 25, 30, 39]) + step(1, positions=[40, 50, 64], size=0.1)
    posterior = Posterior(64, measured)

    assert posterior.standing is Standing.SEVERAL
    assert ((19, 20), (39, 40)) == posterior.steps()


def test_no_change_between_the_ends_is_said() -> None:
    """Where the bad end is as fast as the good one, no commit is accused."""
    assert Posterior(64, step(65, positions=[64, 64, 32, 48], error=0.0005)).standing is Standing.NOTHING


def test_a_range_of_one_commit_needs_no_measurement_in_between() -> None:
    """The only commit there is did it."""
    assert Posterior(1, [Measurement(1, 0.05, 0.004)]).standing is Standing.FOUND


def test_a_commit_that_cannot_have_done_it_is_never_blamed() -> None:
    """A prior weight of 0 stays 0."""
    weights = np.ones(64)
    weights[19] = 0.0

    assert 0.0 == pytest.approx(Posterior(64, step(20, positions=[19, 20, 64]), weights=weights).commits[19])


@pytest.mark.parametrize(
    ("count", "measured", "weights", "match"),
    [
        (0, [], None, "at least one commit"),
        (3, [Measurement(4, 0.0, 0.1)], None, "position 4"),
        (3, [], [1.0, 2.0], "weights must be 3"),
        (3, [], [0.0, 0.0, 0.0], "weights must be 3"),
    ],
)
def test_what_is_no_range_is_refused(
    count: int, measured: list[Measurement], weights: list[float] | None, match: str
) -> None:
    """The message names the value and the limit."""
    with pytest.raises(ValueError, match=match):
        Posterior(count, measured, weights=weights)


def test_a_history_needs_its_good_end() -> None:
    """Without a point before the range there is no old level to compare with."""
    with pytest.raises(ValueError, match="position 0"):
        Posterior(3, [Measurement(3, 0.0, 0.1)], is_relative=False)


def test_a_measurement_that_is_none_is_refused() -> None:
    """Not a number is no level."""
    with pytest.raises(ValueError, match="finite"):
        Measurement(1, math.nan, 0.1)
