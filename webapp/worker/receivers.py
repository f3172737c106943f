"""Receivers of the history's signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from webapp.history.ingest import run_stored
from webapp.history.models import Run
from webapp.queue import Task, enqueue


@receiver(run_stored)
def enqueue_stored_runs(run_ids: Sequence[int], **_: Any) -> None:
    """Enqueue stored runs for processing; imported ones wait until the import ends, which a sweep notices."""
    for number in Run.objects.filter(pk__in=run_ids, imported=False).values_list("pk", flat=True):
        enqueue(Task.PROCESS_RUN, number)
