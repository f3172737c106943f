"""Packed points are appended, read and removed without touching others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.webapp.history.stored import run, store
from webapp.history import chunks
from webapp.history.models import CHUNK_RUNS, Project, Run, Series, SeriesChunk

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(project: Project) -> list[Series]:
    """Return two series with one point each."""
    store(project, run(1, {"a": 1.0, "b": 2.0}))
    return list(Series.objects.order_by("benchmark__name"))


def append(series: list[Series], numbers: list[int], values: list[float]) -> None:
    points = np.zeros(len(values), chunks.POINT)
    points["run"], points["value"] = numbers, values
    chunks.append(np.array([row.pk for row in series], np.int64), np.array(numbers, np.int64), points)


def values_of(series: Series) -> list[float]:
    _, points = chunks.read([series.pk])
    return sorted(points["value"].tolist())


def test_points_of_several_series_and_chunks_are_appended_at_once(series: list[Series]) -> None:
    """Each point goes to its series and to the chunk of its run's number, in any order."""
    first, second = series

    append([second, first, first], [CHUNK_RUNS, 2, CHUNK_RUNS + 1], [5.0, 3.0, 4.0])

    assert ([1.0, 3.0, 4.0], [2.0, 5.0]) == (values_of(first), values_of(second))
    assert [0, 1] * 2 == [
        chunk.chunk_number for chunk in SeriesChunk.objects.order_by("series__benchmark__name", "chunk_number")
    ]
    owners, points = chunks.read([first.pk, second.pk])
    assert {first.pk: 3, second.pk: 2} == dict(zip(*np.unique(owners, return_counts=True), strict=True))
    assert 5 == len(points)


def test_nothing_is_appended_for_no_points(series: list[Series]) -> None:
    """An empty append changes nothing."""
    append([], [], [])

    assert [1.0] == values_of(series[0])


def test_the_points_of_one_run_are_removed(project: Project, series: list[Series]) -> None:
    """The points of other runs stay, and a chunk without points is deleted."""
    store(project, run(2, {"a": 3.0}))
    oldest = Run.objects.earliest("id")
    assert oldest.number is not None

    chunks.remove_run(oldest.environment_id, oldest.number, oldest.pk)

    assert ([3.0], []) == (values_of(series[0]), values_of(series[1]))
    assert 1 == SeriesChunk.objects.count()


def test_clearing_removes_all_points_of_the_named_series(series: list[Series]) -> None:
    """Only the named series lose their points."""
    chunks.clear([series[0].pk])

    assert ([], [2.0]) == (values_of(series[0]), values_of(series[1]))


def test_slices_cover_everything_once() -> None:
    """The last slice may be shorter."""
    assert [[0, 1, 2], [3, 4]] == [list(part) for part in chunks.slices(range(5), 3)]
