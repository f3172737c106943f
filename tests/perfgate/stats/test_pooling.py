"""Series that move together say more than each of them alone, and series that do not say nothing."""

import math

import numpy as np
import pytest

from perfgate.stats.changepoints import search
from perfgate.stats.pooling import Meeting, Move, common_step, is_common, meetings

LENGTH = 150


def suite(moved: int, effect: float, *, count: int = 20, seed: int = 1) -> list[list[Move]]:
    """Return the candidates of series of 2 % noise, some of which move at commit 80."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        values = np.exp(0.02 * rng.standard_normal(LENGTH))
        values[80:] *= 1 + effect * (number < moved)
        candidates = search(values).candidates
        found.append([Move(each.index, math.log1p(each.effect), each.confidence) for each in candidates])
    return found


def test_a_step_that_no_series_is_sure_of_is_found_where_many_share_it() -> None:
    """Twelve of twenty series move by less than their noise: nearly always one meeting, at their commit, of mostly these."""
    found = [each for seed in range(10) for each in meetings(suite(12, 0.018, seed=seed), LENGTH)]

    assert 8 <= len(found) <= 10
    for each in found:
        assert abs(each.position - 80) <= 2
        assert len(set(each.members) & set(range(12))) >= 4
        assert len(set(each.members) - set(range(12))) <= 2
        assert all(move.step > 0 for move in each.members.values())


def test_unrelated_series_do_not_meet() -> None:
    """A hundred suites in which nothing happened, or each series moves by itself, have next to no meeting."""
    rng = np.random.default_rng(3)
    alone = [[[Move(int(rng.integers(LENGTH)), 0.1, 0.9)] for _ in range(20)] for _ in range(60)]
    quiet = [suite(0, 0.0, seed=seed) for seed in range(40)]

    assert sum(len(meetings(each, LENGTH)) for each in [*alone, *quiet]) <= 3


def test_opposite_directions_are_two_meetings() -> None:
    """What gets slower and what gets faster at one commit are told apart."""
    series = [[Move(40, step, 0.9)] for step in [0.1] * 6 + [-0.1] * 5]

    assert [-5, 6] == sorted(
        int(math.copysign(len(each.members), next(iter(each.members.values())).step))
        for each in meetings(series, LENGTH)
    )


def test_the_order_of_the_series_does_not_matter() -> None:
    """Numbers change with the order, and nothing else."""
    series = suite(8, 0.03)
    backwards = meetings(series[::-1], LENGTH)

    assert [each.position for each in meetings(series, LENGTH)] == [each.position for each in backwards]


@pytest.mark.parametrize(
    ("steps", "present", "expected"),
    [
        ([0.1] * 10, 12, 0.1),  # most of a suite by one factor
        ([0.1] * 7, 7, None),  # a small suite may have one cause in its code
        ([0.1] * 10, 30, None),  # a third of a suite
        ([0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4], 9, None),  # all of it, by factors of their own
    ],
)
def test_what_most_of_a_suite_shares_is_the_machine(steps: list[float], present: int, expected: float | None) -> None:
    """One factor, over most of at least eight series."""
    meeting = Meeting(40, {number: Move(40, step, 0.9) for number, step in enumerate(steps)})

    assert expected == common_step(meeting, present)


def test_a_series_that_moved_otherwise_is_not_the_machine() -> None:
    """Beside a common 10 %, one that moved by half is code."""
    assert is_common(0.09, 0.1)
    assert not is_common(0.5, 0.1)
    assert not is_common(-0.1, 0.1)
