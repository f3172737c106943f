"""Slow drift beyond the budget is found; level shifts and noise are no drift."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kendalltau

from perfgate.stats.changepoints import ChangePoint, find_change_points
from perfgate.stats.drift import Drift, concordance, find_drift
from tests.perfgate.stats import reference


def drifting(slope: float, length: int, noise: float = 0.005, seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.asarray(np.exp(slope * np.arange(length) + noise * rng.standard_normal(length)), np.float64)


def drift(values: NDArray[np.float64], *, budget: float = 0.03, lower_is_better: bool = True) -> Drift | None:
    return find_drift(values, find_change_points(values), budget=budget, lower_is_better=lower_is_better)


@pytest.mark.parametrize(("slope", "length"), [(0.003, 30), (0.001, 80), (0.0005, 150)])
def test_drift_beyond_the_budget_is_found(slope: float, length: int) -> None:
    """The effect, an interval that holds the truth, and the position from which the budget is exceeded."""
    found = drift(drifting(slope, length))

    assert found is not None
    assert pytest.approx(np.expm1(slope * (length - 1 - 2 * found.start)), abs=0.015) == found.effect
    assert found.low < found.effect < found.high
    assert abs(slope * (found.index - found.start) - 0.03) < 0.03
    assert found.before < found.after


def test_drift_within_the_budget_is_tolerated() -> None:
    """2.5 % over a hundred commits is within a budget of 3 % and beyond one of 1 %."""
    values = drifting(0.00025, 100, 0.002)

    assert drift(values) is None
    assert drift(values, budget=0.01) is not None


def test_the_good_direction_is_no_drift() -> None:
    """Getting better is not reported; for a throughput, falling is getting worse."""
    values = drifting(-0.003, 60)

    assert drift(values) is None
    assert drift(values, lower_is_better=False) is not None


def test_a_level_shift_is_no_drift() -> None:
    """What one commit explains is a change point."""
    values = drifting(0.0, 80)
    values[40:] *= 1.1

    assert drift(values) is None


@pytest.mark.parametrize(("length", "step"), [(80, 1.2), (160, 1.2), (160, 0.85)])
def test_drift_is_found_beside_a_level_shift(length: int, step: float) -> None:
    """The level shift is removed, and the drift on both sides of it is left."""
    for seed in range(10):
        values = drifting(0.0015, length, seed=seed)
        values[length // 2 :] *= step

        found = drift(values)

        assert found is not None
        assert pytest.approx(np.expm1(0.0015 * (length - 1 - 2 * found.start)), abs=0.02) == found.effect


def test_a_level_shift_amid_spikes_is_no_drift() -> None:
    """Outliers bias neither the slope nor the level shift that is removed."""
    values = drifting(0.0, 80)
    values[40:] *= 1.1
    values[[3, 20, 38, 44, 70, 76]] *= 3

    assert drift(values) is None


def test_noise_is_no_drift() -> None:
    """Two hundred series of noise alone have no drift."""
    assert 0 == sum(drift(drifting(0.0, 120, 0.03, seed)) is not None for seed in range(200))


def test_the_unit_does_not_matter() -> None:
    """Seconds and nanoseconds have the same drift."""
    here, there = drift(drifting(0.003, 40)), drift(drifting(0.003, 40) * 1e9)

    assert here is not None
    assert there is not None
    assert pytest.approx(here.effect) == there.effect
    assert (here.start, here.index) == (there.start, there.index)


@pytest.mark.parametrize("values", [[], [1.0] * 10, [1.0] * 60, [0.0] * 60, [-1.0] * 60])
def test_short_constant_and_nonpositive_series_have_no_drift(values: list[float]) -> None:
    """There is no trend to see, or no ratio."""
    assert drift(np.asarray(values)) is None


@given(st.lists(st.integers(-4, 4) | st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_concordance_is_scipys_kendall_tau(values: list[float]) -> None:
    """Ties included, the result equals ``scipy.stats.kendalltau`` to the last digit."""
    assume(len(set(values)) > 1)

    assert float(kendalltau(range(len(values)), values).statistic) == concordance(np.asarray(values, float))


def test_one_jump_that_makes_most_of_the_way_is_no_drift() -> None:
    """Where no change point was found, a jump of more than half of the rise still is no drift."""
    values = drifting(0.0, 60, 0.001)
    values[30:] *= 1.1

    assert find_drift(values, (), budget=0.03, lower_is_better=True) is None


def test_the_newest_stretch_takes_the_points_that_are_left() -> None:
    """Older stretches stay as they are when points come, so the start of a drift does not move with every point."""
    values = drifting(0.003, 47)
    starts = {found.start for length in range(40, 48) if (found := drift(values[:length])) is not None}

    assert 1 == len(starts)


@pytest.mark.parametrize("seed", range(40))
def test_every_number_equals_the_reference(seed: int) -> None:
    """Position, effect, interval and levels follow from the medians of the stretches; so does that there is no drift."""
    rng = np.random.default_rng(seed)
    length = int(rng.integers(25, 200))
    slopes = np.repeat(rng.choice([-0.002, 0.0, 0.001, 0.003], 2, p=[0.2, 0.1, 0.3, 0.4]), (length + 1) // 2)[:length]
    values = np.exp(np.cumsum(slopes) + rng.choice([0.0, 0.001, 0.004]) * rng.standard_normal(length))
    budget = float(rng.choice([0.0, 0.02, 0.05]))
    expected = reference.drift(values.tolist(), budget)
    found = find_drift(values, (), budget=budget, lower_is_better=True)
    mirrored = find_drift(1 / values, (), budget=budget, lower_is_better=False)

    if expected is None:
        assert found is None
        assert mirrored is None
        return
    assert found is not None
    assert mirrored is not None
    assert (expected.start, expected.beyond) == (found.start, found.index) == (mirrored.start, mirrored.index)
    assert found.effect == pytest.approx(np.expm1(expected.rise))
    assert found.low == pytest.approx(np.expm1(expected.rise - 1.96 * expected.error))
    assert found.high == pytest.approx(np.expm1(expected.rise + 1.96 * expected.error))
    assert (found.before, found.after) == pytest.approx((expected.before, expected.after))
    assert mirrored.effect == pytest.approx(np.expm1(-expected.rise))
    assert mirrored.low < mirrored.effect < mirrored.high or expected.error == pytest.approx(0, abs=1e-9)


def test_the_shortest_series_has_25_points() -> None:
    """24 points are too few for drift, 25 are enough."""
    values = np.exp(0.01 * np.arange(25))

    assert find_drift(values[:24], (), budget=0.01, lower_is_better=True) is None
    assert find_drift(values, (), budget=0.01, lower_is_better=True) is not None


def test_whole_numbers_are_values_too() -> None:
    """Integers drift like floats."""
    values = [1000 + 10 * number for number in range(60)]

    assert find_drift(values, (), budget=0.01, lower_is_better=True) == find_drift(
        [float(value) for value in values], (), budget=0.01, lower_is_better=True
    )


def test_a_level_shift_is_removed_at_its_commit() -> None:
    """Without noise, the drift beside a level shift is exactly that of the series without it."""
    plain = np.exp(0.002 * np.arange(84))
    shifted = plain * np.where(np.arange(84) >= 42, 1.3, 1.0)
    change = ChangePoint(42, 0.3, 0.2, 0.4, 0.99, 1.0, 1.3, 0.0, 0.0)
    expected = find_drift(plain, (), budget=0.03, lower_is_better=True)
    found = find_drift(shifted, (change,), budget=0.03, lower_is_better=True)

    assert expected is not None
    assert found is not None
    assert found.effect == pytest.approx(expected.effect)
    assert (expected.start, expected.index) == (found.start, found.index)
