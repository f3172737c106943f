"""A range that was measured again confirms or refutes its alert, before or after the alert was opened."""

from __future__ import annotations

import pytest

from tests.webapp.lab import Lab, sha
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.alerts.remeasurement import (
    Remeasurement,
    alerts_remeasured_by,
    metric_key,
    record_remeasured_range,
    remeasurements,
)
from webapp.history.models import Commit

YOUNG = [1.0] * 12 + [1.2] * 6
"""A step that five later points have held, at commit 12."""


@pytest.fixture
def alert(lab: Lab) -> Alert:
    lab.history(YOUNG)
    lab.work()
    return Alert.objects.select_related("commit", "previous_commit").get()


def found(lab: Lab, alert: Alert) -> Remeasurement:
    moved = StoredChangePoint.objects.filter(alert=alert, regression=True).select_related("series__benchmark")
    return remeasurements(lab.project, [alert], {alert.pk: list(moved)})[alert.pk]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([], (False, False)),
        ([1.2], (True, False)),
        ([1.0], (False, True)),
        ([0.8], (False, True)),
        ([1.2, 1.0], (False, True)),
        ([1.0, 1.2], (True, False)),
    ],
)
def test_the_newest_measurement_decides(
    lab: Lab, alert: Alert, levels: list[float], expected: tuple[bool, bool]
) -> None:
    """A regression confirms; none refutes; without a measurement neither."""
    for level in levels:
        lab.measure_again(11, 12, {"parse": (1.0, level)})
        lab.work()

    remeasured = found(lab, alert)

    assert expected == (remeasured.is_confirmed, remeasured.is_refuted)
    assert len(levels) == len(remeasured.runs)


def test_another_range_or_a_pull_request_does_not_count(lab: Lab, alert: Alert) -> None:
    """Only both ends of the alert's own range, measured for no pull request."""
    lab.measure_again(10, 12, {"parse": (1.0, 1.2)})
    lab.pull(7, 12, 1.0, 1.2)
    lab.work()

    assert [] == found(lab, alert).runs


def test_a_range_that_was_requested_counts_after_the_alert_moved(lab: Lab, alert: Alert) -> None:
    """What perfgate had measured stays evidence, even if later points move the alert's range."""
    record_remeasured_range(alert.pk, sha(10), sha(12))
    run = lab.measure_again(10, 12, {"parse": (1.0, 1.2)})
    lab.work()

    assert found(lab, alert).is_confirmed
    assert [alert.pk] == alerts_remeasured_by(run)


def test_a_run_names_the_alerts_that_it_measured(lab: Lab, alert: Alert) -> None:
    """A run of the range counts; a run of one commit, of another range or of a pull request does not."""
    run = lab.measure_again(11, 12, {"parse": (1.0, 1.2)})
    other = lab.measure_again(9, 12, {"parse": (1.0, 1.2)})
    pull = lab.pull(7, 12, 1.0, 1.2)
    pull.baseline_commit = Commit.objects.get(sha=sha(11))

    assert [alert.pk] == alerts_remeasured_by(run)
    assert [] == alerts_remeasured_by(other)
    assert [] == alerts_remeasured_by(pull)


def test_every_metric_of_time_counts_for_every_other() -> None:
    """A history of wall time is confirmed by pairs of CPU time; other metrics stand for themselves."""
    assert metric_key("parse", "time") == metric_key("parse", "cpu_time") == metric_key("parse", "wall_time")
    assert metric_key("parse", "time") != metric_key("parse", "peak_memory")
    assert metric_key("parse", "time") != metric_key("render", "time")


def test_an_alert_without_regressions_is_not_refuted() -> None:
    """Nothing was measured, so nothing is said."""
    assert not Remeasurement().is_refuted
