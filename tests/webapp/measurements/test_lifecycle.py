"""A measurement goes from requested to dispatched to answered, refused or expired. Covers models.py and reruns.py too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.webapp.alerts.made import stored_alert
from tests.webapp.lab import Lab, sha
from webapp.alerts.models import AlertState, RemeasuredRange
from webapp.history.models import Project
from webapp.measurements import lifecycle
from webapp.measurements.lifecycle import Purpose, State
from webapp.measurements.models import Measurement
from webapp.measurements.reruns import request_reruns
from webapp.measurements.signals import measurement_requested

HOUR = timedelta(hours=1)


def requested(project: Project, **fields: object) -> Measurement:
    """Request to confirm an alert with range 11..12."""
    defaults = {"alert": stored_alert(project), "purpose": Purpose.CONFIRMATION, "base": sha(11), "head": sha(12)}
    measurement = Measurement(project=project, **{**defaults, **fields})
    lifecycle.request(measurement)
    return measurement


def dispatched(lab: Lab, hours_ago: float = 1.0) -> Measurement:
    measurement = requested(lab.project)
    lifecycle.record_dispatched(measurement, timezone.now() - hours_ago * HOUR)
    return measurement


def state_after_answers(measurement: Measurement) -> str:
    lifecycle.record_answers(measurement.project)
    measurement.refresh_from_db()
    return measurement.state


def test_a_run_of_both_commits_answers_it(lab: Lab) -> None:
    """The first judged run that arrives after the workflow was started is the answer, from any uploader."""
    measurement = dispatched(lab)
    assert "dispatched" == state_after_answers(measurement)
    run = lab.measure_again(11, 12, {"parse": (1.0, 1.2)})
    lab.work()

    assert "answered" == state_after_answers(measurement)
    assert run.received_at == measurement.answered_at


def test_an_earlier_run_or_one_of_other_commits_answers_nothing(lab: Lab) -> None:
    """What arrived before the workflow was started cannot be its result, nor what was measured of another range."""
    lab.measure_again(11, 12, {"parse": (1.0, 1.2)})
    lab.work()
    measurement = requested(lab.project)
    lifecycle.record_dispatched(measurement, timezone.now())
    lab.measure_again(10, 12, {"parse": (1.0, 1.2)})
    lab.work()

    assert "dispatched" == state_after_answers(measurement)


@pytest.mark.parametrize(("hours", "state"), [(23.9, "dispatched"), (24.1, "expired")])
def test_it_expires_after_a_day(lab: Lab, hours: float, state: str) -> None:
    """A result that does not arrive within 24 hours is not waited for any longer."""
    assert state == state_after_answers(dispatched(lab, hours))


def test_a_dispatched_range_counts_for_its_alert_later(lab: Lab) -> None:
    """The range is remembered as it was when the workflow was started; before that nothing was measured."""
    measurement = requested(lab.project)
    assert not RemeasuredRange.objects.exists()
    lifecycle.record_dispatched(measurement, timezone.now())

    assert [(measurement.alert_id, sha(11), sha(12))] == list(
        RemeasuredRange.objects.values_list("alert", "base", "head")
    )


def test_a_refused_measurement_can_be_requested_again(lab: Lab) -> None:
    """With other values it is requested again, and announced again."""
    announced: list[Measurement] = []

    def note(measurement: Measurement, **_: object) -> None:
        announced.append(measurement)

    measurement_requested.connect(note)
    try:
        measurement = dispatched(lab)
        lifecycle.record_refused(measurement, "Not Found")
        assert ("refused", None, "Not Found") == (measurement.state, measurement.dispatched_at, measurement.refusal)
        measurement.workflow = "other.yml"
        lifecycle.request(measurement)
    finally:
        measurement_requested.disconnect(note)

    assert ("requested", "") == (measurement.state, measurement.refusal)
    assert [measurement, measurement] == announced


def test_what_was_certainly_not_started_is_requested_still(lab: Lab) -> None:
    """After a rate limit the workflow may be started later."""
    measurement = dispatched(lab)
    lifecycle.record_not_dispatched(measurement)

    assert (State.REQUESTED, None) == (measurement.state, measurement.dispatched_at)


@pytest.mark.parametrize("state", AlertState.values)
def test_only_a_suspected_alert_needs_a_confirmation(project: Project, state: str) -> None:
    """Once it is known what the change is, nothing is measured for it."""
    measurement = requested(project)
    assert measurement.alert is not None
    measurement.alert.state = state

    assert (state == "suspected") == lifecycle.is_needed(measurement)


def test_a_measurement_has_the_columns_of_its_purpose(project: Project) -> None:
    """The database refuses a confirmation of a pull request, and a second measurement with one number."""
    measurement = requested(project)
    with pytest.raises(IntegrityError), transaction.atomic():
        Measurement.objects.filter(pk=measurement.pk).update(pull_request=7)
    with pytest.raises(IntegrityError), transaction.atomic():
        requested(project, alert=measurement.alert)


def test_the_same_rerun_is_requested_once(project: Project) -> None:
    """One comment is one request for each suite; another comment is another one."""
    for reply_to in ("1", "1", "2"):
        request_reruns(project, 7, base=sha(1), head=sha(2), suites=["a", "b"], select="", reply_to=reply_to)

    assert 4 == Measurement.objects.filter(purpose=Purpose.RERUN, pull_request=7).count()
