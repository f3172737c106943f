"""Tests of `perfgate.report.chart`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.report.chart import CHART_POINTS, chart


def test_points_are_in_percent_of_the_level_before() -> None:
    """Values and levels are shown relative to the level before the change."""
    text = chart([2.0, 2.0, 3.0], 2, 2.0, 3.0)

    assert "line [100.00, 100.00, 150.00]" in text
    assert text.startswith("```mermaid\n")


@pytest.mark.parametrize(("values", "before"), [([1.0], 1.0), ([], 1.0), ([1.0, 2.0], 0.0), ([1.0, float("nan")], 1.0)])
def test_without_comparable_points_there_is_no_chart(values: list[float], before: float) -> None:
    """One point, a level of zero and values that are not finite give no chart."""
    assert "" == chart(values, 1, before, 1.0)


@given(st.lists(st.floats(0, 1e300), min_size=2, max_size=200), st.integers(0, 200))
def test_numbers_are_plain_decimals(values: list[float], position: int) -> None:
    """The grammar of Mermaid has no exponents; at most `CHART_POINTS` points stand on either side."""
    text = chart(values, min(position, len(values) - 1), 1.0, 1e300)

    assert not re.search(r"\de[+-]?\d", text)
    assert all(line.count(",") < 2 * CHART_POINTS for line in text.splitlines() if line.startswith("    line"))
