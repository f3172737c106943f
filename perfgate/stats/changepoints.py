"""One series -> the points at which its level changed for good.

A stretch of up to `BLOCK` points is searched as a whole (`perfgate.stats.segmentation`). A longer one is searched in blocks
of that many points, each `BLOCK` / 2 after the last; every point belongs to the block in whose middle it lies. So a change
far back stays what it was whatever comes, adding a point costs the same however long the history is, and the answer
depends on the values alone: asked at once, or of a `Tracker` point by point, it is the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perfgate.stats.segmentation import REACH, Border, borders

BLOCK = 512
"""Points that are searched together."""

_STEP = BLOCK // 2
_MARGIN = BLOCK // 4
_NORMAL_975 = 1.96

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChangePoint:
    """The first point of a new level."""

    index: int
    """Position of the first point of the new level."""
    effect: float
    """After ÷ before − 1 (for series with values ≤ 0: the difference over the median magnitude)."""
    low: float
    high: float
    """Ends of the 95 % confidence interval of the effect, widened by how much the series wanders anyway."""
    confidence: float
    """Probability that this is a lasting change and no mood of the machine: how often such a mark was one, in real noise
    with known changes. The least that is shown is 0.3."""
    before: float
    after: float
    """Medians of the points next to the step, in the series' unit."""
    spread_before: float
    spread_after: float
    """Robust standard deviations of the same points, in the series' unit."""


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
        errors: Shape (n,), standard errors of the values in their unit, at least 0, infinite where unknown. What a value's
            own measurement leaves open is never read as a change. None: unknown.
        segments: Length n; where a label differs from the one before (a new environment or benchmark version), a new
            segment begins, which is searched on its own and never counts as a change. None: one segment.
        since: Return only changes at or after ``first_open(since, …)``: all that can differ if nothing before *since* did.

    Returns:
        Change points in ascending order. The same values always give the same answer.

    Raises:
        ValueError: A value is not finite, an error is negative, or the lengths differ.

    >>> [c.index for c in find_change_points([1.00, 1.01, 0.99, 1.0, 1.01, 1.0] + [1.2, 1.21, 1.19, 1.2, 1.2, 1.21])]
    [6]
    """
    return search(values, errors=errors, segments=segments, since=since).change_points


@dataclass(frozen=True)
class Found:
    """What one search of a series gives, each in ascending order."""

    change_points: tuple[ChangePoint, ...]
    candidates: tuple[ChangePoint, ...]
    """What may be a change, down to a confidence of 0.02; the change points are among them, at most a few points apart."""


def search(
    values: ArrayLike,
    *,
    errors: ArrayLike | None = None,
    segments: Sequence[object] | None = None,
    since: int = 0,
) -> Found:
    """Find the changes of a series, as `find_change_points` does, and what may be some, for reading series together."""
    series, stated = _checked(values, errors, segments)
    found: list[ChangePoint] = []
    possible: list[ChangePoint] = []
    for block in _blocks(len(series), segments, since):
        part = series[block.start : block.end]
        shown, candidates = borders(part, None if stated is None else stated[block.start : block.end])
        found += _described(part, block, shown)
        possible += _described(part, block, candidates)
    return Found(tuple(found), tuple(possible))


def first_open(position: int, length: int, segments: Sequence[object] | None = None) -> int:
    """Return the position before which nothing can change if only points from *position* on do."""
    return next((block.first for block in _blocks(length, segments, position)), length)


class Tracker:
    """What a reader is shown of a series that grows point by point.

    At any time ``change_points`` equals `find_change_points` of all values so far. Only the last block or two are kept and
    read again; what lies before them is settled.

    >>> tracker = Tracker()
    >>> for value in [1.00, 1.01, 0.99, 1.0, 1.01, 1.0] + [1.2, 1.21, 1.19, 1.2, 1.2, 1.21]:
    ...     tracker.append(value)
    >>> [each.index for each in tracker.change_points]
    [6]
    >>> Tracker.restore(tracker.state()).change_points == tracker.change_points
    True
    """

    def __init__(self) -> None:
        self._kept = _Kept()

    @property
    def change_points(self) -> tuple[ChangePoint, ...]:
        """All change points, oldest first."""
        return (*self._kept.settled, *self._kept.open)

    def append(self, value: float, *, error: float = math.inf, segment: str = "") -> None:
        """Take one more point; costs the search of one block, however many came before.

        Args:
            value: Finite, in the unit of the series.
            error: Its standard error; infinite: unknown.
            segment: Its label; one that differs from the last begins a new segment.

        Raises:
            ValueError: *value* is not finite or *error* is negative; nothing was taken then.
        """
        _checked([value], [error], None)
        kept = self._kept
        if kept.values and segment != kept.segment:
            kept.settle(len(kept.values))
        elif len(kept.values) == BLOCK:
            kept.settle(_STEP)
        kept.segment = segment
        kept.values.append(float(value))
        kept.errors.append(float(error))
        found = (
            replace(each, index=each.index + kept.start) for each in find_change_points(kept.values, errors=kept.errors)
        )
        kept.open = [each for each in found if each.index >= kept.first]

    def state(self) -> bytes:
        """Return all that `restore` needs: two blocks of numbers at most, and the change points."""
        return json.dumps(asdict(self._kept)).encode()

    @classmethod
    def restore(cls, state: bytes) -> Tracker:
        """Return the tracker whose state this was.

        Raises:
            ValueError: It is no such state.
        """
        tracker = cls()
        try:
            kept = json.loads(state)
            found = [[ChangePoint(**each) for each in kept.pop(name)] for name in ("open", "settled")]
            tracker._kept = _Kept(**kept, open=found[0], settled=found[1])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{len(state)} bytes that are no state of a tracker: {error}; begin with a new one"
            ) from error
        return tracker


@dataclass
class _Kept:
    """The last block of a series, and what was found before it."""

    start: int = 0
    """Position of the first value that is kept."""
    first: int = 0
    """Position from which this block has the word."""
    segment: str = ""
    values: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    open: list[ChangePoint] = field(default_factory=list)
    """Change points that later values may still move."""
    settled: list[ChangePoint] = field(default_factory=list)

    def settle(self, count: int) -> None:
        """Let the first *count* values go: a part of a full block, or all of a segment that ended."""
        is_part = count < len(self.values)
        self.start += count
        self.first = self.start + _MARGIN if is_part else self.start
        self.settled += [each for each in self.open if each.index < self.first]
        self.values, self.errors, self.open = self.values[count:], self.errors[count:], []


class _Block(NamedTuple):
    """The points ``start:end`` are searched together, and what is found in ``first:last`` counts."""

    start: int
    end: int
    first: int
    last: int


def _blocks(length: int, segments: Sequence[object] | None, since: int) -> Iterator[_Block]:
    """Yield the blocks that hold points from *since* on, oldest first."""
    edges = [0, *_edges(segments, length), length] if length else []
    for begin, end in pairwise(edges):
        count = max(0, -(-(end - begin - BLOCK) // _STEP))
        for number in range(count + 1):
            start = begin + number * _STEP
            is_last = number == count
            block = _Block(
                start=start,
                end=end if is_last else start + BLOCK,
                first=start + _MARGIN if number else begin,
                last=end if is_last else start + _STEP + _MARGIN,
            )
            if block.end > since:
                yield block


def _edges(segments: Sequence[object] | None, length: int) -> list[int]:
    """Return where labels differ from the one before."""
    return [] if segments is None else [i for i in range(1, length) if segments[i] != segments[i - 1]]


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


def _described(values: Floats, block: _Block, found: Sequence[Border]) -> Iterator[ChangePoint]:
    """Yield the change points at those borders between the levels of a block on which it has the word."""
    edges = [0, *(each.index for each in found), len(values)]
    is_relative = bool((values > 0).all())
    for start, border, end in zip(edges, found, edges[2:], strict=False):
        if not block.first <= block.start + border.index < block.last:
            continue
        before = values[max(start, border.index - REACH) : border.index]
        after = values[border.index : min(end, border.index + REACH)]
        ends = (border.step, border.step - _NORMAL_975 * border.error, border.step + _NORMAL_975 * border.error)
        effect, low, high = (math.expm1(each) for each in ends) if is_relative else ends
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
