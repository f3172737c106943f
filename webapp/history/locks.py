"""The lock of a project: whoever changes its alerts, measurements or publications holds it until the end of a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from webapp.history.models import Project


@contextmanager
def project_lock(project_id: int) -> Iterator[None]:
    """Run the block in a transaction that holds the project's row lock; other holders of this lock wait."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project_id)
        yield
