"""The probability densities that a search for one commit assumes: of a step, and of a measurement around its level."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import numpy.typing as npt

EFFECT_SCALE = 0.05
"""Scale of the Cauchy prior of a step on the log scale: half of all steps are smaller, and a doubling is no surprise."""

SMALLEST_STEP = 0.005
"""Around this size on the log scale a step is half as likely as the Cauchy prior says; smaller ones count as no change."""

OUTLIER_SHARE, OUTLIER_WIDTH = 0.01, 10.0
"""Share of the measurements that are outliers, and how many standard errors wide these scatter. With such a tail no single
measurement can rule a commit out."""

TINY = 1e-300
"""Smallest density, so that its logarithm is a number."""

Floats = npt.NDArray[np.float64]


def step_density(steps: Floats) -> Floats:
    """Return the prior density of steps on the log scale: Cauchy's, with a hole around 0. It integrates to 1."""
    cauchy = (EFFECT_SCALE + SMALLEST_STEP) / math.pi / (EFFECT_SCALE**2 + steps**2)
    density: Floats = cauchy * steps**2 / (steps**2 + SMALLEST_STEP**2)
    return density


def measurement_density(distance: Floats, error: float) -> Floats:
    """Return the density of measurements at *distance* from their level: normal, mixed with a much wider Cauchy."""
    core = np.exp(-0.5 * (distance / error) ** 2)
    wide = 1 / (1 + (distance / error / OUTLIER_WIDTH) ** 2) / OUTLIER_WIDTH / math.pi
    density = ((1 - OUTLIER_SHARE) * core / math.sqrt(2 * math.pi) + OUTLIER_SHARE * wide) / error
    return cast(Floats, np.maximum(density, TINY))


def predictive_density(weights: Floats, levels: Floats, values: Floats, error: float) -> Floats:
    """Return how probable each of *values* is as the next measurement.

    Args:
        weights: Shape ``(rows, levels)``, the probability of each level; each row is a hypothesis and sums to 1.
        levels: Shape ``(levels,)``.
        values: Shape ``(values,)``.
        error: Standard error of the measurement.

    Returns:
        Shape ``(rows, values)``; rows sum to 1.
    """
    density = weights @ measurement_density(values[None, :] - levels[:, None], error)
    return cast(Floats, density / density.sum(axis=1, keepdims=True))


def entropy(rows: Floats) -> Floats:
    """Return the entropy of each row of probabilities, in bits."""
    return cast(Floats, -(rows * np.log2(np.maximum(rows, TINY))).sum(axis=-1))
