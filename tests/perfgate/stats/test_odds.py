"""The log-odds of a border grow with all that speaks for a lasting change."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perfgate.stats import odds
from perfgate.stats.normalized import NormalizedSeries
from perfgate.stats.odds import log_odds


def series(
    effect: float, *, before: int = 60, after: int = 60, noise: float = 0.01, slope: float = 0.0
) -> NormalizedSeries:
    values = np.exp(noise * np.random.default_rng(1).standard_normal(before + after))
    values[before:] *= 1 + effect
    return NormalizedSeries(values * np.exp(slope * np.arange(before + after)), None)


def test_a_larger_step_is_likelier() -> None:
    """The log-odds rise with the step; a clear one is beyond any doubt."""
    found = [log_odds(series(effect), 0, 60, 120) for effect in (0.005, 0.01, 0.02, 0.05, 0.2)]

    assert sorted(found) == found
    assert found[-1] > 8


def test_more_points_are_likelier() -> None:
    """The same step after more points is likelier to last."""
    found = [log_odds(series(0.05, after=after), 0, 60, 60 + after) for after in (4, 6, 10, 30, 60)]

    assert sorted(found) == found


def test_a_fresh_step_is_less_likely_than_an_old_one() -> None:
    """With the same points on both sides, a change with nothing after it is discounted by how fresh it is."""
    one = series(0.05, after=30)
    whole = series(0.05, after=60)
    whole.x, whole.sums, whole.squares, whole.noise = one.x, one.sums, one.squares, one.noise

    assert log_odds(whole, 0, 60, 90) - log_odds(one, 0, 60, 90) == pytest.approx(odds.FRESH / 30 - odds.FRESH / 60)


def test_a_ramp_is_less_likely() -> None:
    """Where a line fits better than a step, the log-odds are lower by a constant."""
    ramp = series(0.0, slope=0.002)
    assert ramp.is_ramp(0, 60, 120)
    found = log_odds(ramp, 0, 60, 120)
    ramp.is_ramp = lambda *_: False  # type: ignore[method-assign]

    assert log_odds(ramp, 0, 60, 120) - found == pytest.approx(odds.RAMP)


def test_tiny_steps_and_short_levels_are_impossible() -> None:
    """A step below the least one, or a level of fewer than four points, is no border at all."""
    assert -math.inf == log_odds(series(0.0005, noise=0.00001), 0, 60, 120)
    assert -math.inf == log_odds(series(0.2), 57, 60, 120)
    assert log_odds(series(0.2), 56, 60, 120) > -math.inf


def test_the_weights_are_those_of_the_regression() -> None:
    """The sum of the five kinds of evidence, each times its weight, worked out by hand."""
    found = series(0.05)
    step, error, shorter = found.step(0, 60, 120)
    expected = (
        -1.55
        + 2.4 * math.log(abs(step) / error / 5.0)
        + 0.24 * math.log(abs(step) * found.noise / 0.02)
        - 30.0 * (1 / shorter - 1 / 40)
        - 6.0 / 60
        + 4.7 * (found.separation(0, 60, 120) - 0.6)
    )

    assert expected == pytest.approx(log_odds(found, 0, 60, 120))
