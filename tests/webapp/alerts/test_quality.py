"""The quality of a detector is what became of its alerts."""

from __future__ import annotations

from tests.webapp.alerts.made import stored_alert
from webapp.alerts import quality
from webapp.alerts.models import AlertState
from webapp.history.models import Project


def test_alerts_are_counted_by_outcome(project: Project) -> None:
    """Every state has one outcome; merged alerts and those of imported runs are left out."""
    for number, state in enumerate(AlertState):
        stored_alert(project, number, state=state)
    stored_alert(project, 50, state=AlertState.INVALID, imported_only=True)

    found = quality.by_project([project.pk])[project.pk]

    assert quality.AlertQuality(undecided=2, acted_on=3, dismissed=1, withdrawn=1) == found
    assert {"acted_on": 0.6, "dismissed": 0.2, "withdrawn": 0.2} == found.shares


def test_nothing_decided_has_no_shares(project: Project) -> None:
    """A project without decided alerts, or without any, has no shares that would be divided by zero."""
    stored_alert(project)
    other = Project.objects.create(slug="other")

    found = quality.by_project([project.pk, other.pk])

    assert [(1, {}), (0, {})] == [(found[pk].undecided, found[pk].shares) for pk in (project.pk, other.pk)]
