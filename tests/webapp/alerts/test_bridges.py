"""A segment border hides what the code did; measuring both of its sides on one machine shows it."""

from __future__ import annotations

import pytest
from django.test import Client

from perfgate.results.records import Environment
from tests.webapp.lab import Lab, sha
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Run, Series

BORDER = 20


def change_machine(lab: Lab) -> None:
    """Forty commits, the later twenty on a machine that is half as fast."""
    for cpu, level, first in (("old", 1.0, 0), ("new", 2.0, BORDER)):
        machine = Environment(name="runner", fields={"cpu": cpu})
        lab.upload_all({n: {"parse": level} for n in range(first, first + BORDER)}, environment=machine)


def test_a_border_is_no_change(lab: Lab) -> None:
    """Twice the time on another machine is no change of the code."""
    change_machine(lab)
    lab.work()

    assert not StoredChangePoint.objects.exists()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_bridged_regression_is_confirmed(lab: Lab, *, is_first: bool) -> None:
    """Both sides measured again, before or after the points arrive: a confirmed alert with the effect of the code alone."""
    if is_first:
        lab.measure_again(BORDER - 1, BORDER, {"parse": (1.0, 1.2)})
        lab.work()
    change_machine(lab)
    lab.work()
    if not is_first:
        lab.measure_again(BORDER - 1, BORDER, {"parse": (1.0, 1.2)})
        lab.work()

    alert = Alert.objects.get()
    (change,) = alert.change_points.all()
    assert ("confirmed", sha(BORDER)) == (alert.state, alert.commit.sha)
    assert alert.previous_commit is not None
    assert sha(BORDER - 1) == alert.previous_commit.sha
    assert 0.18 < change.effect < 0.22


def test_a_bridge_without_change_is_shown(lab: Lab, client: Client) -> None:
    """Without a change of the code there is no alert, and the page says which change would have been found."""
    change_machine(lab)
    lab.measure_again(BORDER - 1, BORDER, {"parse": (1.0, 1.0)})
    lab.work()

    page = client.get(f"/series/{Series.objects.get().pk}/").content.decode()

    assert not Alert.objects.exists()
    assert "no change beyond 3 %" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_a_bridged_improvement_opens_no_alert(lab: Lab) -> None:
    """It is a change of the series."""
    change_machine(lab)
    lab.measure_again(BORDER - 1, BORDER, {"parse": (1.0, 0.8)})
    lab.work()

    assert [False] == list(StoredChangePoint.objects.values_list("regression", flat=True))
    assert not Alert.objects.exists()


def test_a_pull_request_bridges_nothing(lab: Lab) -> None:
    """Its commits may be the same two, but its measurements may be untrusted."""
    change_machine(lab)
    run = lab.measure_again(BORDER - 1, BORDER, {"parse": (1.0, 1.2)})
    Run.objects.filter(pk=run.pk).update(pull_request=7)
    lab.work()

    assert not Alert.objects.exists()
