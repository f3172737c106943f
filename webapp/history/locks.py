"""The lock of a project, which everything holds that changes the project's runs, alerts, measurements or publications."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from webapp.history.models import Project


@contextmanager
def project_lock(project_id: int) -> Iterator[Project]:
    """Provide the project, freshly read, in a transaction that holds its row lock; other holders of this lock wait."""
    with transaction.atomic():
        yield Project.objects.select_for_update(no_key=True).get(pk=project_id)
