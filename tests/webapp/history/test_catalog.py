"""Rows that runs refer to are created once and completed later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from perfgate.results.records import Benchmark, Environment, Policy
from tests.webapp.history.stored import START, commit, run, sha
from webapp.history import catalog
from webapp.history.models import Commit, EnvironmentState, PolicyText, Project, UploadContext

pytestmark = pytest.mark.django_db


def test_a_benchmark_is_identified_by_name_and_parameters() -> None:
    """Another version is the same benchmark; another order of parameters is not."""
    parameters = {"a": "1", "b": "2"}
    key = catalog.benchmark_key(Benchmark(name="x", parameters=parameters, version="1"))

    assert key == catalog.benchmark_key(Benchmark(name="x", parameters=parameters, version="2"))
    assert key != catalog.benchmark_key(Benchmark(name="x", parameters={"b": "2", "a": "1"}))
    assert key != catalog.benchmark_key(Benchmark(name="x"))


def test_rows_are_created_once(project: Project) -> None:
    """The second call returns the ids of the first."""
    runs = [
        run(number, {"a": 1.0}, environment=Environment(name="e", fields={"python": version}))
        for number, version in ((1, "3.12"), (2, "3.13"), (3, "3.12"))
    ]
    benchmarks = {catalog.benchmark_key(runs[0].samples[0].benchmark): runs[0].samples[0].benchmark}

    environments = catalog.environments(project, runs)
    states = catalog.states(environments, runs)
    named = catalog.benchmarks(project, benchmarks)

    assert ["e"] == list(environments)
    assert 2 == len(states) == EnvironmentState.objects.count()
    assert environments == catalog.environments(project, runs)
    assert states == catalog.states(environments, runs)
    assert named == catalog.benchmarks(project, benchmarks)


def test_a_commit_is_completed_by_later_runs(project: Project) -> None:
    """Missing facts are added, known ones stay, and git's generation replaces an earlier one."""
    first = catalog.commits(project, [commit(1, committed_at=None, subject="First", generation=3)])
    later = commit(1, subject="Other", author="Ada", generation=5)
    assert first == catalog.commits(project, [later, commit(1, generation=None)])

    row = Commit.objects.get()
    assert ("First", "Ada", 5) == (row.subject, row.author, row.generation)
    assert START + timedelta(hours=1) == row.committed_at
    assert {sha(1): row.pk} == first


def test_shared_rows_are_stored_once() -> None:
    """Contexts and policies are shared by all projects, and identified by their content."""
    policy = Policy(text="x", revision="a" * 40)
    same = Policy(text="x", revision="b" * 40)

    assert catalog.contexts({"d": b"1"}) == catalog.contexts({"d": b"1"})
    assert catalog.policies([policy]) == catalog.policies([same, policy])
    assert (1, 1) == (UploadContext.objects.count(), PolicyText.objects.count())
    assert ({}, {}) == (catalog.contexts({}), catalog.policies([]))


def test_a_time_outside_the_calendar_is_unknown() -> None:
    """A time near the first year has no UTC equivalent."""
    edge = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))

    assert catalog.valid_utc(edge) is None
    assert catalog.valid_utc(None) is None
    assert datetime(2026, 1, 1, tzinfo=UTC) == catalog.valid_utc(datetime(2026, 1, 1, tzinfo=UTC))
