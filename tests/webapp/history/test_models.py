"""The database enforces the identities that the rest of the history relies on."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tests.webapp.history.stored import run, store
from webapp.history.models import Benchmark, Commit, Environment, EnvironmentState, Project, Run, Series, Token

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Benchmark, Commit, Environment, EnvironmentState, Run, Series])
def test_identities_are_unique(
    project: Project,
    model: type[Benchmark | Commit | Environment | EnvironmentState | Run | Series],
) -> None:
    """A second row with the identity of an existing one is refused by the database itself."""
    store(project, run(1, {"a": 1.0}))
    copy = model._default_manager.get()
    copy.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)
    assert 1 == model._default_manager.count()


def test_a_token_can_upload_by_default(project: Project) -> None:
    """A token without named scopes has the smallest one, in a list of its own."""
    first, second = (Token(project=project, name="CI") for _ in range(2))
    first.scopes.append("triage")

    assert ["upload"] == second.scopes


def test_rows_are_named_for_logs(project: Project) -> None:
    """A row's text identifies it without a query."""
    store(project, run(1, {"a": 1.0}))
    row = Run.objects.get()

    assert (f"run {row.pk}", f"series {Series.objects.get().pk}") == (str(row), str(Series.objects.get()))
    assert ("p", row.commit.sha[:10], "runner") == (str(project), str(row.commit), str(row.environment))
