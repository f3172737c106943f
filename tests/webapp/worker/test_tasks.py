"""Tasks take ids and may run twice, and a sweep enqueues what is pending."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from standin import StandIn
from tests.webapp.enqueued import Enqueued
from tests.webapp.lab import Lab
from webapp.history.models import Run
from webapp.worker import tasks

HOUR = timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_a_lost_message_is_found_by_a_sweep(lab: Lab, enqueued: Enqueued) -> None:
    """When the broker loses the message, the next sweep enqueues the project, and the run is processed."""
    run = lab.upload(1, {"parse": 1.0})
    enqueued.clear()
    tasks.sweep()
    assert [] == enqueued.tasks()

    Run.objects.update(received_at=F("received_at") - HOUR)
    tasks.sweep()
    assert [("process_backlog", lab.project.pk)] == enqueued.tasks()

    tasks.process_backlog(lab.project.pk)
    run.refresh_from_db()
    assert run.processed_at is not None
    enqueued.clear()
    tasks.sweep()
    assert [] == enqueued.tasks()


def test_a_sweep_enqueues_one_publication_of_each_project(lab: Lab, enqueued: Enqueued, github: StandIn) -> None:
    """Of what GitHub does not show yet, one publication of a project at a time is enqueued."""
    lab.pull(7, 1_002, 1.0, 1.2)
    for run in Run.objects.all():
        tasks.process_run(run.pk)
    enqueued.clear()

    tasks.sweep()

    assert ["publish"] == [task for task, _ in enqueued.tasks()]
    assert [] == github.exchanges


@pytest.mark.django_db
def test_ids_of_nothing_are_ignored() -> None:
    """A message that outlived its row does nothing."""
    tasks.process_run(10**9)
    tasks.process_backlog(10**9)
    tasks.publish(10**9)
