"""Robust location of a few numbers with its standard error, and a common prior for the variances of many small samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, ndtr, ndtri, polygamma, stdtr, stdtrit

TRIM_SHARE = 0.13
"""Share of the values cut off at either end: one pair in two hundred is off by half, whatever the layout."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """Location of log ratios over pairs, with its standard error."""

    mean: float
    """Location, plain or trimmed mean."""
    error: float
    """Standard error of the location."""
    freedom: float
    """Degrees of freedom of the error; 0: unknown."""

    def exceeds(self, limit: float) -> float:
        """Return the one-sided p-value of "the true location is at most *limit*"."""
        if self.error == 0:
            return 0.0 if self.mean > limit else 1.0
        return float(stdtr(self.freedom, (limit - self.mean) / self.error))

    def mirrored(self) -> Estimate:
        """Return the estimate with the sides swapped."""
        return Estimate(-self.mean, self.error, self.freedom)

    def bound(self, confidence: float) -> float:
        """Return the upper one-sided confidence bound of the location."""
        return self.mean + self.quantile(confidence) * self.error

    def lower_bound(self, confidence: float) -> float:
        """Return the lower one-sided confidence bound of the location."""
        return self.mean - self.quantile(confidence) * self.error

    def quantile(self, probability: float) -> float:
        """Return Student's quantile for these degrees of freedom."""
        return float(stdtrit(self.freedom, probability))


@dataclass(frozen=True)
class Prior:
    """Scaled inverse chi-square prior of the variance of one pair value; 0 degrees of freedom: no prior."""

    variance: float = 0.0
    freedom: float = 0.0


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return float(ndtri(probability))


def normal_tail(value: float) -> float:
    """Return the probability that a standard normal variable exceeds *value*."""
    return float(ndtr(-value))


def location(values: Values, *, trim_from: int) -> tuple[float, float, float]:
    """Return location, variance of one value, and degrees of freedom; trimmed from *trim_from* values on.

    The variance of a trimmed mean is given as that of as many plain values, so that dividing by n gives its squared
    error. ddof = 1. Source: Yuen (1974).
    """
    n = len(values)
    if n < trim_from:
        mean = float(values.sum()) / n
        return mean, float(((values - mean) ** 2).sum()) / (n - 1) if n > 1 else math.nan, n - 1.0
    cut = max(1, round(TRIM_SHARE * n))
    ordered = np.sort(values)
    kept = n - 2 * cut
    winsorized = np.clip(ordered, ordered[cut], ordered[n - 1 - cut])
    squares = float(((winsorized - winsorized.mean()) ** 2).sum())
    return float(ordered[cut : n - cut].mean()), squares / (kept * (kept - 1)) * n, kept - 1.0


def common_prior(screened: Sequence[Values], *, min_samples: int) -> Prior:
    """Return Smyth's prior for the variances of a suite, from robust moments of their logarithms.

    Args:
        screened: One array per benchmark, all of one length of at least 2.
        min_samples: With fewer benchmarks the prior has 0 degrees of freedom.
    """
    if len(screened) < min_samples:
        return Prior()
    freedom = len(screened[0]) - 1
    variances = np.maximum([values.var(ddof=1) for values in screened], 1e-12)
    logs = np.log(variances) - digamma(freedom / 2) + math.log(freedom / 2)
    middle = float(np.median(logs))
    spread = (1.4826 * float(np.median(np.abs(logs - middle)))) ** 2
    prior_freedom = float(np.clip(2 * _inverse_trigamma(max(spread - float(polygamma(1, freedom / 2)), 1e-3)), 1, 20))
    variance = math.exp(middle + float(digamma(prior_freedom / 2)) - math.log(prior_freedom / 2))
    return Prior(variance, prior_freedom)


def _inverse_trigamma(value: float) -> float:
    """Return x with trigamma(x) = *value*, by Newton's method on its reciprocal. Source: Smyth (2004), appendix."""
    x = 0.5 + 1 / value
    for _ in range(30):
        trigamma = float(polygamma(1, x))
        x += trigamma * (1 - trigamma / value) / float(polygamma(2, x))
    return x
