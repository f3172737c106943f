"""Borders are found top-down, joined bottom-up, and an excursion is no change unless it is beyond doubt."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from perfgate.stats import segmentation
from perfgate.stats.normalized import NormalizedSeries
from perfgate.stats.segmentation import BEYOND_DOUBT, EXCURSION, borders, join, split, without_excursions


def levels(*parts: tuple[float, int], noise: float = 0.01, seed: int = 1) -> NDArray[np.float64]:
    clean = np.concatenate([np.full(length, level) for level, length in parts])
    return np.asarray(clean * np.exp(noise * np.random.default_rng(seed).standard_normal(len(clean))), np.float64)


def test_splitting_finds_every_step() -> None:
    """Every true border is among the places, or a point beside it; there may be many more."""
    places = split(NormalizedSeries(levels((1.0, 50), (1.1, 50), (0.9, 50), (1.0, 50)), None))

    assert sorted(places) == places
    for step in (50, 100, 150):
        assert any(abs(place - step) <= 1 for place in places)


def test_joining_removes_the_weakest_border_first() -> None:
    """After each removal the neighbors are weighed again, with their new borders; what weighs 0 stays."""
    series = NormalizedSeries(levels((1.0, 40)), None)
    weighed: list[tuple[int, int, int]] = []

    def weigh(_: NormalizedSeries, start: int, place: int, end: int) -> float:
        weighed.append((start, place, end))
        return {10: 0.0, 20: -2.0, 30: -1.0 if start == 20 else 1.0}[place]

    assert [10, 30] == join(series, [10, 20, 30], weigh)
    assert [(0, 10, 20), (10, 20, 30), (20, 30, 40), (0, 10, 30), (10, 30, 40)] == weighed


def test_a_border_has_its_step_error_and_odds() -> None:
    """The step is a log ratio within its error of the truth, at its first point."""
    shown, candidates = borders(levels((1.0, 60), (1.2, 60)))

    (border,) = shown
    assert 60 == border.index
    assert abs(border.step - np.log(1.2)) < 3 * border.error
    assert 0.001 < border.error < 0.005
    assert border.log_odds > BEYOND_DOUBT
    assert border in candidates


def test_a_border_is_moved_to_its_best_place() -> None:
    """The place with the least squared error wins over the one where the series was split, within a few points."""
    series = NormalizedSeries(levels((1.0, 50), (1.2, 50)), None)

    for place in range(44, 57):
        assert [50] == segmentation._placed(series, [place])
    assert [62] == segmentation._placed(series, [70])
    short = NormalizedSeries(levels((1.0, 2), (1.2, 96), (1.0, 2)), None)
    assert 4 == segmentation._placed(short, [5, 95])[0]
    assert 96 >= segmentation._placed(short, [5, 95])[1]


@pytest.mark.parametrize(
    ("there", "back", "kept"),
    [
        (1.006, 1.0, []),  # left and came back
        (1.006, 1.004, [60, 80]),  # did not come back
        (1.2, 1.0, [60, 80]),  # beyond doubt
    ],
)
def test_an_excursion_is_removed(there: float, back: float, kept: list[int]) -> None:
    """Two borders between which a level left and came back go, unless one is beyond doubt or the level stays away."""
    series = NormalizedSeries(levels((1.0, 60), (there, 20), (back, 60)), None)

    assert kept == without_excursions(series, [60, 80])


def test_only_short_levels_are_excursions() -> None:
    """A level of more than thirty points is a level."""
    for length, kept in ((EXCURSION, []), (EXCURSION + 1, [60, 61 + EXCURSION])):
        series = NormalizedSeries(levels((1.0, 60), (1.006, length), (1.0, 60), noise=0.02, seed=2), None)

        assert kept == without_excursions(series, [60, 60 + length])


@pytest.mark.parametrize("values", [[1.0] * 7, [1.0] * 100])
def test_short_and_constant_series_have_no_border(values: list[float]) -> None:
    """Fewer than two levels of four points, or no difference at all."""
    assert ([], []) == borders(np.array(values))
