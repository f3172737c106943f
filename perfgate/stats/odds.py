"""How likely it is that the level of a series changed for good at some place.

The log-odds are a weighted sum of what is seen there. The weights are those of a logistic regression on borders in real
noise with known changes (docs/explanation/history.md).
"""

from __future__ import annotations

import math

from perfgate.stats.normalized import NormalizedSeries

MIN_SIDE = 4
"""Fewest points of a level."""

SHOWN_FROM = -0.65
"""Log-odds from which a border is shown. Marking whatever is likelier than half of the attainable F1 maximizes F1. This is
a little more, for a false mark costs its readers more than a small change that is missed."""

CANDIDATES_FROM = -4.0
"""Log-odds from which a border may be part of a change that many series share."""

PER_LOG_ERROR, USUAL_ERRORS = 2.4, 5.0
PER_SEPARATION, USUAL_SEPARATION = 4.7, 0.6
PER_LOG_SIZE, USUAL_SIZE = 0.24, 0.02
PER_SHORTNESS, USUAL_SIDE = 30.0, 40
PRIOR = -1.55
"""The weights: log-odds = PRIOR + PER_… × (what is seen − what is usual), see `log_odds`."""

FRESH = 6.0
"""Divided by the points since the border and subtracted: a change of the last few points often reverts."""

RAMP = 1.8
"""Subtracted where a straight line fits better than a step."""


def log_odds(series: NormalizedSeries, start: int, place: int, end: int) -> float:
    """Return the log-odds that the level changed for good at *place*, between the borders *start* and *end*.

    They grow with the step in its own errors, widened by how much this series wanders anyway at that time scale; with how
    cleanly the points of both sides separate (Cliff's delta), which no outlier can fake; with the size of the step; and
    with the number of points of the shorter side.
    """
    step, error, shorter = series.step(start, place, end)
    if abs(step) < series.least_step or shorter < MIN_SIDE:
        return -math.inf
    odds = (
        PRIOR
        + PER_LOG_ERROR * math.log(abs(step) / error / USUAL_ERRORS)
        + PER_LOG_SIZE * math.log(abs(step) * series.noise / USUAL_SIZE)
        - PER_SHORTNESS * (1 / shorter - 1 / USUAL_SIDE)
        - FRESH / (series.length - place)
    )
    if odds + PER_SEPARATION * (1 - USUAL_SEPARATION) < CANDIDATES_FROM:
        return odds  # even the cleanest separation would not make it a candidate
    odds += PER_SEPARATION * (series.separation(start, place, end) - USUAL_SEPARATION)
    return odds - RAMP if odds > CANDIDATES_FROM and series.is_ramp(start, place, end) else odds
