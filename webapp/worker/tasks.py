"""All Celery tasks. They take ids, may run twice and in any order, and find their work in the database."""

from __future__ import annotations

from django.db.models import Min

from webapp.celery import app
from webapp.history.models import Project, Run
from webapp.inbox import deliveries
from webapp.measurements.models import Bisection
from webapp.publishing import outbox, publisher
from webapp.queue import ring
from webapp.worker import processing

RINGING_SECONDS = 15
"""A run younger than this has just been rung for."""

REPEATED_SECONDS = 55
"""What a sweep asked for lapses before the next one asks again: a queue that nobody serves does not grow."""


MAX_DELIVERIES = 100
"""Rung for in one sweep."""


@app.task
def process_run(run_id: int) -> None:
    """Do what an uploaded run asks for."""
    run = Run.objects.select_related("project", "commit", "environment").filter(pk=run_id, processed_at=None).first()
    if run is not None:
        processing.process(run)


@app.task
def process_backlog(project_id: int) -> None:
    """Do what all owed runs of a project ask for."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        processing.process_backlog(project)


@app.task
def publish(publication_id: int) -> None:
    """Make GitHub equal to one publication."""
    publisher.publish(publication_id)


@app.task
def take_delivery(delivery_id: int) -> None:
    """Deal with something that GitHub told us."""
    deliveries.take(delivery_id)


@app.task
def go_on_searching(project_id: int) -> None:
    """Go on with the searches of a project: an answer may have come, or may never come."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        outbox.go_on_searching(project)


@app.task
def sweep() -> None:
    """Ring again for all work that is owed: messages may have been lost, GitHub may be there again."""
    for project in processing.projects_owed(younger_than_seconds=RINGING_SECONDS):
        ring("process_backlog", project.pk, expires_seconds=REPEATED_SECONDS)
    # One of each project is enough: publishing rings for the next.
    first = publisher.due().values("project").annotate(first=Min("pk")).order_by("first")
    for number in first.values_list("first", flat=True):
        ring("publish", number, expires_seconds=REPEATED_SECONDS)
    for number in deliveries.owed().order_by("pk").values_list("pk", flat=True)[:MAX_DELIVERIES]:
        ring("take_delivery", number, expires_seconds=REPEATED_SECONDS)
    deliveries.forget_old()
    for project in Project.objects.filter(bisections__in=Bisection.objects.filter(ended_at=None)).distinct():
        ring("go_on_searching", project.pk, expires_seconds=REPEATED_SECONDS)
