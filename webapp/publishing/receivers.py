"""Update publications when lower apps report news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from webapp.alerts.models import Alert
from webapp.alerts.signals import alerts_settled, comparisons_applied
from webapp.history.models import Project, Run
from webapp.measurements.signals import bisection_started
from webapp.publishing import outbox
from webapp.verdicts.signals import run_judged


@receiver(run_judged)
def publish_verdicts(run: Run, **_: Any) -> None:
    """Update comment and check run of a pull request; other runs answer an alert and need neither."""
    if run.pull_request is not None and not run.imported:
        outbox.want_verdicts(run)


@receiver(alerts_settled)
def publish_alerts(project: Project, alerts: Sequence[Alert], **_: Any) -> None:
    """Update the issues of alerts and request their measurements."""
    outbox.want_alerts(project, alerts)


@receiver(bisection_started)
@receiver(comparisons_applied)
def continue_bisections(project: Project, **_: Any) -> None:
    """Request the next measurement of each open bisection and publish its progress."""
    outbox.go_on_searching(project)
