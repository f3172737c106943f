"""How far the level of a series is from its accepted level.

The first level of a history is accepted, and so is every better level that is reached later; a change for the worse counts
from there. Only a person accepts a worse level (`webapp.alerts.actions`), however long it lasts. Changes that were
withdrawn or dismissed as noise do not count, and neither do changes of the machine.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from webapp.alerts.models import AlertKind, AlertState, StoredChangePoint
from webapp.alerts.states import REMAINING_SHARE, log_worsening

_IGNORED_STATES = (AlertState.INVALID, AlertState.WITHDRAWN)


@dataclass(frozen=True)
class Deviation:
    """The distance of a series from its accepted level."""

    step: float = 0.0
    """How much worse the series is, on the log scale, at least 0. It is a sum over segments, whose levels cannot be compared."""
    since: StoredChangePoint | None = None
    """The change that left the accepted level, or, if `step` is 0, the change that reached it."""
    is_accepted: bool = False
    """Whether a person accepted the level that `since` reached."""

    @property
    def worse(self) -> float:
        """Return how much worse the series is, as a fraction of the accepted level, whichever direction is bad."""
        return math.expm1(self.step)


def deviation(change_points: Sequence[StoredChangePoint]) -> Deviation:
    """Return how far a series is from its accepted level.

    Args:
        change_points: All change points of the series, oldest first, with series and alerts loaded.
    """
    current, furthest = Deviation(), 0.0
    for change_point in change_points:
        state = change_point.alert.state if change_point.alert is not None else ""
        if state in _IGNORED_STATES or change_point.kind == AlertKind.RUNNER:
            continue
        step = current.step + log_worsening(change_point)
        furthest = max(furthest, step)
        if change_point.regression and state == AlertState.ACCEPTED:
            current, furthest = Deviation(0.0, change_point, is_accepted=True), 0.0
        elif step <= 0 or (not change_point.regression and step <= REMAINING_SHARE * furthest):
            # A return is never exact, because of noise.
            current, furthest = Deviation(0.0, change_point), 0.0
        else:
            current = Deviation(step, change_point if current.step == 0 else current.since)
    return current


def deviations(series_ids: Collection[int]) -> dict[int, Deviation]:
    """Return how far each series is from its accepted level, by series id."""
    change_points = defaultdict(list)
    rows = StoredChangePoint.objects.filter(series__in=series_ids).select_related("series", "alert", "run__commit")
    for change_point in rows.order_by("series_id", "position"):
        change_points[change_point.series_id].append(change_point)
    return {series_id: deviation(change_points[series_id]) for series_id in series_ids}
