"""A measurement becomes one workflow dispatch with the inputs that the workflow declares."""

from __future__ import annotations

from typing import Any

import pytest

from standin import Dispatch, StandIn
from tests.webapp.alerts.made import stored_alert
from tests.webapp.lab import NAME, Lab, sha
from webapp.measurements.models import Measurement
from webapp.publishing.channels.github.dispatches import store_dispatch


@pytest.mark.parametrize("pull_request", [None, 7])
def test_the_workflow_gets_what_the_measurement_names(lab: Lab, github: StandIn, pull_request: int | None) -> None:
    """The number of the pull request is an input only where there is one: a workflow may not declare it."""
    github.add_workflow(NAME, "bench.yml", "base", "head", "suite", "select", "pull_request")
    inputs = {"base": sha(1), "head": sha(2), "suite": "asv", "select": "parse[[]*"}
    about: dict[str, Any] = (
        {"purpose": Measurement.Purpose.RERUN, "pull_request": pull_request, "reply_to": "1"}
        if pull_request
        else {"purpose": Measurement.Purpose.CONFIRMATION, "alert": stored_alert(lab.project)}
    )
    measurement = Measurement.objects.create(project=lab.project, workflow="bench.yml", ref="main", **about, **inputs)

    store_dispatch(measurement)
    lab.publish()

    expected = inputs if pull_request is None else {**inputs, "pull_request": "7"}
    assert [Dispatch("bench.yml", "main", expected)] == github.dispatches(NAME)
