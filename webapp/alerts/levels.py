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
    for change_point in filter(_counts, change_points):
        step = current.step + log_worsening(change_point)
        furthest = max(furthest, step)
        is_accepted = change_point.regression and _state(change_point) == AlertState.ACCEPTED
        # A return is never exact, because of noise.
        has_returned = step <= REMAINING_SHARE * furthest
        if is_accepted or has_returned:
            current, furthest = Deviation(0.0, change_point, is_accepted=is_accepted), 0.0
        else:
            current = Deviation(step, change_point if current.step == 0 else current.since)
    return current


def _state(change_point: StoredChangePoint) -> str:
    return change_point.alert.state if change_point.alert is not None else ""


def _counts(change_point: StoredChangePoint) -> bool:
    """Return whether a change moves the series away from its accepted level or back."""
    return _state(change_point) not in _IGNORED_STATES and change_point.kind != AlertKind.RUNNER


def deviations(series_ids: Collection[int]) -> dict[int, Deviation]:
    """Return how far each series is from its accepted level, by series id."""
    change_points = defaultdict(list)
    rows = StoredChangePoint.objects.filter(series__in=series_ids).select_related("series", "alert", "run__commit")
    for change_point in rows.order_by("series_id", "position"):
        change_points[change_point.series_id].append(change_point)
    return {series_id: deviation(change_points[series_id]) for series_id in series_ids}
