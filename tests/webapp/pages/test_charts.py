"""Tests of `webapp.pages.charts`."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from webapp.pages import charts


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
def test_charts_are_valid_xml_with_finite_numbers(values: list[float]) -> None:
    """For any finite values, both charts are well-formed, inside their frame, and short."""
    for text in (charts.sparkline(np.array(values[:30])), drawn(values)):
        root = ET.fromstring(text)
        numbers = [float(n) for line in root.iter("polyline") for n in re.split("[ ,]", line.attrib["points"])]

        assert all(-1 <= number <= charts.WIDTH for number in numbers)
        assert len(text) < 60_000


def test_no_points_draw_nothing() -> None:
    """An empty series has no sparkline."""
    assert charts.sparkline(np.array([])) == ""


def test_labels_are_escaped() -> None:
    """Labels come from untrusted environments and are escaped."""
    assert "<b>" not in drawn([1.0, 2.0])
    assert "<i>" not in drawn([1.0, 2.0])


def test_downsampling_keeps_outliers() -> None:
    """The one outlier among ten thousand points is drawn."""
    values = np.ones(10_000)
    values[4_321] = 9.0

    assert 4_321 in charts._downsampled(values)
    assert len(charts._downsampled(values)) <= 2 * charts._COLUMNS + 2


def test_small_noise_looks_small() -> None:
    """Noise of a tenth of a percent stays in the middle of a sparkline."""
    text = charts.sparkline(np.array([1.0, 1.001, 0.999, 1.0]))
    (drawn,) = re.findall('points="(.*?)"', text)
    heights = [float(pair.split(",")[1]) for pair in drawn.split()]

    assert max(heights) - min(heights) < 2
