"""``manage.py create_project`` creates and changes projects."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from tests.webapp.history.management.commands.called import call
from webapp.history.models import Project

pytestmark = pytest.mark.django_db


def test_a_project_is_created_and_changed() -> None:
    """A second call changes only the given settings."""
    assert "project p created\n" == call("create_project", "p", "--repository", "o/r", "--default-branch", "trunk")
    assert "project p changed\n" == call("create_project", "p", "--repository", "o/new")
    project = Project.objects.get()
    assert ("o/new", "trunk") == (project.repository, project.default_branch)


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 101])
def test_the_name_must_fit_into_a_url(name: str) -> None:
    """The name is part of every URL; a wrong one is refused."""
    with pytest.raises(CommandError):
        call("create_project", name)
    assert not Project.objects.exists()
