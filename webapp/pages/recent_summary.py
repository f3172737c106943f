"""RecentSummary of the newest points of a series: latest value, change and noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from webapp.history.series import Points

WINDOW = 30
"""Number of newest points in the summary and the sparkline."""

MIN_EARLIER = 4
"""Fewest earlier points of the same segment for which change and noise are computed."""

TO_SIGMA = 1.4826
"""Scales a median absolute deviation to the standard deviation of normal noise."""


@dataclass(frozen=True)
class RecentSummary:
    """Latest value, change and noise of one series."""

    latest: float
    """Newest value, in the series' unit."""
    change: float | None
    """Newest value ÷ median of the points before it − 1; None: too few points, or the median is 0."""
    noise: float | None
    """Standard deviation of one point as a fraction of the level; None as for `change`."""

    @property
    def stands_out(self) -> bool:
        """Whether the change is more than three times the noise."""
        return self.change is not None and self.noise is not None and abs(self.change) > 3 * self.noise


def summarize(points: Points) -> RecentSummary | None:
    """Return the summary of the newest points; None if there are no points.

    Only points in the segment of the newest one are used: values of other environments are not comparable. The noise
    is estimated from differences of neighboring points, which a level shift hardly affects.

    Source:
        von Neumann et al. (1941), the mean square successive difference, with the median absolute difference in
        place of the mean square so that single outliers do not count.
    """
    if not len(points.values):
        return None
    values = points.values[-WINDOW:][points.segments[-WINDOW:] == points.segments[-1]]
    latest = float(values[-1])
    earlier = float(np.median(values[:-1])) if len(values) > MIN_EARLIER else 0.0
    if not earlier:
        return RecentSummary(latest=latest, change=None, noise=None)
    step = float(np.median(np.abs(np.diff(values))))
    return RecentSummary(
        latest=latest, change=latest / earlier - 1, noise=TO_SIGMA * step / math.sqrt(2) / abs(earlier)
    )
