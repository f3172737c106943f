"""How good the detector is, by what became of its alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from webapp.alerts.models import Alert, AlertState

_GROUPS = {
    AlertState.SUSPECTED: "undecided",
    AlertState.CONFIRMED: "undecided",
    AlertState.ACKNOWLEDGED: "acted_on",
    AlertState.FIXED: "acted_on",
    AlertState.ACCEPTED: "acted_on",
    AlertState.INVALID: "dismissed",
    AlertState.WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True)
class Quality:
    """What became of a project's alerts; neither merged ones count, nor those of an imported history."""

    undecided: int = 0
    """Nobody has said or done anything yet."""
    acted_on: int = 0
    """Acknowledged, fixed or accepted: worth the interruption."""
    dismissed: int = 0
    """Somebody said that it is noise."""
    withdrawn: int = 0
    """perfgate took it back: later points or a new measurement did not show it."""

    @property
    def decided(self) -> int:
        """Return how many came to an end of some kind."""
        return self.acted_on + self.dismissed + self.withdrawn

    @property
    def shares(self) -> dict[str, float]:
        """Return what part of the decided ones was acted on, dismissed and withdrawn; empty where none is decided."""
        names = ("acted_on", "dismissed", "withdrawn") if self.decided else ()
        return {name: getattr(self, name) / self.decided for name in names}


def by_project(project_ids: Iterable[int]) -> dict[int, Quality]:
    """Return the quality by project."""
    numbers = list(project_ids)
    counts: dict[int, Counter[str]] = {number: Counter() for number in numbers}
    rows = Alert.objects.filter(project__in=numbers, imported_only=False).exclude(state=AlertState.MERGED)
    for project, state, count in rows.values_list("project", "state").annotate(count=Count("id")):
        counts[project][_GROUPS[AlertState(state)]] += count
    return {number: Quality(**counts[number]) for number in numbers}
