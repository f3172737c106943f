"""A series in units of its noise has the statistics that plain formulas give for its normalized values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from perfgate.stats.normalized import REACH, SEPARATION_REACH, NormalizedSeries


def noisy(length: int, seed: int = 1, noise: float = 0.02) -> NDArray[np.float64]:
    return np.asarray(np.exp(noise * np.random.default_rng(seed).standard_normal(length)), np.float64)


def test_the_noise_is_one() -> None:
    """Positive values are logarithms in standard deviations of their noise, whatever steps they have."""
    values = noisy(400)
    values[200:] *= 3
    series = NormalizedSeries(values, None)

    assert series.noise == pytest.approx(0.02, rel=0.15)
    assert float(np.std(series.x[:200])) == pytest.approx(1.0, abs=0.2)
    assert series.mean(200, 400) - series.mean(0, 200) == pytest.approx(math.log(3) / series.noise, abs=0.5)


def test_values_that_are_not_positive_are_relative_to_their_magnitude() -> None:
    """Without logarithms the unit is the median magnitude."""
    values = np.random.default_rng(2).standard_normal(100) * 0.1 - 5
    series = NormalizedSeries(values, None)

    assert series.noise == pytest.approx(0.1 / 5, rel=0.3)


def test_spikes_are_pulled_back() -> None:
    """An isolated outlier does not exceed a few standard deviations; a lasting step is untouched."""
    values = noisy(100)
    values[50] *= 10
    series = NormalizedSeries(values, None)

    assert abs(series.x[50]) < 8
    assert np.argmax(np.abs(series.x)) == 50


@pytest.mark.parametrize(
    ("start", "place", "end"), [(0, 10, 30), (0, 3, 40), (5, 38, 40), (0, 100, 200), (90, 97, 200)]
)
def test_a_step_is_the_difference_of_the_means_with_its_error(start: int, place: int, end: int) -> None:
    """Welch's error; a side of three points or fewer has the pooled variance, and no variance is below that of the noise."""
    series = NormalizedSeries(noisy(200, seed=3), None)
    before, after = series.x[max(start, place - REACH) : place], series.x[place : min(end, place + REACH)]
    squares = [float(((side - side.mean()) ** 2).sum()) for side in (before, after)]
    pooled = sum(squares) / (len(before) + len(after) - 2)
    variances = [
        max(1.0, square / (len(side) - 1) if len(side) > 3 else pooled)
        for side, square in zip((before, after), squares, strict=True)
    ]
    step, error, shorter = series.step(start, place, end)

    assert step == pytest.approx(after.mean() - before.mean())
    assert error == pytest.approx(math.sqrt(variances[0] / len(before) + variances[1] / len(after)))
    assert shorter == min(len(before), len(after))


def test_stated_errors_are_the_least_variance() -> None:
    """Where the measurements state more than the noise, their mean variance counts; infinite errors state nothing."""
    values = noisy(60)
    plain, stated = NormalizedSeries(values, None), NormalizedSeries(values, values * 0.2)
    unknown = NormalizedSeries(values, np.full(60, np.inf))

    assert stated.step(0, 30, 60)[1] == pytest.approx(0.2 / stated.noise * math.sqrt(2 / 30))
    assert plain.step(0, 30, 60) == unknown.step(0, 30, 60)


def test_wander_widens_the_error_at_its_time_scale() -> None:
    """A random walk differs between adjacent means by more than its noise, and more so at longer scales; noise does not."""
    rng = np.random.default_rng(4)
    walk = NormalizedSeries(np.exp(np.cumsum(0.01 * rng.standard_normal(400)) + 0.01 * rng.standard_normal(400)), None)
    noise = NormalizedSeries(noisy(400), None)
    before = walk.step(100, 200, 300)[1]
    walk.learn_wander([])
    noise.learn_wander([])

    assert sorted(walk.wander) == walk.wander
    assert walk.wander[-1] > 1.5
    assert max(noise.wander) < 1.3
    assert walk.step(100, 200, 300)[1] == pytest.approx(before * walk.wander[5])
    assert walk.step(100, 104, 300)[1] < walk.step(100, 104, 300)[1] / walk.wander[2] * walk.wander[5]


def test_a_known_step_is_no_wander() -> None:
    """Between clear steps only the rest of the series counts."""
    values = noisy(200)
    values[100:] *= 1.5
    series = NormalizedSeries(values, None)
    series.learn_wander([100])

    assert max(series.wander) < 1.3


@pytest.mark.parametrize("place", [4, 20, 60, 96])
def test_separation_is_cliffs_delta(place: int) -> None:
    """The share of pairs in order less that of pairs out of order, over the points nearby, ties counting half."""
    series = NormalizedSeries(np.round(noisy(100, seed=5), 2), None)
    before, after = series.x[max(0, place - SEPARATION_REACH) : place], series.x[place : place + SEPARATION_REACH]
    above = float((after[:, None] > before).mean() - (after[:, None] < before).mean())

    assert abs(above) == pytest.approx(series.separation(0, place, 100))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("slope", [0.0, 0.5, 2.0])
def test_a_ramp_is_what_a_line_fits_better(seed: int, slope: float) -> None:
    """Least squares of a line and of two levels decide, over the points nearby."""
    values = noisy(60, seed=seed) * np.exp(0.01 * slope * np.arange(60)) * np.where(np.arange(60) < 25, 1.0, 1.02)
    series = NormalizedSeries(values, None)
    at = np.arange(60)
    line = float(((series.x - np.polyval(np.polyfit(at, series.x, 1), at)) ** 2).sum())
    levels = float(sum(((side - side.mean()) ** 2).sum() for side in (series.x[:25], series.x[25:])))

    assert series.is_ramp(0, 25, 60) is (line < levels)
