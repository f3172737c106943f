"""The reason why perfgate and asv disagree about a step follows from the points of the series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.published import reasons
from benchmarks.published.reasons import PointHistory

FLAT = [1.0, 1.01] * 8


def history(values: Sequence[float], *, edited_at: int = 0) -> PointHistory:
    """Return a series of which every tenth revision was measured."""
    numbers = np.arange(len(values))
    return PointHistory(10 * numbers, np.array(values), (numbers >= edited_at).astype(np.int64))


@pytest.mark.parametrize(
    ("values", "edited_at", "changes", "reason"),
    [
        (FLAT, 0, [], "the archive of results holds no points on both sides"),
        (FLAT + [1.2] * 8, 16, [], "the benchmark itself changed there: a new segment"),
        (FLAT + [1.2] * 4, 0, [], "too few points: 15 before, 4 after"),
        ([*FLAT[:10], *[1.2] * 4, 1.0, 1.0, *[1.2] * 8], 0, [], "not new: 4 of the 15 points before it were as slow"),
        (FLAT + [1.2] * 8, 0, [20], "found 4 measured commits later"),
        ([*FLAT, 1.2, 1.2, *FLAT], 0, [], "it came back after 2 measured commits"),
        (FLAT + [1.2] * 8, 0, [], "15 points before and 8 after differ by +18.8%, 16.5 times the noise of one point"),
    ],
)
def test_a_published_step_without_change_point_has_a_reason(
    values: list[float], edited_at: int, changes: list[int], reason: str
) -> None:
    """Each disagreement gets the first reason that holds, with its figures."""
    assert reason == reasons.why_not(history(values, edited_at=edited_at), 160, 0.2, changes)


@pytest.mark.parametrize(("change", "found"), [(16, 16), (18, 18), (13, 13), (20, None), (12, None)])
def test_the_same_step(change: int, found: int | None) -> None:
    """A change within three measured commits of a published step is the same; one further away is another."""
    assert found == reasons.place(history(FLAT + [1.2] * 8), 150, 160, [change])


def test_a_range_that_overlaps_is_the_same() -> None:
    """Where a range is wide, any change whose own range lies in it is the same step."""
    assert 10 == reasons.place(history(FLAT + [1.2] * 8), 60, 160, [2, 10])
