"""Find the points at which the level of one series changed for good.

The series is searched in blocks (`perfgate.stats.blocks`), each by `perfgate.stats.segmentation`. The result depends on the
values alone: one search of the whole series and a `Tracker` that takes it point by point give the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from perfgate.stats.blocks import BLOCK, MARGIN, STEP, Block, blocks
from perfgate.stats.normalized import REACH, Floats
from perfgate.stats.segmentation import Border, borders

_NORMAL_975 = 1.96


@dataclass(frozen=True)
class ChangePoint:
    """The first point of a new level."""

    index: int
    """Position of the first point of the new level."""
    effect: float
    """After ÷ before − 1 (for series with values ≤ 0: the difference divided by the median magnitude)."""
    low: float
    high: float
    """Ends of the 95 % confidence interval of the effect, widened by how much the series wanders anyway."""
    confidence: float
    """Probability that the change lasts and is not environment noise: the share of such marks that were real changes, in
    real noise with known changes. Change points start at about 0.3."""
    before: float
    after: float
    """Medians of the points next to the step, in the unit of the series."""
    spread_before: float
    spread_after: float
    """Robust standard deviations of the same points, in the unit of the series."""


def find_change_points(
    values: ArrayLike,
    *,
    errors: ArrayLike | None = None,
    segments: Sequence[object] | None = None,
    since: int = 0,
) -> tuple[ChangePoint, ...]:
    """Find the lasting changes of level in one series.

    Args:
        values: Shape (n,), oldest first, finite, in any unit.
        errors: Shape (n,), standard errors of the values in their unit, at least 0, infinite where unknown. A step within
            the errors of its values is never a change. None: unknown.
        segments: Length n; where a label differs from the one before (a new environment or benchmark version), a new
            segment begins, which is searched on its own and never counts as a change. None: one segment.
        since: Return only changes at or after ``first_open(since, …)``: all that can differ if nothing before *since* did.

    Returns:
        Change points in ascending order. The same values always give the same result.

    Raises:
        ValueError: A value is not finite, an error is negative, or the lengths differ.

    >>> [c.index for c in find_change_points([1.00, 1.01, 0.99, 1.0, 1.01, 1.0] + [1.2, 1.21, 1.19, 1.2, 1.2, 1.21])]
    [6]
    """
    return search(values, errors=errors, segments=segments, since=since).change_points


@dataclass(frozen=True)
class SearchResult:
    """The change points of a series and the candidates, each in ascending order."""

    change_points: tuple[ChangePoint, ...]
    candidates: tuple[ChangePoint, ...]
    """Possible changes, down to a confidence of 0.02. Each change point is among them, at most a few points apart."""


def search(
    values: ArrayLike,
    *,
    errors: ArrayLike | None = None,
    segments: Sequence[object] | None = None,
    since: int = 0,
) -> SearchResult:
    """Find the changes of a series as `find_change_points` does, and the candidates, for comparing series."""
    series, stated = _checked(values, errors, segments)
    change_points: list[ChangePoint] = []
    candidates: list[ChangePoint] = []
    for block in blocks(len(series), segments, since):
        part = series[block.start : block.end]
        shown, possible = borders(part, None if stated is None else stated[block.start : block.end])
        change_points += _described(part, block, shown)
        candidates += _described(part, block, possible)
    return SearchResult(tuple(change_points), tuple(candidates))


class Tracker:
    """Finds the change points of a series that grows point by point.

    At any time ``change_points`` equals `find_change_points` of all values so far. Only the last block or two are kept and
    searched again; the result for older points is settled.

    >>> tracker = Tracker()
    >>> for value in [1.00, 1.01, 0.99, 1.0, 1.01, 1.0] + [1.2, 1.21, 1.19, 1.2, 1.2, 1.21]:
    ...     tracker.append(value)
    >>> [change.index for change in tracker.change_points]
    [6]
    >>> Tracker.restore(tracker.state()).change_points == tracker.change_points
    True
    """

    def __init__(self) -> None:
        self._tail = _Tail()

    @property
    def change_points(self) -> tuple[ChangePoint, ...]:
        """All change points, oldest first."""
        return (*self._tail.settled, *self._tail.open)

    def append(self, value: float, *, error: float = math.inf, segment: str = "") -> None:
        """Add one point. This costs the search of one block, however many points came before.

        Args:
            value: Finite, in the unit of the series.
            error: Its standard error; infinite: unknown.
            segment: Its label; one that differs from the last begins a new segment.

        Raises:
            ValueError: *value* is not finite or *error* is negative; the tracker is unchanged.
        """
        _checked([value], [error], None)
        tail = self._tail
        if tail.values and segment != tail.segment:
            tail.settle(len(tail.values))
        elif len(tail.values) == BLOCK:
            tail.settle(STEP)
        tail.segment = segment
        tail.values.append(float(value))
        tail.errors.append(float(error))
        found = (
            replace(change, index=change.index + tail.start)
            for change in find_change_points(tail.values, errors=tail.errors)
        )
        tail.open = [change for change in found if change.index >= tail.first]

    def state(self) -> bytes:
        """Return what `restore` needs: the numbers of at most two blocks, and the change points."""
        return json.dumps(asdict(self._tail)).encode()

    @classmethod
    def restore(cls, state: bytes) -> Tracker:
        """Return the tracker that `state` was taken from.

        Raises:
            ValueError: The bytes are no state of a tracker.
        """
        tracker = cls()
        try:
            tail = json.loads(state)
            found = [[ChangePoint(**change) for change in tail.pop(name)] for name in ("open", "settled")]
            tracker._tail = _Tail(**tail, open=found[0], settled=found[1])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{len(state)} bytes are not the state of a tracker: {error}; begin with a new one"
            ) from error
        return tracker


@dataclass
class _Tail:
    """The last block of a series, and the change points found so far."""

    start: int = 0
    """Position of the first value that is kept."""
    first: int = 0
    """Position of the first point that belongs to the last block."""
    segment: str = ""
    values: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    open: list[ChangePoint] = field(default_factory=list)
    """Change points that later values may still move."""
    settled: list[ChangePoint] = field(default_factory=list)

    def settle(self, count: int) -> None:
        """Drop the first *count* values: a part of a full block, or all of a segment that ended."""
        is_part = count < len(self.values)
        self.start += count
        self.first = self.start + MARGIN if is_part else self.start
        self.settled += [change for change in self.open if change.index < self.first]
        self.values, self.errors, self.open = self.values[count:], self.errors[count:], []


def _checked(
    values: ArrayLike, errors: ArrayLike | None, segments: Sequence[object] | None
) -> tuple[Floats, Floats | None]:
    series = np.asarray(values, float)
    stated = None if errors is None else np.asarray(errors, float)
    if not np.isfinite(series).all():
        raise ValueError("values must be finite; leave failed measurements out")
    if stated is not None and (len(stated) != len(series) or not (stated >= 0).all()):
        raise ValueError(f"errors must be {len(series)} numbers of at least 0, infinite where unknown")
    if segments is not None and len(segments) != len(series):
        raise ValueError(f"{len(segments)} segment labels for {len(series)} values")
    return series, stated


def _described(values: Floats, block: Block, found: Sequence[Border]) -> Iterator[ChangePoint]:
    """Yield the change points at those borders of a block that belong to it."""
    edges = [0, *(border.index for border in found), len(values)]
    is_relative = bool((values > 0).all())
    for start, border, end in zip(edges, found, edges[2:], strict=False):
        if not block.first <= block.start + border.index < block.last:
            continue
        before = values[max(start, border.index - REACH) : border.index]
        after = values[border.index : min(end, border.index + REACH)]
        ends = (border.step, border.step - _NORMAL_975 * border.error, border.step + _NORMAL_975 * border.error)
        effect, low, high = (math.expm1(step) for step in ends) if is_relative else ends
        yield ChangePoint(
            index=block.start + border.index,
            effect=effect,
            low=low,
            high=high,
            confidence=1 / (1 + math.exp(-border.log_odds)),
            before=float(np.median(before)),
            after=float(np.median(after)),
            spread_before=_spread(before),
            spread_after=_spread(after),
        )


def _spread(values: Floats) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))
