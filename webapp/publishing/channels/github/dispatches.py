"""Workflow dispatches: GitHub runs a workflow that measures two commits side by side."""

from __future__ import annotations

import msgspec

from perfgate.github import Repository
from webapp.measurements.models import Measurement
from webapp.publishing.channels.github.outbox import OUTBOX
from webapp.publishing.models import Publication
from webapp.publishing.targets import MeasurementTarget


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a measurement."""

    workflow: str
    """The workflow's file below ``.github/workflows``."""
    ref: str
    """The branch whose version of the workflow runs."""
    inputs: dict[str, str]
    """``base`` and ``head``, full hashes; ``suite``; ``select``, a glob over benchmarks; ``pull_request`` for a rerun."""


def store_dispatch(measurement: Measurement) -> None:
    """Store the dispatch of a measurement; needs the project's lock."""
    inputs = {name: getattr(measurement, name) for name in ("base", "head", "suite", "select")}
    if measurement.pull_request is not None:
        inputs["pull_request"] = str(measurement.pull_request)
    dispatch = Dispatch(workflow=measurement.workflow, ref=measurement.ref, inputs=inputs)
    OUTBOX.store(measurement.project, MeasurementTarget(measurement), dispatch)


def deliver(repository: Repository, publication: Publication) -> None:
    """Start the workflow."""
    payload = msgspec.convert(publication.payload, Dispatch)
    repository.dispatch_workflow(payload.workflow, payload.ref, payload.inputs)
