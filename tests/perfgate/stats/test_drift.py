"""Slow creep beyond the budget is told; steps, moods and noise are not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from perfgate.stats.changepoints import find_change_points
from perfgate.stats.drift import Drift, find_drift


def creep(slope: float, length: int, noise: float = 0.005, seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.asarray(np.exp(slope * np.arange(length) + noise * rng.standard_normal(length)), np.float64)


def drift(values: NDArray[np.float64], *, budget: float = 0.03, lower_is_better: bool = True) -> Drift | None:
    return find_drift(values, find_change_points(values), budget=budget, lower_is_better=lower_is_better)


@pytest.mark.parametrize(("slope", "length"), [(0.003, 30), (0.001, 80), (0.0005, 150)])
def test_creep_beyond_the_budget_is_told(slope: float, length: int) -> None:
    """How far, with an interval that holds the truth, and since when it is too much."""
    found = drift(creep(slope, length))

    assert found is not None
    assert pytest.approx(np.expm1(slope * (length - 1 - 2 * found.start)), abs=0.015) == found.effect
    assert found.low < found.effect < found.high
    assert abs(slope * (found.index - found.start) - 0.03) < 0.03
    assert found.before < found.after


def test_creep_within_the_budget_is_tolerated() -> None:
    """2.5 % over a hundred commits is what a budget of 3 % is for, and too much for one of 1 %."""
    values = creep(0.00025, 100, 0.002)

    assert drift(values) is None
    assert drift(values, budget=0.01) is not None


def test_the_good_direction_is_no_drift() -> None:
    """Getting better is not reported; for a throughput, falling is what counts."""
    values = creep(-0.003, 60)

    assert drift(values) is None
    assert drift(values, lower_is_better=False) is not None


def test_a_step_is_no_drift() -> None:
    """What one commit explains has an alert of its own."""
    values = creep(0.0, 80)
    values[40:] *= 1.1

    assert drift(values) is None


@pytest.mark.parametrize(("length", "step"), [(80, 1.2), (160, 1.2), (160, 0.85)])
def test_creep_is_seen_beside_a_step(length: int, step: float) -> None:
    """The step is taken out, and not what crept meanwhile; what creeps on both sides of it is left."""
    for seed in range(10):
        values = creep(0.0015, length, seed=seed)
        values[length // 2 :] *= step

        found = drift(values)

        assert found is not None
        assert pytest.approx(np.expm1(0.0015 * (length - 1 - 2 * found.start)), abs=0.02) == found.effect


def test_a_step_amid_spikes_is_no_drift() -> None:
    """Wild points tilt neither the slope nor the step that is taken out."""
    values = creep(0.0, 80)
    values[40:] *= 1.1
    values[[3, 20, 38, 44, 70, 76]] *= 3

    assert drift(values) is None


def test_noise_is_no_drift() -> None:
    """Two hundred series of noise alone."""
    assert 0 == sum(drift(creep(0.0, 120, 0.03, seed)) is not None for seed in range(200))


def test_the_unit_does_not_matter() -> None:
    """Seconds and nanoseconds creep alike."""
    here, there = drift(creep(0.003, 40)), drift(creep(0.003, 40) * 1e9)

    assert here is not None
    assert there is not None
    assert pytest.approx(here.effect) == there.effect
    assert (here.start, here.index) == (there.start, there.index)


@pytest.mark.parametrize("values", [[], [1.0] * 10, [1.0] * 60, [0.0] * 60, [-1.0] * 60])
def test_short_constant_and_unsuited_series_are_quiet(values: list[float]) -> None:
    """Nothing to see, or no ratio to speak of."""
    assert drift(np.asarray(values)) is None
