"""Runs get their numbers and points by whether they belong to the history of a branch."""

from __future__ import annotations

import pytest

from perfgate.results import records, result_file
from tests.webapp.history.stored import run
from webapp.history import run_rows
from webapp.history.models import Environment, Project, Run, SeriesChunk
from webapp.history.submission import Submission, prepare

pytestmark = pytest.mark.django_db


def submission(measured: records.Run) -> Submission:
    return prepare(measured, result_file.write(measured), name="x.json")


def created(project: Project, *runs: records.Run) -> list[Run]:
    submissions = [submission(measured) for measured in runs]
    referenced = run_rows.get_or_create_referenced(project, submissions)
    rows = run_rows.create(project, referenced, submissions, imported=False, trusted=True)
    run_rows.add_points(referenced, list(zip(rows, submissions, strict=True)))
    return rows


def test_a_pull_request_or_a_baseline_makes_no_point() -> None:
    """A run with a pull request or with a baseline is no point."""
    baseline = run(1, {"a": 1.0})

    assert run_rows.is_point(baseline)
    assert not run_rows.is_point(run(1, {"a": 1.0}, pull_request=7))
    assert not run_rows.is_point(run(2, {"a": 1.0}, baseline=baseline))


def test_only_points_are_numbered(project: Project) -> None:
    """Numbers are consecutive in an environment; a pull request's run has none, and no points."""
    rows = created(
        project, run(1, {"a": 1.0}), run(2, {"a": 1.0}, pull_request=7), run(3, {"a": None}), run(4, {"a": 1.0})
    )

    assert [1, None, 2, 3] == [row.number for row in rows]
    assert 3 == Environment.objects.get().runs
    assert 2 * 14 == sum(len(chunk.points) for chunk in SeriesChunk.objects.all())


def test_a_number_stays_until_the_run_moves(project: Project) -> None:
    """A rebuild keeps the number in the same environment, and gives a new one elsewhere."""
    (row,) = created(project, run(1, {"a": 1.0}))
    other = Environment.objects.create(project=project, name="other", key="other", runs=4)

    run_rows.set_number(row, row.environment, run(1, {"a": 1.0}))
    assert 1 == row.number
    run_rows.set_number(row, other, run(1, {"a": 1.0}))
    assert (5, 5, other) == (row.number, other.runs, row.environment)
    run_rows.set_number(row, other, run(1, {"a": 1.0}, pull_request=7))
    assert row.number is None


def test_untrusted_runs_are_never_points(project: Project) -> None:
    """An untrusted run without a pull request is a defect of the caller, and stores nothing."""
    submissions = [submission(run(1, {"a": 1.0}))]
    referenced = run_rows.get_or_create_referenced(project, submissions)

    with pytest.raises(AssertionError, match="untrusted"):
        run_rows.create(project, referenced, submissions, imported=False, trusted=False)
    assert not Run.objects.exists()
