"""The densities of a search for one commit are what the textbook says, and integrate to 1."""

import numpy as np
import pytest
from scipy import integrate, stats

from perfgate.stats import densities
from perfgate.stats.densities import Floats


def at(value: float) -> Floats:
    return np.array([value])


def test_the_prior_of_a_step_integrates_to_one() -> None:
    """Half of the probability lies on either side of 0."""
    half, _ = integrate.quad(lambda step: float(densities.step_density(at(step))[0]), 0, np.inf, limit=500)

    assert 0.5 == pytest.approx(half, rel=1e-6)


def test_a_step_of_nothing_has_no_probability() -> None:
    """The prior has a hole around 0: a step too small to notice is none; far away it is Cauchy's."""
    far = stats.cauchy.pdf(1.0, scale=densities.EFFECT_SCALE)

    assert 0.0 == densities.step_density(at(0.0))[0]
    assert densities.step_density(at(densities.SMALLEST_STEP / 10))[0] < densities.step_density(at(0.02))[0] / 20
    assert 1.1 * far == pytest.approx(densities.step_density(at(1.0))[0], rel=0.01)


@pytest.mark.parametrize("distance", [-0.5, -0.01, 0.0, 0.02, 3.0])
def test_a_measurement_is_normal_with_a_share_of_outliers(distance: float) -> None:
    """99 % normal with the stated error, 1 % Cauchy ten times as wide."""
    expected = 0.99 * stats.norm.pdf(distance, scale=0.01) + 0.01 * stats.cauchy.pdf(distance, scale=0.1)

    assert expected == pytest.approx(densities.measurement_density(at(distance), 0.01)[0])


def test_no_measurement_is_impossible() -> None:
    """A density never falls below a floor, so its logarithm is a number."""
    assert densities.TINY == densities.measurement_density(at(1e150), 1e-3)[0]


def test_predictions_follow_the_weights() -> None:
    """A hypothesis that is sure of its level predicts values around it; every row sums to 1."""
    levels, values = np.array([-0.1, 0.1]), np.linspace(-0.5, 0.5, 101)
    rows = densities.predictive_density(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), levels, values, 0.02)

    assert [1.0] * 3 == pytest.approx(rows.sum(axis=1).tolist())
    assert [-0.1, 0.1] == pytest.approx([values[rows[0].argmax()], values[rows[1].argmax()]])
    assert list(rows[2]) == pytest.approx(list(rows[2][::-1]))


def test_entropy_counts_bits() -> None:
    """Two alike hold 1 bit, four alike 2, and a sure thing none."""
    rows = np.array([[0.5, 0.5, 0.0, 0.0], [0.25] * 4, [1.0, 0.0, 0.0, 0.0]])

    assert [1.0, 2.0, 0.0] == pytest.approx(densities.entropy(rows).tolist())
