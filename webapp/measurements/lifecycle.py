"""The life cycle of a measurement: requested → dispatched → answered, refused or expired.

`request` creates it; the publisher reports that the workflow was started or refused; `record_answers` looks for runs.
A workflow is started at most once per measurement, because nothing on GitHub shows which request started it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from webapp.alerts.models import AlertState
from webapp.alerts.remeasurement import record_remeasured_range
from webapp.history.models import Project, Run
from webapp.measurements.models import Measurement
from webapp.measurements.signals import measurement_requested

EXPIRES_AFTER = timedelta(hours=24)
"""A measurement without a run expires this long after its workflow was started."""

Purpose, State = Measurement.Purpose, Measurement.State


def request(measurement: Measurement) -> None:
    """Store a measurement that is new, or that changed before its workflow was started; needs the project's lock.

    Args:
        measurement: Not saved yet, or saved in the state requested or refused, with new values. A refused one is
            requested again.
    """
    measurement.state, measurement.refusal = State.REQUESTED, ""
    measurement.save()
    measurement_requested.send(Measurement, measurement=measurement)


def is_needed(measurement: Measurement) -> bool:
    """Return whether its result can still matter: the alert is still suspected, the bisection still open."""
    if measurement.alert is not None:
        return measurement.alert.state == AlertState.SUSPECTED
    return measurement.bisection is None or measurement.bisection.ended_at is None


def record_dispatched(measurement: Measurement, at: datetime) -> None:
    """Record that the workflow is being started; called before GitHub is asked, so that it is asked at most once."""
    measurement.state, measurement.dispatched_at = State.DISPATCHED, at
    measurement.save(update_fields=["state", "dispatched_at"])
    if measurement.alert_id is not None:
        record_remeasured_range(measurement.alert_id, measurement.base, measurement.head)


def record_not_dispatched(measurement: Measurement) -> None:
    """Record that GitHub certainly did not start the workflow; it may be asked again."""
    measurement.state, measurement.dispatched_at = State.REQUESTED, None
    measurement.save(update_fields=["state", "dispatched_at"])


def record_refused(measurement: Measurement, reason: str) -> None:
    """Record that GitHub will not start the workflow, and why."""
    measurement.state, measurement.dispatched_at, measurement.refusal = State.REFUSED, None, reason
    measurement.save(update_fields=["state", "dispatched_at", "refusal"])


def record_answers(project: Project) -> None:
    """Update the dispatched measurements of *project*: answered by a run, or expired."""
    for measurement in Measurement.objects.filter(project=project, state=State.DISPATCHED):
        assert measurement.dispatched_at is not None
        answered_at = _first_answer(measurement, measurement.dispatched_at)
        if answered_at is not None:
            measurement.state, measurement.answered_at = State.ANSWERED, answered_at
        elif measurement.dispatched_at < timezone.now() - EXPIRES_AFTER:
            measurement.state = State.EXPIRED
        else:
            continue
        measurement.save(update_fields=["state", "answered_at"])


def _first_answer(measurement: Measurement, dispatched_at: datetime) -> datetime | None:
    """Return when the first run of the two commits arrived after the workflow was started."""
    runs = Run.objects.filter(
        project=measurement.project_id,
        pull_request=measurement.pull_request,
        commit__sha=measurement.head,
        verdict__isnull=False,
        received_at__gt=dispatched_at,
    )
    if measurement.purpose != Purpose.RERUN:  # the workflow of a pull request measures its merge base
        runs = runs.filter(baseline_commit__sha=measurement.base)
    return runs.order_by("received_at").values_list("received_at", flat=True).first()
