"""How long a judgement still takes, from the pairs taken so far and from what usually remains. A modest estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import pairwise

from perfgate.stats.confirmation import CONFIRM_LOOKS
from perfgate.stats.screening import SCREEN_LOOKS

USUALLY_MORE = 1.5
"""Pairs that a benchmark usually takes beyond its next look: an unchanged one takes 4 to 5 in all."""

CONFIRMING = "confirming"
"""The stage in which pairs are counted anew."""


class Remaining:
    """Estimates the seconds that `judge_suite` still takes.

    Args:
        max_seconds: What pairs may cost in all; None: as much as they do.
    """

    def __init__(self, max_seconds: float | None = None) -> None:
        self._max_seconds = max_seconds
        self._stage = ""
        self._open: Collection[str] = ()
        self._taken: Counter[str] = Counter()
        """Pairs of the present stage."""
        self._pairs: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}

    def watch(self, stage: str, benchmarks: Collection[str]) -> None:
        """Learn which stage goes on, and which benchmarks are open; as `judge_suite` tells it."""
        if stage == CONFIRMING != self._stage:
            self._taken.clear()
        self._stage, self._open = stage, benchmarks

    def took(self, benchmark: str, seconds: float) -> None:
        """Learn that one more pair of a benchmark was taken, and what it cost."""
        self._taken[benchmark] += 1
        self._pairs[benchmark] += 1
        self._seconds[benchmark] = self._seconds.get(benchmark, 0.0) + seconds

    def seconds(self) -> float | None:
        """Return the estimate; None before the first pair."""
        if not self._pairs:
            return None
        spent = sum(self._seconds.values())
        usual = spent / self._pairs.total()
        looks = CONFIRM_LOOKS if self._stage == CONFIRMING else SCREEN_LOOKS
        left = 0.0
        for name in self._open:
            each = self._seconds[name] / self._pairs[name] if name in self._seconds else usual
            left += each * _pairs_left(self._taken[name], looks)
        return left if self._max_seconds is None else max(0.0, min(left, self._max_seconds - spent))


def _pairs_left(taken: int, looks: tuple[int, ...]) -> float:
    """Return how many more pairs a benchmark that is open after so many usually takes.

    >>> [_pairs_left(taken, SCREEN_LOOKS) for taken in (0, 2, 3, 11)]
    [4.0, 2.0, 2.5, 1.0]
    """
    for look, following in pairwise(looks):
        if taken < look:
            return look - taken + min(USUALLY_MORE, float(following - look))
    return float(max(0, looks[-1] - taken))
