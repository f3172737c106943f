"""How good the detector is, measured by what became of its alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from webapp.alerts.models import Alert, AlertState

_OUTCOMES = {
    AlertState.SUSPECTED: "undecided",
    AlertState.CONFIRMED: "undecided",
    AlertState.ACKNOWLEDGED: "acted_on",
    AlertState.FIXED: "acted_on",
    AlertState.ACCEPTED: "acted_on",
    AlertState.INVALID: "dismissed",
    AlertState.WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True)
class AlertQuality:
    """How many of a project's alerts had which outcome; merged alerts and those of imported runs do not count."""

    undecided: int = 0
    """Suspected or confirmed: nobody has acted yet."""
    acted_on: int = 0
    """Acknowledged, fixed or accepted."""
    dismissed: int = 0
    """Dismissed as noise by a person."""
    withdrawn: int = 0
    """Withdrawn by perfgate: later points or a new measurement do not show the change."""

    @property
    def decided(self) -> int:
        """Return how many alerts have an outcome."""
        return self.acted_on + self.dismissed + self.withdrawn

    @property
    def shares(self) -> dict[str, float]:
        """Return each outcome's share of the decided alerts, a fraction; empty if none is decided."""
        names = ("acted_on", "dismissed", "withdrawn") if self.decided else ()
        return {name: getattr(self, name) / self.decided for name in names}


def by_project(project_ids: Iterable[int]) -> dict[int, AlertQuality]:
    """Return the alert quality of each project, by project id."""
    counts: dict[int, Counter[str]] = {project_id: Counter() for project_id in project_ids}
    alerts = Alert.objects.filter(project__in=counts, imported_only=False).exclude(state=AlertState.MERGED)
    for project_id, state, count in alerts.values_list("project", "state").annotate(count=Count("id")):
        counts[project_id][_OUTCOMES[AlertState(state)]] += count
    return {project_id: AlertQuality(**outcomes) for project_id, outcomes in counts.items()}
