"""Telling the workers that there is work. The database holds the work itself, so a lost call only delays it."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from kombu.exceptions import KombuError

from webapp.celery import app

log = logging.getLogger(__name__)

Task = str
"""Name of a function in `webapp.worker.tasks`."""


def ring(task: Task, number: int, *, after_seconds: float = 0, expires_seconds: float | None = None) -> None:
    """Ask for a task; a broker that cannot be reached is noted and costs nothing else.

    Args:
        task: Name of the task.
        number: Its argument, an id.
        after_seconds: Not earlier than this.
        expires_seconds: Not later than this, for calls that are repeated anyway.
    """
    options: dict[str, Any] = {"retry": False}
    if after_seconds:
        options["countdown"] = after_seconds
    if expires_seconds is not None:
        options["expires"] = expires_seconds
    try:
        app.send_task(f"webapp.worker.tasks.{task}", [number], **options)
    except (KombuError, OSError) as error:
        log.warning(
            "%s could not be asked for %s(%d): %s. The next sweep does it.",
            settings.CELERY_BROKER_URL.split("@")[-1],
            task,
            number,
            error,
        )
