"""Charts drawn on the server: what is seen without JavaScript. Only numbers and our own words go into the markup."""

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

CALM = 0.05
"""A sparkline spans at least this fraction of its median to either side."""


@dataclass(frozen=True)
class Mark:
    """A change point in a chart."""

    index: int
    """Position of the first point of the new level."""
    label: str
    """The effect, as people read it."""
    regression: bool


@dataclass(frozen=True)
class Boundary:
    """Where a new environment or a new version of the benchmark begins."""

    index: int
    label: str
    """What changed."""


def sparkline(values: FloatArray, *, width: int = 120, height: int = 26) -> SafeString:
    """Return a small line of the newest points, oldest first, ending in a dot; nothing for no points.

    Args:
        values: Shape ``(n,)``, finite, in any one unit.
        width: In pixels.
        height: In pixels.
    """
    if not len(values):
        return SafeString()
    x = np.linspace(3, width - 4, len(values)) if len(values) > 1 else np.array([width - 4.0])
    # Noise of a percent must not look like a change of level.
    typical = float(np.median(values))
    within = np.append(values, [typical * (1 - CALM), typical * (1 + CALM)])
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
    """Return one series as a chart: points, levels, change points, and where its segments begin.

    Args:
        values: Shape ``(n,)``, n >= 1, finite, in commit order.
        levels: Shape ``(n,)``: the level that each point belongs to.
        marks: Change points.
        boundaries: Beginnings of segments.
        axis: Labels of the smallest and the largest value.
        ends: Labels of the first and the last point.
    """
    x = np.linspace(_LEFT, WIDTH - _RIGHT, len(values)) if len(values) > 1 else np.array([WIDTH / 2])
    y = _heights(values, values, bottom=HEIGHT - _BOTTOM, top=_TOP)
    level_y = _heights(levels, values, bottom=HEIGHT - _BOTTOM, top=_TOP)
    kept = _thinned(values)
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
        _points(x[kept], y[kept]),
        _points(x[kept], level_y[kept]),
        _marks(marks, x, y),
    )


def _heights(numbers: FloatArray, within: FloatArray, *, bottom: float, top: float) -> FloatArray:
    """Map *numbers* to heights on an axis that spans the values *within*; equal values lie in the middle."""
    low, high = float(within.min()), float(within.max())
    # Halves first: the span of two finite numbers may be infinite.
    span = high / 2 - low / 2
    share = (numbers / 2 - low / 2) / span if span else np.full(len(numbers), 0.5)
    return bottom + (top - bottom) * share


def _points(x: FloatArray, y: FloatArray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _thinned(values: FloatArray) -> npt.NDArray[np.integer[Any]]:
    """Return positions that keep the lowest and the highest point of every column of pixels."""
    if len(values) <= 2 * _COLUMNS:
        return np.arange(len(values))
    kept = [0, len(values) - 1]
    for part in np.array_split(np.arange(len(values)), _COLUMNS):
        kept += [int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])]
    return np.unique(kept)


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
            (f"{x[each.index]:.1f}", _TOP, HEIGHT - _BOTTOM, f"{x[each.index] + 3:.1f}", each.label)
            for each in boundaries
        ),
    )


def _marks(marks: Sequence[Mark], x: FloatArray, y: FloatArray) -> SafeString:
    return format_html_join(
        "",
        '<g class="{}"><path d="M{} {}V{}"/><circle cx="{}" cy="{}" r="4"/><title>{}</title></g>',
        (
            (
                "worse" if each.regression else "better",
                f"{x[each.index]:.1f}",
                _TOP,
                HEIGHT - _BOTTOM,
                f"{x[each.index]:.1f}",
                f"{y[each.index]:.1f}",
                each.label,
            )
            for each in marks
        ),
    )
