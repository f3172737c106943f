"""How far a series stands from the level that was last accepted.

The level at which a history begins is accepted, and so is every better one that is reached: from there on, getting worse
counts. A worse one is accepted only by somebody's word (`webapp.alerts.actions`); however long it lasts, it does not
become the baseline by itself. Changes that were taken back or dismissed as noise count for nothing, nor does what the
machine did.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from webapp.alerts.models import AlertKind, AlertState, StoredChangePoint
from webapp.alerts.states import REMAINING_SHARE, log_worsening

_NOTHING = (AlertState.INVALID, AlertState.WITHDRAWN)


@dataclass(frozen=True)
class Deviation:
    """Where a series stands against its last accepted level."""

    step: float = 0.0
    """How much worse it is, on the log scale, at least 0; sums over segments, whose levels cannot be compared."""
    since: StoredChangePoint | None = None
    """The change at which the accepted level was left, or reached where it has not been left."""
    is_accepted: bool = False
    """Whether that change was accepted by somebody's word."""

    @property
    def worse(self) -> float:
        """Return by what fraction of the accepted level it is worse, whichever direction is bad."""
        return math.expm1(self.step)


def deviation(change_points: Sequence[StoredChangePoint]) -> Deviation:
    """Return where a series stands.

    Args:
        change_points: All of it, oldest first, with series and alerts loaded.
    """
    now, furthest = Deviation(), 0.0
    for one in change_points:
        state = one.alert.state if one.alert is not None else ""
        if state in _NOTHING or one.kind == AlertKind.RUNNER:
            continue
        step = now.step + log_worsening(one)
        furthest = max(furthest, step)
        if one.regression and state == AlertState.ACCEPTED:
            now, furthest = Deviation(0.0, one, is_accepted=True), 0.0
        elif step <= 0 or (not one.regression and step <= REMAINING_SHARE * furthest):
            # An exact return drowns in noise.
            now, furthest = Deviation(0.0, one), 0.0
        else:
            now = Deviation(step, one if now.step == 0 else now.since)
    return now


def deviations(series_ids: Collection[int]) -> dict[int, Deviation]:
    """Return where some series stand."""
    found = defaultdict(list)
    rows = StoredChangePoint.objects.filter(series__in=series_ids).select_related("series", "alert", "run__commit")
    for one in rows.order_by("series_id", "position"):
        found[one.series_id].append(one)
    return {number: deviation(found[number]) for number in series_ids}
