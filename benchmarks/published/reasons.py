"""Why a published step has no change point, judged by the points of its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEAR = 3
"""Measured commits by which two places may differ and still mean the same change."""
FAR = 15
"""Measured commits within which a change is mentioned as near a published step."""
FEWEST = 5
"""Points that make a level."""
AROUND = 15
"""Points on either side of a step that are compared."""
REMAINING = 0.25
"""Largest share of the step that may be missing where a level counts as reached."""
ALREADY = 0.25
"""Share of the points before from which a level is not new."""


Logarithms = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PointHistory:
    """The points of one series, oldest first."""

    revisions: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    segments: npt.NDArray[np.int64]


def place(history: PointHistory, before: int, after: int, changes: Sequence[int]) -> int | None:
    """Return which of *changes*, first points of new levels, is the step between two revisions; None: none of them.

    Args:
        history: The series.
        before: Last revision at the old level.
        after: First revision at the new level.
        changes: Positions.
    """
    there = int(np.searchsorted(history.revisions, after))
    near = [
        (abs(change - there), change)
        for change in changes
        if abs(change - there) <= NEAR
        or (history.revisions[change] > before and change > 0 and history.revisions[change - 1] < after)
    ]
    return min(near)[1] if near else None


def why_not(history: PointHistory, after: int, claimed: float, changes: Sequence[int]) -> str:
    """Return why there is no change point at a published step, in words: the first reason that holds.

    Args:
        history: The series.
        after: First revision at the new level.
        claimed: The step's published size.
        changes: Positions of the changes for the worse that were found.
    """
    there = int(np.searchsorted(history.revisions, after))
    if not 0 < there < len(history.values):
        return "the archive of results holds no points on both sides"
    if history.segments[there] != history.segments[there - 1]:
        return "the benchmark itself changed there: a new segment"
    same = history.segments == history.segments[there]
    parts = slice(max(0, there - AROUND), there), slice(there, there + AROUND)
    old, new = (np.log(history.values[part][same[part]]) for part in parts)
    if len(old) < FEWEST or len(new) < FEWEST:
        return f"too few points: {len(old)} before, {len(new)} after"
    nearest = min((change - there for change in changes), key=abs, default=FAR + 1)
    return _temporary(old, new, float(np.log1p(claimed))) or (
        f"found {distance(nearest)}" if abs(nearest) <= FAR else _unclear(old, new)
    )


def _temporary(old: Logarithms, new: Logarithms, size: float) -> str:
    """Return that the level before, or the one after, did not last; empty if both did."""
    already = int(np.sum(old >= np.median(new[:3]) - REMAINING * size))
    if already >= ALREADY * len(old):
        return f"not new: {already} of the {len(old)} points before it were as slow"
    back = new - np.median(old) <= REMAINING * size
    for lasted in range(len(new) - 2):
        if back[lasted : lasted + 3].all():
            return f"it came back after {lasted} measured commits"
    return ""


def _unclear(old: Logarithms, new: Logarithms) -> str:
    step = float(np.median(new) - np.median(old))
    noise = 1.4826 * float(np.median(np.abs(np.diff(np.r_[old, new])))) / np.sqrt(2)
    shown = f"{len(old)} points before and {len(new)} after differ by {np.expm1(step):+.1%}"
    return f"{shown}, {abs(step) / noise:.1f} times the noise of one point" if noise > 0 else shown


def distance(points: int) -> str:
    """Return a distance between two places in words."""
    commits = "commit" if abs(points) == 1 else "commits"
    return f"{abs(points)} measured {commits} {'later' if points > 0 else 'earlier'}"
