"""Update what GitHub should show when verdicts, alerts and measurements report news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from webapp.alerts.models import ALERT_RELATIONS, Alert
from webapp.alerts.signals import alerts_settled
from webapp.history.models import Project, Run
from webapp.measurements.models import Bisection, Measurement
from webapp.measurements.signals import bisection_progressed, measurement_requested
from webapp.publishing.channels.github import dispatches, issues, pull_requests, replies
from webapp.verdicts.signals import run_judged


@receiver(run_judged)
def show_verdicts(run: Run, **_: Any) -> None:
    """Update comment and check run of a pull request; other runs answer an alert and have neither."""
    if run.pull_request is not None and not run.imported:
        pull_requests.store_verdicts(run)


@receiver(alerts_settled)
def show_alerts(project: Project, alerts: Sequence[Alert], **_: Any) -> None:
    """Update the issues of alerts."""
    issues.store_issues(project, alerts)


@receiver(measurement_requested)
def dispatch_measurement(measurement: Measurement, **_: Any) -> None:
    """Dispatch the workflow that measures."""
    dispatches.store_dispatch(measurement)


@receiver(bisection_progressed)
def show_progress(bisection: Bisection, **_: Any) -> None:
    """Update the alert's issue, or the reply to the comment that started the bisection."""
    if bisection.alert_id is None:
        replies.store_progress(bisection)
    else:
        alert = Alert.objects.select_related(*ALERT_RELATIONS).get(pk=bisection.alert_id)
        issues.store_issues(bisection.project, [alert])
