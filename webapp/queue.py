"""Enqueue tasks for the workers.

The database holds the work itself (an unprocessed run, an unpublished publication). A message only says that there is
some, so a lost message delays work until the next sweep and loses nothing; see docs/decisions/0004-queue-and-database.md.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from kombu.exceptions import KombuError

from webapp.celery import app

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 15.0, 3_600.0


class Task(StrEnum):
    """The tasks that can be enqueued, by the name under which `webapp.worker.tasks` registers them."""

    PROCESS_RUN = "process_run"
    """Argument: a `Run` id."""
    PROCESS_BACKLOG = "process_backlog"
    """Argument: a `Project` id."""
    PUBLISH = "publish"
    """Argument: a `Publication` id."""
    PROCESS_DELIVERY = "process_delivery"
    """Argument: a `Delivery` id."""
    CONTINUE_BISECTIONS = "continue_bisections"
    """Argument: a `Project` id."""


def enqueue(task: Task, row_id: int, *, delay_seconds: float = 0, expires_seconds: float | None = None) -> None:
    """Send a message that asks a worker to run *task*; a broker that cannot be reached is logged and raises nothing.

    Args:
        task: What to run.
        row_id: Its only argument, the primary key of a row.
        delay_seconds: Run it no earlier than this.
        expires_seconds: Drop the message after this time; for messages that a sweep repeats.
    """
    options: dict[str, Any] = {"retry": False}
    if delay_seconds:
        options["countdown"] = delay_seconds
    if expires_seconds is not None:
        options["expires"] = expires_seconds
    try:
        app.send_task(task.value, [row_id], **options)
    except (KombuError, OSError) as error:
        # The part before "@" may hold a password.
        broker = settings.CELERY_BROKER_URL.split("@")[-1]
        log.warning("cannot enqueue %s(%d) at %s: %s. The next sweep does it.", task.value, row_id, broker, error)


def retry_delay(failures: int) -> timedelta:
    """Return how long to wait before the next attempt after so many earlier failures: doubling, up to an hour."""
    return timedelta(seconds=min(FIRST_RETRY_SECONDS * 2 ** min(failures, 10), LONGEST_RETRY_SECONDS))
