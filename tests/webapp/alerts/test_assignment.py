"""One alert for one cause: opened, closed when the level returns, reopened if that return is gone."""

from __future__ import annotations

from tests.webapp.lab import Lab
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Series
from webapp.worker import processing


def test_one_commit_is_one_alert(lab: Lab) -> None:
    """Two benchmarks that one commit made slower, and one that it made faster, have one alert."""
    before, after = {"parse": 1.0, "write": 2.0, "read": 1.0}, {"parse": 1.2, "write": 2.6, "read": 0.8}
    lab.upload_all({number: after if number >= 12 else before for number in range(24)})
    lab.work()

    alert = Alert.objects.get()
    assert ("confirmed", "Change 12") == (alert.state, alert.commit.subject)
    assert 3 == alert.change_points.count()


def test_an_alert_is_fixed_when_the_last_level_returns(lab: Lab) -> None:
    """An alert is fixed at the commit at which the last of its series is back at its old level."""
    levels = {n: {"parse": 1.2 if 12 <= n < 42 else 1.0, "write": 2.6 if 12 <= n < 48 else 2.0} for n in range(56)}
    for start, end in ((0, 24), (24, 48)):
        lab.upload_all({number: levels[number] for number in range(start, end)})
        lab.work()
        assert ["confirmed"] == list(Alert.objects.values_list("state", flat=True))
    lab.upload_all({number: levels[number] for number in range(48, 56)})
    lab.work()

    alert = Alert.objects.get()
    assert "fixed" == alert.state
    assert alert.closed_at is not None
    assert alert.closed_by is not None
    assert "Change 48" == alert.closed_by.subject


def test_half_a_return_fixes_nothing(lab: Lab) -> None:
    """While half of a regression remains, its alert stays open."""
    lab.history([1.0] * 12 + [1.2] * 12 + [1.1] * 12)
    lab.work()

    assert 2 == StoredChangePoint.objects.count()
    assert "confirmed" == Alert.objects.get().state


def test_a_second_regression_is_another_alert(lab: Lab) -> None:
    """After the level returned, a new regression has its own alert, and the first one stays fixed."""
    lab.history([1.0] * 12 + [1.2] * 30 + [1.0] * 12 + [1.3] * 12)
    lab.work()

    assert [("fixed", "Change 12"), ("confirmed", "Change 54")] == list(
        Alert.objects.order_by("commit__generation").values_list("state", "commit__subject")
    )


def test_an_alert_is_reopened_when_its_return_is_gone(lab: Lab) -> None:
    """When new measurements replace those that showed the return, the alert is confirmed again."""
    lab.history([1.0] * 12 + [1.2] * 30)
    lab.upload_all({number: {"parse": 1.0} for number in range(42, 54)}, key="run {}")
    lab.work()
    assert "fixed" == Alert.objects.get().state

    lab.upload_all({number: {"parse": 1.2} for number in range(42, 54)}, key="run {}")
    lab.work()

    alert = Alert.objects.get()
    assert "confirmed" == alert.state
    assert alert.closed_at is None
    assert alert.closed_by is None


def test_a_change_that_is_gone_withdraws_its_alert(lab: Lab) -> None:
    """An alert whose change point later measurements do not show is withdrawn, without a closing commit."""
    lab.upload_all({number: {"parse": 1.2 if number >= 12 else 1.0} for number in range(24)}, key="run {}")
    lab.work()
    lab.upload_all({number: {"parse": 1.0} for number in range(12, 24)}, key="run {}")
    lab.work()

    alert = Alert.objects.get()
    assert "withdrawn" == alert.state
    assert alert.closed_by is None


def test_an_alert_without_series_is_withdrawn(lab: Lab) -> None:
    """When the series of an alert are gone, as after a rebuild, processing the next backlog withdraws it."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.work()
    Series.objects.all().delete()

    processing.process_backlog(lab.project)

    assert "withdrawn" == Alert.objects.get().state


def test_an_imported_history_opens_alerts_without_issues(lab: Lab) -> None:
    """Changes in imported runs only are marked so, until an uploaded run shows one."""
    lab.history([1.0] * 12 + [1.2] * 12, imported=True)
    lab.work()
    assert Alert.objects.get().imported_only

    lab.history([1.5] * 12, first=24)
    lab.work()

    assert [("Change 12", True), ("Change 24", False)] == list(
        Alert.objects.order_by("commit__generation").values_list("commit__subject", "imported_only")
    )
