"""What a bisection will cost: measurements, and the time that each took lately."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from perfgate.stats.search import SPARE_VISITS
from webapp.history.models import Project
from webapp.measurements.models import Measurement

_RECENT = 20
"""Number of measurements from which the usual time is read."""


@dataclass(frozen=True)
class BisectionCost:
    """The expected cost of one bisection."""

    commits: int
    expected: int
    """Measurements that halving the range takes."""
    most: int
    """Measurements after which it stops in any case."""
    minutes: float | None = None
    """From request to result, median of the project's recent measurements; None: there was none."""

    @property
    def sentence(self) -> str:
        """The cost in words."""
        return f"{self.commits} commits are suspect: about {self.expected} measurements, {self.most} at most."


def bisection_cost(commits: int, minutes: float | None = None) -> BisectionCost:
    """Return the cost of searching so many commits."""
    halvings = math.ceil(math.log2(commits))
    return BisectionCost(commits=commits, expected=halvings, most=halvings + SPARE_VISITS, minutes=minutes)


def usual_minutes(project: Project) -> float | None:
    """Return the median time from dispatch to result of the project's recent measurements, None if there was none."""
    answered = Measurement.objects.filter(project=project, state=Measurement.State.ANSWERED)
    recent = answered.exclude(purpose=Measurement.Purpose.RERUN).order_by("-dispatched_at")[:_RECENT]
    times = [
        (measurement.answered_at - measurement.dispatched_at).total_seconds() / 60
        for measurement in recent
        if measurement.answered_at and measurement.dispatched_at
    ]
    return median(times) if times else None
