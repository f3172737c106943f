"""News about alerts travels upward as signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.webapp.lab import Lab
from webapp.alerts import actions
from webapp.alerts.models import Alert, AlertState
from webapp.alerts.signals import alerts_settled, comparisons_applied


@pytest.fixture
def settled() -> Iterator[list[tuple[int, str]]]:
    """Return the ids and states of the alerts that were sent."""
    sent: list[tuple[int, str]] = []

    def receive(alerts: list[Alert], **_: Any) -> None:
        sent.extend((alert.pk, alert.state) for alert in alerts)

    alerts_settled.connect(receive)
    yield sent
    alerts_settled.disconnect(receive)


def test_detections_and_actions_send_the_alerts(lab: Lab, settled: list[tuple[int, str]]) -> None:
    """Receivers get an alert with its new state after a detection and after an action."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.work()
    alert = Alert.objects.get()
    detected = set(settled)
    settled.clear()

    actions.decide(alert, AlertState.INVALID, who="ada", reason="noise")

    assert {(alert.pk, "confirmed")} == detected
    assert [(alert.pk, "invalid")] == settled


def test_comparisons_are_reported(lab: Lab) -> None:
    """A run that compares two commits is reported if it belongs to no pull request; the others are not."""
    projects: list[object] = []

    def receive(project: object, **_: Any) -> None:
        projects.append(project)

    comparisons_applied.connect(receive)
    try:
        lab.pull(7, 1_002, 1.0, 1.2)
        lab.upload(1, {"parse": 1.0})
        lab.work()
        assert [] == projects

        lab.measure_again(1, 2, {"parse": (1.0, 1.0)})
        lab.work()
    finally:
        comparisons_applied.disconnect(receive)

    assert lab.project in projects
