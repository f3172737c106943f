"""What gating hears from history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from webapp.history.ingest import run_stored
from webapp.history.models import Run
from webapp.queue import ring


@receiver(run_stored)
def ring_for_runs(run_ids: Sequence[int], **_: Any) -> None:
    """Ring for stored runs; those of an import wait for its end, which a sweep notices."""
    for number in Run.objects.filter(pk__in=run_ids, imported=False).values_list("pk", flat=True):
        ring("process_run", number)
