"""Estimate how long a judgment still takes, from the pairs taken so far and the number that usually remains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import pairwise

from perfgate.stats.confirmation import CONFIRM_LOOKS
from perfgate.stats.screening import SCREEN_LOOKS

USUALLY_MORE = 1.5
"""Pairs that a benchmark usually takes beyond its next look: an unchanged one takes 4 to 5 in all."""

CONFIRMING = "confirming"
"""The stage that starts with no pairs."""


class Remaining:
    """Estimates the seconds that `judge_suite` still takes.

    Args:
        max_seconds: What all pairs may cost; None: no limit.
    """

    def __init__(self, max_seconds: float | None = None) -> None:
        self._max_seconds = max_seconds
        self._stage = ""
        self._open: Collection[str] = ()
        self._in_stage: Counter[str] = Counter()
        """Pairs of the present stage."""
        self._pairs: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}

    def watch(self, stage: str, benchmarks: Collection[str]) -> None:
        """Record the stage and the open benchmarks; pass this method to `judge_suite` as *watch*."""
        if stage == CONFIRMING != self._stage:
            self._in_stage.clear()
        self._stage, self._open = stage, benchmarks

    def took(self, benchmark: str, seconds: float) -> None:
        """Record one more pair of a benchmark, and what it cost."""
        self._in_stage[benchmark] += 1
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
            per_pair = self._seconds[name] / self._pairs[name] if name in self._seconds else usual
            left += per_pair * _pairs_left(self._in_stage[name], looks)
        return left if self._max_seconds is None else max(0.0, min(left, self._max_seconds - spent))


def _pairs_left(taken: int, looks: tuple[int, ...]) -> float:
    """Return how many more pairs a benchmark usually takes that is open after *taken* of them.

    >>> [_pairs_left(taken, SCREEN_LOOKS) for taken in (0, 2, 3, 11)]
    [4.0, 2.0, 2.5, 1.0]
    """
    for look, following in pairwise(looks):
        if taken < look:
            return look - taken + min(USUALLY_MORE, float(following - look))
    return float(max(0, looks[-1] - taken))
