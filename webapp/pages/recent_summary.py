"""The figures beside a sparkline: where a series stands, how far that is from before, and how much it wobbles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from webapp.history.series import Points

WINDOW = 30
"""Newest points of a series that its sparkline shows and its figures come from."""

MIN_EARLIER = 4
"""Fewest earlier points of the same segment from which a change or a noise is worth showing."""

TO_SIGMA = 1.4826
"""Makes a median absolute deviation estimate the standard deviation of normal noise."""


@dataclass(frozen=True)
class Summary:
    """The newest points of one series in three numbers."""

    latest: float
    """Newest value, in the series' unit."""
    change: float | None
    """Newest value ÷ median of the points before it − 1; None: too few, or that median is 0."""
    noise: float | None
    """Standard deviation of one point as a fraction of the level; None likewise."""

    @property
    def stands_out(self) -> bool:
        """Whether the change is more than three times the noise."""
        return self.change is not None and self.noise is not None and abs(self.change) > 3 * self.noise


def summarise(points: Points) -> Summary | None:
    """Return the figures of the newest points, None where there is no point.

    Only points of the newest one's segment are compared with it: what was measured in another environment says
    nothing. The noise comes from the differences of neighbours, which a lasting step in the level hardly moves.

    Source:
        von Neumann et al. (1941), the mean square successive difference, with the median absolute difference in
        place of the mean square so that single spikes do not count.
    """
    if not len(points.values):
        return None
    values = points.values[-WINDOW:][points.segments[-WINDOW:] == points.segments[-1]]
    latest = float(values[-1])
    earlier = float(np.median(values[:-1])) if len(values) > MIN_EARLIER else 0.0
    if not earlier:
        return Summary(latest=latest, change=None, noise=None)
    step = float(np.median(np.abs(np.diff(values))))
    return Summary(latest=latest, change=latest / earlier - 1, noise=TO_SIGMA * step / math.sqrt(2) / abs(earlier))
