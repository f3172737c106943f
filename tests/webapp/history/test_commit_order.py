"""Runs are ordered by commit, whatever the order of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webapp.history.stored import START, commit, run, store
from webapp.history import commit_order, models, series
from webapp.history.chunks import integers
from webapp.history.commit_order import Stamp, order_at, project_stamp, sort_commits

pytestmark = pytest.mark.django_db


def test_generations_win_over_times(project: models.Project) -> None:
    """Generations order commits even if a committer's clock is wrong; commits without a generation are placed by time."""
    store(project, run(1, {"a": 1.0}, commit=commit(1, generation=1, committed_at=START + timedelta(days=9))))
    store(project, run(2, {"a": 2.0}, commit=commit(2, generation=2)))
    store(project, run(3, {"a": 3.0}, commit=commit(3, generation=3, committed_at=START + timedelta(days=10))))
    store(project, run(4, {"a": 4.0}, commit=commit(4, committed_at=START + timedelta(days=9, hours=1))))
    assert [1.0, 2.0, 4.0, 3.0] == series.read(models.Series.objects.get()).values.tolist()


def test_a_commit_without_a_time_is_placed_by_its_first_run(project: models.Project) -> None:
    """If the tool records no commit time, the start of the first run is used."""
    store(project, run(1, {"a": 1.0}))
    store(project, run(9, {"a": 9.0}))
    early = START + timedelta(hours=5)
    store(project, run(7, {"a": 7.0}, commit=commit(7, committed_at=None), started_at=early))
    assert [1.0, 7.0, 9.0] == series.read(models.Series.objects.get()).values.tolist()


@given(st.lists(st.tuples(st.none() | st.integers(1, 9), st.integers(0, 9)), max_size=12))
def test_commits_are_sorted_by_a_slow_rule(commits: list[tuple[int | None, int]]) -> None:
    """Known generations never decrease; among equals the order is by time, then id; every commit appears once."""
    generations = np.array([np.nan if generation is None else generation for generation, _ in commits], float)
    times = np.array([time for _, time in commits], float)
    order = integers(sort_commits(np.arange(len(commits)), generations, times))
    assert list(range(len(commits))) == sorted(order)
    known = [index for index in order if commits[index][0] is not None]
    assert sorted(known, key=lambda index: (commits[index][0], commits[index][1], index)) == known
    unknown = [index for index in order if commits[index][0] is None]
    assert sorted(unknown, key=lambda index: (commits[index][1], index)) == unknown
    for index in unknown:  # the first known commit after it is younger
        following = known[_count_before(index, known, order) :]
        assert not following or commits[following[0]][1] > commits[index][1]


def _count_before(index: int, known: list[int], order: list[int]) -> int:
    return sum(order.index(other) < order.index(index) for other in known)


def test_the_order_is_cached_until_something_is_stored(project: models.Project) -> None:
    """Equal stamps give the same object; a new run gives a new order, and the cache stays bounded."""
    store(project, run(1, {"a": 1.0}))
    first = order_at(project_stamp(project.pk))
    assert first is order_at(project_stamp(project.pk))

    store(project, run(2, {"a": 1.0}))
    assert 2 == len(order_at(project_stamp(project.pk)).runs)

    for number in range(commit_order.CACHED_PROJECTS + 1):
        order_at(project_stamp(models.Project.objects.create(slug=f"p{number}").pk))
    assert commit_order.CACHED_PROJECTS == len(commit_order._cache)
    assert project.pk not in commit_order._cache


def test_later_runs_have_no_position(project: models.Project) -> None:
    """A run that was stored after the order was computed is not in it; nor is a pull request's."""
    first = store(project, run(1, {"a": 1.0})).run_id
    pull = store(project, run(2, {"a": 1.0}, pull_request=1)).run_id
    last = store(project, run(3, {"a": 1.0})).run_id
    order = order_at(project_stamp(project.pk))

    assert [0, -1, 1, -1, -1] == order.positions(np.array([first, pull, last, last + 1, first - 1], np.int32)).tolist()


def test_a_stamp_is_the_same_from_either_database() -> None:
    """SQLite gives a raw cursor text; the tag tells two projects with one id apart."""
    when = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)

    assert Stamp(1, when, 2) == Stamp.from_columns(1, "2026-01-02 03:04:05.678900", 2)
    assert Stamp(1, when, 2).tag != Stamp(1, when + timedelta(microseconds=1), 2).tag
