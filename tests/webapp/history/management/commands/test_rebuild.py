"""``manage.py rebuild`` rebuilds one project or all."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from tests.webapp.history.management.commands.called import call
from tests.webapp.history.stored import run, store
from webapp.history.models import Project, Run

pytestmark = pytest.mark.django_db


def test_all_projects_are_rebuilt_by_default(project: Project) -> None:
    """Each project is named with the number of its runs; with --project, only one is."""
    other = Project.objects.create(slug="q")
    for owner in (project, other):
        store(owner, run(1, {"a": 1.0}))
    Run.objects.update(measured=99)

    assert "q: 1 runs rebuilt\n" == call("rebuild", "--project", "q")
    assert [99, 1] == list(Run.objects.order_by("id").values_list("measured", flat=True))
    assert "p: 1 runs rebuilt\nq: 1 runs rebuilt\n" == call("rebuild")
    assert [1, 1] == list(Run.objects.order_by("id").values_list("measured", flat=True))


def test_an_unknown_project_is_an_error() -> None:
    """A wrong name is an error."""
    with pytest.raises(CommandError):
        call("rebuild", "--project", "nobody")
