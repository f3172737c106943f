"""Estimates agree with the textbook: Student's t, Yuen's trimmed mean, Smyth's prior."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from perfgate.stats.estimates import Estimate, Prior, common_prior, location, normal_quantile
from tests.perfgate.stats import reference


@pytest.mark.parametrize("limit", [-0.1, 0.0, 0.03, 0.2])
def test_probabilities_are_students(limit: float) -> None:
    """p-values, quantiles and bounds agree with ``scipy.stats.t``."""
    estimate = Estimate(0.02, 0.01, 7.0)

    assert estimate.exceeds(limit) == pytest.approx(stats.t.sf((0.02 - limit) / 0.01, 7))
    assert estimate.quantile(0.975) == pytest.approx(stats.t.ppf(0.975, 7))
    assert estimate.bound(0.99) == pytest.approx(0.02 + 0.01 * stats.t.ppf(0.99, 7))
    assert normal_quantile(0.9) == pytest.approx(stats.norm.ppf(0.9))


def test_an_estimate_without_error_is_certain() -> None:
    """Without an error the location is the truth; at the limit itself it does not exceed it."""
    assert 0.0 == Estimate(0.1, 0.0, 3.0).exceeds(0.05)
    assert 1.0 == Estimate(0.05, 0.0, 3.0).exceeds(0.05)


def test_swapping_the_sides_changes_the_sign_only() -> None:
    """Error and degrees of freedom stay."""
    assert Estimate(-0.02, 0.01, 7.0) == Estimate(0.02, 0.01, 7.0).mirrored()


@pytest.mark.parametrize("count", [6, 8, 12, 30, 64])
def test_many_values_have_yuens_trimmed_mean(count: int) -> None:
    """Location and error agree with the reference, from the stated number of values on."""
    values = np.random.default_rng(count).standard_t(2, count)
    mean, variance, freedom = location(values, trim_from=6)
    expected = reference.trimmed_mean(values.tolist())

    assert mean == pytest.approx(expected.location)
    assert math.sqrt(variance / count) == pytest.approx(expected.error)
    assert expected.freedom == freedom


@pytest.mark.parametrize("count", [2, 5])
def test_few_values_have_the_plain_mean(count: int) -> None:
    """Below the stated number nothing is trimmed; ddof = 1."""
    values = np.random.default_rng(count).standard_normal(count)
    mean, variance, freedom = location(values, trim_from=6)

    assert (mean, variance, freedom) == pytest.approx((values.mean(), values.var(ddof=1), count - 1))


def test_one_value_has_no_variance() -> None:
    """Its variance is NaN with 0 degrees of freedom."""
    mean, variance, freedom = location(np.array([0.5]), trim_from=6)

    assert (0.5, 0.0) == (mean, freedom)
    assert math.isnan(variance)


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("pairs", [2, 3, 8])
def test_the_prior_equals_the_reference(spread: float, pairs: int) -> None:
    """Smyth's moments, solved by bisection in the reference; the degrees of freedom stay between 1 and 20."""
    rng = np.random.default_rng(pairs)
    scales = np.exp(spread * rng.standard_normal(40))
    suite = [scale * rng.standard_normal(pairs) for scale in scales]
    prior = common_prior(suite, min_samples=20)
    variance, freedom = reference.smyth_prior([values.tolist() for values in suite])

    assert prior.freedom == pytest.approx(freedom, rel=1e-6)
    assert prior.variance == pytest.approx(variance, rel=1e-6)
    assert 1.0 <= prior.freedom <= 20.0


def test_a_small_suite_has_no_prior() -> None:
    """Twenty benchmarks have a prior, nineteen do not."""
    suite = [np.random.default_rng(seed).standard_normal(3) for seed in range(20)]

    assert Prior(0.0, 0.0) == common_prior(suite[:19], min_samples=20)
    assert common_prior(suite, min_samples=20).freedom > 0


def test_values_without_spread_have_a_prior() -> None:
    """A variance of 0 has no logarithm; it counts as a tiny one."""
    assert common_prior([np.zeros(3)] * 20, min_samples=20).variance > 0
