"""Request that the ranges of suspected alerts are measured again, so that each is confirmed or withdrawn."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence

from perfgate.policy import AlertRules
from webapp.alerts import rules
from webapp.alerts.models import Alert, AlertState, StoredChangePoint
from webapp.github import account
from webapp.history.models import Project
from webapp.measurements import lifecycle
from webapp.measurements.models import Measurement

MAX_MEASUREMENTS = 2
"""How often the range of one alert is measured again."""

MAX_SELECT_CHARACTERS = 500
"""Length of the glob that selects benchmarks; GitHub allows 65,535 characters for all inputs together."""

_FIELDS = ("workflow", "ref", "base", "head", "suite", "select")


def request_confirmations(project: Project, alerts: Sequence[Alert]) -> None:
    """Request the next measurement for each suspected alert that needs one; needs the project's lock.

    Args:
        project: The alerts' project.
        alerts: With their commits loaded.
    """
    alert_rules = rules.alert_rules(project)
    if alert_rules.confirm != "measure" or not account.can_reach(project):
        return
    suspected = [alert for alert in alerts if alert.state == AlertState.SUSPECTED and not alert.imported_only]
    if not suspected:
        return
    lifecycle.record_answers(project)
    for alert in suspected:
        _request_next(alert, alert_rules)


def _request_next(alert: Alert, alert_rules: AlertRules) -> None:
    points = StoredChangePoint.objects.filter(alert=alert, regression=True).order_by("pk")
    regressions = list(points.select_related("series__benchmark", "run"))
    measurement = _next_measurement(alert)
    if measurement is None or alert.previous_commit is None or not regressions:
        return
    before = [getattr(measurement, name) for name in _FIELDS]
    measurement.workflow, measurement.ref = alert_rules.workflow, alert.project.default_branch
    measurement.base, measurement.head = alert.previous_commit.sha, alert.commit.sha
    measurement.suite, measurement.select = _selection(regressions)
    if before != [getattr(measurement, name) for name in _FIELDS]:
        lifecycle.request(measurement)


def _next_measurement(alert: Alert) -> Measurement | None:
    """Return the measurement to request: a new one, or one whose workflow was not started; None: none is needed now."""
    purpose = Measurement.Purpose.CONFIRMATION
    last = Measurement.objects.filter(alert=alert, purpose=purpose).order_by("-number").first()
    if last is not None and last.state in {Measurement.State.REQUESTED, Measurement.State.REFUSED}:
        return last
    if last is not None and last.state == Measurement.State.DISPATCHED:
        return None
    number = 1 if last is None else last.number + 1
    if number > MAX_MEASUREMENTS:
        return None
    return Measurement(project=alert.project, purpose=purpose, alert=alert, number=number)


def _selection(regressions: Sequence[StoredChangePoint]) -> tuple[str, str]:
    """Return the suite with the most regressions, and a glob that selects all of its regressed benchmarks and few others."""
    suite, _ = Counter(regression.run.suite for regression in regressions).most_common(1)[0]
    labels = [regression.series.benchmark.label for regression in regressions if regression.run.suite == suite]
    prefix = os.path.commonprefix(labels)[:MAX_SELECT_CHARACTERS]  # noqa: RUF071 - characters are meant
    return suite, glob.escape(prefix) + ("" if labels == [prefix] * len(labels) else "*")
