"""Charts as SVG, drawn on the server: they need no JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

FloatArray = npt.NDArray[np.floating[Any]]

WIDTH, HEIGHT = 960, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 12, 22, 24
_COLUMNS = 800

MIN_RELATIVE_SPAN = 0.05
"""A sparkline spans at least this fraction of its median on either side, so that small noise looks small."""


@dataclass(frozen=True)
class Mark:
    """A change point in a chart."""

    index: int
    """Position of the first point of the new level."""
    label: str
    """The effect as text."""
    regression: bool


@dataclass(frozen=True)
class Boundary:
    """First point of a new environment or benchmark version."""

    index: int
    label: str
    """What changed."""


def sparkline(values: FloatArray, *, width: int = 120, height: int = 26) -> SafeString:
    """Return a line chart of the newest points, ending in a dot; empty if there are no points.

    Args:
        values: Shape ``(n,)``, finite, in any one unit.
        width: In pixels.
        height: In pixels.
    """
    if not len(values):
        return SafeString()
    x = np.linspace(3, width - 4, len(values)) if len(values) > 1 else np.array([width - 4.0])
    typical = float(np.median(values))
    within = np.append(values, [typical * (1 - MIN_RELATIVE_SPAN), typical * (1 + MIN_RELATIVE_SPAN)])
    y = _heights(values, within, bottom=height - 4, top=4)
    return format_html(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true" focusable="false">'
        '<polyline points="{points}"/><circle cx="{cx}" cy="{cy}" r="2.5"/></svg>',
        w=width,
        h=height,
        points=_points(x, y),
        cx=f"{x[-1]:.1f}",
        cy=f"{y[-1]:.1f}",
    )


def history(
    values: FloatArray,
    *,
    levels: FloatArray,
    marks: Sequence[Mark],
    boundaries: Sequence[Boundary],
    axis: tuple[str, str],
    ends: tuple[str, str],
) -> SafeString:
    """Return a chart of one series: points, levels, change points and segment boundaries.

    Args:
        values: Shape ``(n,)``, n >= 1, finite, in commit order.
        levels: Shape ``(n,)``: level of each point, in the unit of *values*.
        marks: Change points.
        boundaries: First points of segments.
        axis: Labels of the smallest and the largest value.
        ends: Labels of the first and the last point.
    """
    x = np.linspace(_LEFT, WIDTH - _RIGHT, len(values)) if len(values) > 1 else np.array([WIDTH / 2])
    y = _heights(values, values, bottom=HEIGHT - _BOTTOM, top=_TOP)
    level_y = _heights(levels, values, bottom=HEIGHT - _BOTTOM, top=_TOP)
    drawn = _downsampled(values)
    return format_html(
        '<svg class="history" viewBox="0 0 {} {}" role="img" aria-label="History from {} to {}, {} points">'
        "{}{}<polyline class='values' points='{}'/><polyline class='level' points='{}'/>{}</svg>",
        WIDTH,
        HEIGHT,
        ends[0],
        ends[1],
        len(values),
        _frame(axis, ends),
        _boundaries(boundaries, x),
        _points(x[drawn], y[drawn]),
        _points(x[drawn], level_y[drawn]),
        _marks(marks, x, y),
    )


def _heights(numbers: FloatArray, within: FloatArray, *, bottom: float, top: float) -> FloatArray:
    """Map *numbers* to pixel heights on an axis that spans the values *within*; a span of zero maps to the middle."""
    low, high = float(within.min()), float(within.max())
    # Divide by 2 first: the difference of two finite numbers may overflow.
    span = high / 2 - low / 2
    share = (numbers / 2 - low / 2) / span if span else np.full(len(numbers), 0.5)
    return bottom + (top - bottom) * share


def _points(x: FloatArray, y: FloatArray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _downsampled(values: FloatArray) -> npt.NDArray[np.integer[Any]]:
    """Return positions of the lowest and highest point in each pixel column."""
    if len(values) <= 2 * _COLUMNS:
        return np.arange(len(values))
    drawn = [0, len(values) - 1]
    for part in np.array_split(np.arange(len(values)), _COLUMNS):
        drawn += [int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])]
    return np.unique(drawn)


def _frame(axis: tuple[str, str], ends: tuple[str, str]) -> SafeString:
    bottom = HEIGHT - _BOTTOM
    return format_html(
        '<path class="axis" d="M{0} {1}V{2}H{3}"/>'
        '<text x="{4}" y="{5}" text-anchor="end">{6}</text><text x="{4}" y="{2}" text-anchor="end">{7}</text>'
        '<text x="{0}" y="{8}">{9}</text><text x="{3}" y="{8}" text-anchor="end">{10}</text>',
        _LEFT,
        _TOP,
        bottom,
        WIDTH - _RIGHT,
        _LEFT - 6,
        _TOP + 8,
        axis[1],
        axis[0],
        HEIGHT - 6,
        ends[0],
        ends[1],
    )


def _boundaries(boundaries: Sequence[Boundary], x: FloatArray) -> SafeString:
    return format_html_join(
        "",
        '<g class="boundary"><path d="M{0} {1}V{2}"/><text x="{3}" y="12">{4}</text></g>',
        (
            (
                f"{x[boundary.index]:.1f}",
                _TOP,
                HEIGHT - _BOTTOM,
                f"{x[boundary.index] + 3:.1f}",
                boundary.label,
            )
            for boundary in boundaries
        ),
    )


def _marks(marks: Sequence[Mark], x: FloatArray, y: FloatArray) -> SafeString:
    return format_html_join(
        "",
        '<g class="{}"><path d="M{} {}V{}"/><circle cx="{}" cy="{}" r="4"/><title>{}</title></g>',
        (
            (
                "worse" if mark.regression else "better",
                f"{x[mark.index]:.1f}",
                _TOP,
                HEIGHT - _BOTTOM,
                f"{x[mark.index]:.1f}",
                f"{y[mark.index]:.1f}",
                mark.label,
            )
            for mark in marks
        ),
    )
