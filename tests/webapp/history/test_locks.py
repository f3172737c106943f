"""The project's lock gives the stored project, inside a transaction."""

from __future__ import annotations

import pytest
from django.db import connection

from webapp.history.locks import project_lock
from webapp.history.models import Project


@pytest.mark.django_db(transaction=True)
def test_the_locked_project_is_the_stored_one(project: Project) -> None:
    """A stale object does not overwrite what others changed, and the lock ends with the transaction."""
    Project.objects.update(revision=7)

    with project_lock(project.pk) as locked:
        assert (7, True) == (locked.revision, connection.in_atomic_block)
    assert not connection.in_atomic_block


@pytest.mark.django_db
def test_an_unknown_project_cannot_be_locked() -> None:
    """A project that was deleted meanwhile is an error."""
    with pytest.raises(Project.DoesNotExist), project_lock(0):
        pass
