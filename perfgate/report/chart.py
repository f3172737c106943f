"""A chart for comments and issues on GitHub, drawn by Mermaid."""

from __future__ import annotations

import math
from collections.abc import Sequence

CHART_POINTS = 30
"""Points on either side of the change; Mermaid draws no more than fit."""

_INIT = (
    '%%{init: {"xyChart": {"width": 680, "height": 260},'
    ' "themeVariables": {"xyChart": {"plotColorPalette": "#2563c9, #c77700"}}}}%%'
)
"""Colors of value and level for light and dark themes; Mermaid's default first line is nearly invisible."""

_CEILING = 1_000.0
"""In percent of the level before: one outlier must not flatten the rest."""


def chart(values: Sequence[float], position: int, before: float, after: float) -> str:
    """Return a Mermaid chart of the points around a change, in percent of the level before it; empty if that fails.

    Args:
        values: Points in commit order, in any unit.
        position: Index of the first point of the new level.
        before: Level before the change, in the same unit.
        after: Level after it.

    Source:
        https://mermaid.js.org/syntax/xyChart.html; its grammar allows plain decimals only, no exponents.
    """
    start, end = max(0, position - CHART_POINTS), min(len(values), position + CHART_POINTS)
    points = [100 * value / before for value in values[start:end]] if before > 0 else []
    if len(points) < 2 or not all(map(math.isfinite, points)):
        return ""
    points = [_clipped(value) for value in points]
    level = _clipped(100 * after / before)
    levels = [100.0 if start + index < position else level for index in range(len(points))]
    low, high = min(*points, *levels), max(*points, *levels)
    margin = max(0.05 * (high - low), 0.5)
    lines = [
        "```mermaid",
        _INIT,
        "xychart-beta",
        f'    x-axis "points around the change" 1 --> {len(points)}',
        f'    y-axis "% of the level before" {max(low - margin, 0.0):.2f} --> {high + margin:.2f}',
        f"    line [{_decimals(points)}]",
        f"    line [{_decimals(levels)}]",
        "```",
    ]
    return "\n".join(lines)


def _clipped(percent: float) -> float:
    return min(max(percent, 0.0), _CEILING)


def _decimals(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:.2f}" for number in numbers)
