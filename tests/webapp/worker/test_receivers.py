"""Stored runs are enqueued."""

from __future__ import annotations

import pytest

from tests.webapp.enqueued import Enqueued
from tests.webapp.lab import Lab


@pytest.mark.django_db(transaction=True)
def test_a_stored_run_is_enqueued(lab: Lab, enqueued: Enqueued) -> None:
    """An uploaded run is enqueued for processing; a run of an import waits until the import ends."""
    run = lab.upload(1, {"parse": 1.0})
    lab.upload(2, {"parse": 1.0}, imported=True)

    assert [("process_run", run.pk)] == enqueued.tasks()
