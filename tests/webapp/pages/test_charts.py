"""Tests of `webapp.pages.charts` and `webapp.pages.recent_summary`."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from webapp.history.series import Points
from webapp.pages import charts
from webapp.pages.recent_summary import summarize


def points(values: list[float], segments: list[int] | None = None) -> Points:
    places = np.arange(len(values))
    return Points(
        runs=places,
        values=np.array(values, float),
        segments=np.array(segments or [0] * len(values), np.uint16),
        commits=places,
        times=places.astype(float),
    )


def drawn(values: list[float]) -> str:
    array = np.array(values)
    return charts.history(
        array,
        levels=array,
        marks=[charts.Mark(index=len(values) - 1, label="<b>+1 %", regression=True)],
        boundaries=[charts.Boundary(index=0, label="<i>python")],
        axis=("1 s", "2 s"),
        ends=("2026-01-01", "2026-02-01"),
    )


@pytest.mark.parametrize(
    "values",
    [
        [1.0],
        [1.0, 1.0],
        [0.0, 0.0, 0.0],
        [-1.0, 1.0],
        [1.7e308, -1.7e308],
        [5e-324, 0.0],
        list(np.linspace(1, 2, 9_000)),
    ],
)
def test_drawings_are_sound_xml_with_finite_numbers(values: list[float]) -> None:
    """Whatever finite values come, both drawings are well-formed, inside their frame, and short."""
    for text in (charts.sparkline(np.array(values[:30])), drawn(values)):
        root = ET.fromstring(text)
        numbers = [float(n) for line in root.iter("polyline") for n in re.split("[ ,]", line.attrib["points"])]

        assert all(-1 <= number <= charts.WIDTH for number in numbers)
        assert len(text) < 60_000


def test_no_points_draw_nothing() -> None:
    """An empty series has no sparkline."""
    assert charts.sparkline(np.array([])) == ""


def test_labels_are_escaped() -> None:
    """What changed is named by strangers' environments."""
    assert "<b>" not in drawn([1.0, 2.0])
    assert "<i>" not in drawn([1.0, 2.0])


def test_downsampling_keeps_outliers() -> None:
    """The one outlier among ten thousand points is drawn."""
    values = np.ones(10_000)
    values[4_321] = 9.0

    assert 4_321 in charts._downsampled(values)
    assert len(charts._downsampled(values)) <= 2 * charts._COLUMNS + 2


def test_calm_series_look_calm() -> None:
    """Noise of a tenth of a percent stays in the middle of a sparkline."""
    text = charts.sparkline(np.array([1.0, 1.001, 0.999, 1.0]))
    (drawn,) = re.findall('points="(.*?)"', text)
    heights = [float(pair.split(",")[1]) for pair in drawn.split()]

    assert max(heights) - min(heights) < 2


def test_figures_of_the_newest_points() -> None:
    """Change is against the median before; noise ignores the step; only a change beyond the noise stands out."""
    calm = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.0]
    summary = summarize(points([*calm, 1.2]))

    assert summary is not None
    assert summary.latest == 1.2
    assert summary.change == pytest.approx(0.2)
    assert summary.noise == pytest.approx(0.0105, rel=0.1)
    assert summary.stands_out
    small = summarize(points([*calm, 1.01]))
    assert small is not None
    assert not small.stands_out


def test_other_segments_are_not_compared() -> None:
    """A value measured in another environment is no base for a change."""
    summary = summarize(points([9.0] * 20 + [1.0] * 3, [0] * 20 + [1] * 3))

    assert summary is not None
    assert summary.change is None
    assert summary.noise is None


@pytest.mark.parametrize("values", [[0.0] * 9, [1.0]])
def test_what_cannot_be_said_is_not_said(values: list[float]) -> None:
    """Zeros and single points have no relative change and no noise."""
    summary = summarize(points(values))

    assert summary is not None
    assert summary.change is None


def test_no_points_have_no_figures() -> None:
    """An empty series has no figures."""
    assert summarize(points([])) is None
