"""Blocks cover every point once, and old blocks stay as they are when points come."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfgate.stats.blocks import BLOCK, MARGIN, STEP, blocks, first_open


@given(st.integers(0, 5 * BLOCK), st.integers(0, 5 * BLOCK))
def test_every_point_belongs_to_one_block(length: int, cut: int) -> None:
    """Whatever the segments, the parts that belong to the blocks follow each other without gaps."""
    labels = ["a" if point < cut else "b" for point in range(length)]
    owned = [point for block in blocks(length, labels, 0) for point in range(block.first, block.last)]

    assert list(range(length)) == owned


@given(st.integers(1, 5 * BLOCK))
def test_a_block_sees_points_on_both_sides_of_what_belongs_to_it(length: int) -> None:
    """Inside a segment, a margin on either side belongs to the neighboring blocks; no block is longer than `BLOCK`."""
    found = list(blocks(length, None, 0))

    assert all(block.end - block.start <= BLOCK for block in found)
    assert all(block.first - block.start == MARGIN for block in found[1:])
    assert all(block.end - block.last == MARGIN for block in found[:-1])
    assert 0 == found[0].first
    assert length == found[-1].last


def test_a_segment_is_searched_on_its_own() -> None:
    """No block contains points of two segments, and a segment of up to `BLOCK` points is one block."""
    labels = ["a"] * 300 + ["b"] * BLOCK

    assert [(0, 300), (300, 300 + BLOCK)] == [(block.start, block.end) for block in blocks(len(labels), labels, 0)]


@given(st.integers(0, 3 * BLOCK), st.integers(1, STEP))
@example(length=BLOCK, more=1)
def test_settled_points_stay_in_their_blocks_when_points_come(length: int, more: int) -> None:
    """Every point before the first open position is searched together with the same points as before."""
    settled = first_open(length, length + more)

    def searched(count: int) -> list[tuple[int, int]]:
        found = [(block.start, block.end) for block in blocks(count, None, 0) for _ in range(block.first, block.last)]
        return found[:settled]

    assert searched(length) == searched(length + more)


@pytest.mark.parametrize("since", [0, 5, 511, 512, 600, 1000, 1023])
def test_only_blocks_with_points_from_since_on_are_returned(since: int) -> None:
    """The first open position is the first point that belongs to one of them."""
    found = list(blocks(1024, None, since))

    assert [block for block in blocks(1024, None, 0) if block.end > since] == found
    assert found[0].first == first_open(since, 1024)


def test_beyond_the_end_nothing_is_open() -> None:
    """A position after all points has no open block, and the segments count."""
    assert 100 == first_open(100, 100)
    assert 60 == first_open(70, 100, ["a"] * 60 + ["b"] * 40)
    assert 0 == first_open(0, 0)
