"""The cache of searches changes the cost of a search and not its result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pytest

from tests.webapp.lab import Lab
from webapp.alerts import series_search
from webapp.alerts.series_search import search_series
from webapp.history.commit_order import FloatArray
from webapp.history.models import Series
from webapp.history.series import Points, read

STEP = [1.0] * 20 + [1.3] * 20


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    series_search.clear_cache()
    yield
    series_search.clear_cache()


def points() -> Points:
    return read(Series.objects.get())


def made(values: FloatArray) -> Points:
    """Return points of one segment."""
    numbers = np.arange(len(values))
    return Points(numbers, values, np.zeros(len(values), np.uint16), numbers, numbers.astype(float))


def first(whole: Points, length: int) -> Points:
    return Points(**{field.name: getattr(whole, field.name)[:length] for field in fields(whole)})


def test_a_cached_search_gives_the_same_result(lab: Lab) -> None:
    """Points that are added, one of them late and in between, give what a process with an empty cache finds."""
    lab.history(STEP[:30])
    search_series(1, points())
    lab.history(STEP[31:], first=31)
    search_series(1, points())
    lab.history(STEP[30:31], first=30)
    cached = search_series(1, points())
    series_search.clear_cache()

    assert search_series(1, points()) == cached
    assert [20] == [change_point.index for change_point in cached.change_points]


def test_blocks_that_are_complete_are_not_searched_again() -> None:
    """In a long series the result of the first points is taken from the cache, each change once."""
    values = np.random.default_rng(3).normal(1.0, 0.002, 1_500)
    for border in (100, 700, 1_300):
        values[border:] *= 1.3
    whole = made(values)
    search_series(1, first(whole, 1_000))
    cached = search_series(1, whole)
    series_search.clear_cache()

    assert search_series(1, whole) == cached
    assert [100, 700, 1_300] == [change_point.index for change_point in cached.change_points]


def test_a_series_that_became_shorter_is_searched_again(lab: Lab) -> None:
    """After a rebuild, or in another database with the same ids, nothing of the old result is left."""
    lab.history(STEP)
    whole = points()
    assert 1 == len(search_series(1, whole).change_points)

    assert () == search_series(1, first(whole, 10)).change_points


def test_the_cache_is_bounded(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The series that was searched longest ago is dropped first."""
    monkeypatch.setattr(series_search, "MAX_CACHED_SERIES", 2)
    lab.history(STEP[:10])
    for series_id in (1, 2, 1, 3):
        search_series(series_id, points())

    assert [1, 3] == list(series_search._cache)
