"""The blocks in which a long series is searched.

A segment of up to `BLOCK` points is searched as a whole. A longer one is searched in blocks of that many points, each
`STEP` points after the last; every point belongs to the block in whose middle it lies. So an old change stays what it was
whatever comes later, and adding a point costs the same however long the history is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

BLOCK = 512
"""Points that are searched together."""

STEP = BLOCK // 2
"""Points from the start of one block to the start of the next."""

MARGIN = BLOCK // 4
"""Points at either end of a block that belong to the block before or after it."""


class Block(NamedTuple):
    """The points ``start:end`` are searched together; what is found in ``first:last`` belongs to this block."""

    start: int
    end: int
    first: int
    last: int


def blocks(length: int, segments: Sequence[object] | None, since: int) -> Iterator[Block]:
    """Yield the blocks that hold points from *since* on, oldest first.

    Args:
        length: Number of points of the series.
        segments: Label of each point; a new label begins a new segment. None: one segment.
        since: Position.
    """
    edges = [0, *_edges(segments, length), length] if length else []
    for begin, end in pairwise(edges):
        count = max(0, -(-(end - begin - BLOCK) // STEP))
        for number in range(count + 1):
            start = begin + number * STEP
            is_last = number == count
            block = Block(
                start=start,
                end=end if is_last else start + BLOCK,
                first=start + MARGIN if number else begin,
                last=end if is_last else start + STEP + MARGIN,
            )
            if block.end > since:
                yield block


def first_open(position: int, length: int, segments: Sequence[object] | None = None) -> int:
    """Return the position before which no result can change if only points from *position* on do."""
    return next((block.first for block in blocks(length, segments, position)), length)


def _edges(segments: Sequence[object] | None, length: int) -> list[int]:
    """Return the positions whose label differs from the one before."""
    return [] if segments is None else [i for i in range(1, length) if segments[i] != segments[i - 1]]
