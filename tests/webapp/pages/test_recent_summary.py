"""Tests of `webapp.pages.recent_summary`."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.history.series import Points
from webapp.pages.recent_summary import MIN_EARLIER, WINDOW, summarize


def points(values: list[float], segments: list[int] | None = None) -> Points:
    count = len(values)
    return Points(
        runs=np.arange(count),
        commits=np.arange(count),
        times=np.arange(count, dtype=float),
        values=np.array(values),
        segments=np.array(segments or [0] * count, dtype=np.uint16),
    )


def test_no_points_have_no_summary() -> None:
    """A series without points has nothing to summarize."""
    assert None is summarize(points([]))


def test_change_is_the_newest_value_against_the_median_before() -> None:
    """One outlier among the earlier points does not move the change."""
    summary = summarize(points([1.0, 1.0, 9.0, 1.0, 1.0, 1.2]))

    assert summary is not None
    assert 1.2 == summary.latest
    assert pytest.approx(0.2) == summary.change


def test_few_earlier_points_give_no_change() -> None:
    """Change and noise need more than `MIN_EARLIER` points in the segment."""
    summary = summarize(points([1.0] * MIN_EARLIER))

    assert summary is not None
    assert (None, None) == (summary.change, summary.noise)


def test_other_segments_do_not_count() -> None:
    """Points of an earlier environment are not compared with the newest one."""
    summary = summarize(points([5.0] * 10 + [1.0] * 6, [0] * 10 + [1] * 6))

    assert summary is not None
    assert 0.0 == summary.change


def test_only_recent_points_count() -> None:
    """A level that ended more than `WINDOW` points ago has no influence."""
    summary = summarize(points([7.0] * 100 + [1.0] * WINDOW))

    assert summary is not None
    assert 0.0 == summary.change


def test_noise_estimates_the_standard_deviation_and_ignores_a_level_shift() -> None:
    """Normal noise of 1 % is estimated within a third, although the level shifts by a tenth within the window."""
    rng = np.random.default_rng(4)
    level = np.repeat([0.9, 1.0], [WINDOW // 2, WINDOW - WINDOW // 2])
    noise = [
        found.noise
        for _ in range(50)
        if (found := summarize(points((level * (1 + rng.normal(0, 0.01, WINDOW))).tolist()))) and found.noise
    ]

    assert 0.0067 < np.median(noise) < 0.0133


@pytest.mark.parametrize(("latest", "stands_out"), [(1.05, True), (1.01, False)])
def test_a_change_stands_out_above_three_times_the_noise(latest: float, *, stands_out: bool) -> None:
    """With a noise of 0.7 %, +5 % stands out and +1 % does not."""
    summary = summarize(points([1.0, 1.01] * 6 + [latest]))

    assert summary is not None
    assert stands_out == summary.stands_out


def test_change_noise_and_significance() -> None:
    """The noise ignores the last step; a change of 20 % stands out, one of 1 % does not."""
    values_before = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.0]
    summary = summarize(points([*values_before, 1.2]))

    assert summary is not None
    assert summary.latest == 1.2
    assert summary.change == pytest.approx(0.2)
    assert summary.noise == pytest.approx(0.0105, rel=0.1)
    assert summary.stands_out
    small = summarize(points([*values_before, 1.01]))
    assert small is not None
    assert not small.stands_out


@pytest.mark.parametrize("values", [[0.0] * 9, [1.0]])
def test_zeros_and_single_points_have_no_change(values: list[float]) -> None:
    """A median of zero and a single point have no relative change."""
    summary = summarize(points(values))

    assert summary is not None
    assert summary.change is None
