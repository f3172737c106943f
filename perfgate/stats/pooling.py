"""Many series of one suite -> the commits at which more of them move than chance would have.

What moves many benchmarks by little may be surely there though no single series is sure. The null: every series has its
candidates wherever it likes, so a commit meets one within `WITHIN` points with a chance known from how many it has. The
number that meet is then at most Poisson (Hoeffding 1956), and Bonferroni's correction over commits and directions keeps
the chance of any meeting in a whole history of unrelated series below `ALPHA`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

ALPHA = 0.02
"""Chance of any false meeting in a history."""

LEVELS = (0.0, 0.08, 0.27)
"""Confidences from which candidates are counted, each at a third of the chance: many faint ones, or a few clear ones."""

WITHIN = 3
"""Commits by which candidates of one cause may be placed apart."""

REACHES = (1, WITHIN)
"""How near to a commit candidates are counted, each at half of the chance: clear ones stand close together."""

MIN_MEMBERS = 3
"""Fewest series of a meeting."""

COMMON_SHARE = 0.6
"""Part of the suite that must move together by one factor for it to be the machine."""

COMMON_MEMBERS = 8
"""Fewest series of which that can be said: a small suite may well have one cause in its code."""

COMMON_FACTOR = 0.4
"""Part of the common step by which a series of it may differ."""


@dataclass(frozen=True)
class Move:
    """A candidate of one series, on the axis that all series share."""

    position: int
    """Commit, counted from 0 on the shared axis."""
    step: float
    """Log ratio of the levels after and before."""
    confidence: float
    """That it is a lasting change, seen alone."""
    weight: float = 1.0
    """How surely it is placed: the square of the step in its own errors."""


@dataclass(frozen=True)
class Meeting:
    """One commit at which series move together, in one direction."""

    position: int
    """Weighted median of the members' positions."""
    members: dict[int, Move]
    """The move of each series that takes part, by its number."""


def meetings(series: Sequence[Sequence[Move]], length: int) -> list[Meeting]:
    """Return where series meet, the surest first; a candidate takes part in one meeting at most.

    Args:
        series: The candidates of each series.
        length: Number of commits on the shared axis.
    """
    found = []
    for sign in (-1, 1):
        left = [[move for move in one if move.step * sign > 0] for one in series]
        while (best := _surest(left, length)) is not None:
            found.append(best)
            for number, move in best.members.items():
                left[number].remove(move)
    return found


def common_step(meeting: Meeting, present: int) -> float | None:
    """Return the step that most of a suite share at *meeting*, so that it is the machine's; None: it is not.

    Args:
        meeting: Where series move.
        present: How many series of the suite were measured there.
    """
    steps = np.array([move.step for move in meeting.members.values()])
    middle = float(np.median(steps))
    alike = int((np.abs(steps - middle) <= COMMON_FACTOR * abs(middle)).sum())
    return middle if alike >= max(COMMON_MEMBERS, COMMON_SHARE * present) else None


def is_common(step: float, common: float) -> bool:
    """Return whether a series that moved by *step* went with the *common* one."""
    return abs(step - common) <= COMMON_FACTOR * abs(common)


def _surest(series: Sequence[Sequence[Move]], length: int) -> Meeting | None:
    """Return the meeting that chance explains least, if it explains none that well."""
    best, place = ALPHA / (2 * length * len(LEVELS) * len(REACHES)), -1
    for level, reach in product(LEVELS, REACHES):
        clear = [[move.position for move in one if move.confidence >= level] for one in series]
        counts = sum((_near(one, reach, length) for one in clear if one), np.zeros(length, np.int64))
        expected = sum(min(1.0, len(one) * (2 * reach + 1) / length) for one in clear)
        most = int(counts.max(initial=0))
        chance = float(pdtrc(most - 1, expected)) if most >= MIN_MEMBERS else 1.0
        if chance < best:
            best, place = chance, int(np.median(np.flatnonzero(counts == most)))
    members = {}
    for number, one in enumerate(series):
        near = [move for move in one if abs(move.position - place) <= WITHIN]
        if near and place >= 0:
            members[number] = max(near, key=lambda move: move.confidence)
    if len(members) < MIN_MEMBERS:
        return None
    return Meeting(_middle(list(members.values())), members)


def _middle(moves: Sequence[Move]) -> int:
    """Return the weighted median of the positions: a large step tells its commit, a faint one only the neighbourhood."""
    moves = sorted(moves, key=lambda move: move.position)
    weights = np.cumsum([move.weight for move in moves])
    return moves[int(np.searchsorted(weights, weights[-1] / 2))].position


def _near(positions: Sequence[int], reach: int, length: int) -> NDArray[np.int64]:
    """Return 1 for every commit within *reach* of one of *positions*."""
    near = np.zeros(length, np.int64)
    for position in positions:
        near[max(0, position - reach) : position + reach + 1] = 1
    return near
