"""The counts of a project are those of its valid runs."""

from __future__ import annotations

import pytest

from perfgate.results.records import Environment
from tests.webapp.history.stored import run, store
from webapp.history.counts import ProjectCounts, count_stored
from webapp.history.models import Project

pytestmark = pytest.mark.django_db


def test_superseded_runs_do_not_count(project: Project) -> None:
    """A run that a newer file of its source replaced is in no count of runs and values."""
    store(project, run(1, {"a": 1.0, "b": None}), identity="k")
    store(project, run(1, {"a": 2.0, "b": None}), identity="k")
    store(project, run(2, {"a": 2.0}, environment=Environment(name="other", fields={"machine": "m2"})))

    assert ProjectCounts(
        runs=2, values=2, failed=1, skipped=0, benchmarks=2, combinations=2, series=2, commits=2, environments=2, machines=2
    ) == count_stored(project)  # fmt: skip


def test_a_new_project_counts_nothing(project: Project) -> None:
    """Sums over no runs are zero."""
    assert ProjectCounts(
        runs=0, values=0, failed=0, skipped=0, benchmarks=0, combinations=0, series=0, commits=0, environments=0, machines=0
    ) == count_stored(project)  # fmt: skip
