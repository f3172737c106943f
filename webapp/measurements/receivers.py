"""Decide what to measure next when alerts report news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from webapp.alerts.models import Alert
from webapp.alerts.signals import alerts_settled, comparisons_applied
from webapp.history.models import Project
from webapp.measurements import bisection
from webapp.measurements.confirmation import request_confirmations


@receiver(alerts_settled)
def update_measurements(project: Project, alerts: Sequence[Alert], **_: Any) -> None:
    """Continue or end the bisections of alerts whose state was updated, and request confirmations."""
    bisection.continue_bisections(project, alert__in=alerts)
    request_confirmations(project, alerts)


@receiver(comparisons_applied)
def continue_open_bisections(project: Project, **_: Any) -> None:
    """Continue all bisections: the runs may be steps of one."""
    bisection.continue_all(project)
