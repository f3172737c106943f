"""What an older version stored is understood."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.utils import timezone

from tests.webapp.gating.lab import Lab
from webapp.gating.models import Alert, Event


def test_open_and_closed_alerts_get_their_states(lab: Lab) -> None:
    """An alert that was open had been told of; a closed one was fixed by its commit, or else taken back."""
    runs = lab.history([1.0, 1.0, 1.0, 1.0])
    for run, state, closed_by in zip(runs, ("open", "closed", "closed"), (None, runs[3].commit, None), strict=False):
        Alert.objects.create(
            project=lab.project, branch="main", commit=run.commit, state=state, closed_by=closed_by,
            closed_at=timezone.now() if state == "closed" else None,
        )  # fmt: skip

    import_module("webapp.gating.migrations.0003_causes_and_states").tell_states(apps, None)

    assert ["confirmed", "fixed", "withdrawn"] == list(Alert.objects.order_by("pk").values_list("state", flat=True))
    assert 3 == Event.objects.filter(action="opened").count()
