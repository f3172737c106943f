"""All Celery tasks.

A task takes the id of a row, reads its work from the database, and may run twice or in any order. The sweep enqueues
everything that is still pending, so a lost message is only a delay.
"""

from __future__ import annotations

from typing import Any

from celery.signals import worker_ready
from django.db.models import Min

from webapp.celery import app
from webapp.history.models import Project, Run
from webapp.inbox import deliveries
from webapp.measurements import bisection
from webapp.measurements.models import Bisection
from webapp.publishing import publisher
from webapp.queue import Task, enqueue
from webapp.worker import processing
from webapp.worker.scheduler import SWEEP

MIN_AGE_SECONDS = 15
"""A sweep skips younger runs: their own message was sent when they were stored."""

EXPIRES_SECONDS = 55
"""A sweep's messages expire before the next sweep sends them again, so a queue without a worker does not grow."""

MAX_DELIVERIES = 100
"""Deliveries that one sweep enqueues."""


@app.task(name=Task.PROCESS_RUN)
def process_run(run_id: int) -> None:
    """Process one uploaded run, unless it was processed already."""
    run = Run.objects.select_related("project", "commit", "environment").filter(pk=run_id, processed_at=None).first()
    if run is not None:
        processing.process(run)


@app.task(name=Task.PROCESS_BACKLOG)
def process_backlog(project_id: int) -> None:
    """Process all pending runs of a project together."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        processing.process_backlog(project)


@app.task(name=Task.PUBLISH)
def publish(publication_id: int) -> None:
    """Make GitHub equal to one publication."""
    publisher.publish(publication_id)


@app.task(name=Task.PROCESS_DELIVERY)
def process_delivery(delivery_id: int) -> None:
    """Process one webhook delivery."""
    deliveries.process(delivery_id)


@app.task(name=Task.CONTINUE_BISECTIONS)
def continue_bisections(project_id: int) -> None:
    """Continue a project's bisections: a measurement may have arrived, or its deadline may have passed."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        bisection.continue_all(project)


@app.task(name=SWEEP)
def sweep() -> None:
    """Enqueue all pending work: its message may have been lost, or GitHub may be reachable again."""
    for project in processing.projects_pending(min_age_seconds=MIN_AGE_SECONDS):
        enqueue(Task.PROCESS_BACKLOG, project.pk, expires_seconds=EXPIRES_SECONDS)
    # One publication of each project is enough: publishing it enqueues the next.
    first = publisher.due().values("project").annotate(first=Min("pk")).order_by("first")
    for number in first.values_list("first", flat=True):
        enqueue(Task.PUBLISH, number, expires_seconds=EXPIRES_SECONDS)
    for number in deliveries.pending().order_by("pk").values_list("pk", flat=True)[:MAX_DELIVERIES]:
        enqueue(Task.PROCESS_DELIVERY, number, expires_seconds=EXPIRES_SECONDS)
    deliveries.delete_old()
    for project in Project.objects.filter(bisections__in=Bisection.objects.filter(ended_at=None)).distinct():
        enqueue(Task.CONTINUE_BISECTIONS, project.pk, expires_seconds=EXPIRES_SECONDS)


@worker_ready.connect
def sweep_at_start(**_: Any) -> None:
    """Sweep when a worker starts, for work that became pending while no worker ran."""
    sweep.delay()
