"""Estimate how long a judgment still takes, from the pairs taken so far and the number that usually remains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import pairwise

from perfgate.stats.confirmation import CONFIRM_LOOKS, SUSPECT_LOOKS
from perfgate.stats.extra_time import allowed_seconds
from perfgate.stats.screening import SCREEN_LOOKS

USUALLY_MORE = 1.5
"""Pairs that a benchmark usually takes beyond its next look: an unchanged one takes 4 to 5 in all."""

SCREENING, SETTLING = "screening", "settling"
"""The first stage and the last one. After the first, a benchmark takes fresh pairs; the last has a time of its own."""


class Remaining:
    """Estimates the seconds that `judge_suite` still takes.

    Args:
        max_seconds: What all pairs may cost; None: no limit.
    """

    def __init__(self, max_seconds: float | None = None) -> None:
        self._max_seconds = max_seconds
        self._stage = ""
        self._open: Collection[str] = ()
        self._fresh: Counter[str] = Counter()
        """Pairs of the screen, or those after it."""
        self._screen_seconds = self._settling_began = 0.0
        self._pairs: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}

    def watch(self, stage: str, benchmarks: Collection[str]) -> None:
        """Record the stage and the open benchmarks; pass this method to `judge_suite` as *watch*."""
        if self._stage == SCREENING != stage:
            self._fresh.clear()
            self._screen_seconds = self._spent()
        if stage == SETTLING != self._stage:
            self._settling_began = self._spent()
        self._stage, self._open = stage, benchmarks

    def took(self, benchmark: str, seconds: float) -> None:
        """Record one more pair of a benchmark, and what it cost."""
        self._fresh[benchmark] += 1
        self._pairs[benchmark] += 1
        self._seconds[benchmark] = self._seconds.get(benchmark, 0.0) + seconds

    def seconds(self) -> float | None:
        """Return the estimate; None before the first pair."""
        if not self._pairs:
            return None
        spent = self._spent()
        usual = spent / self._pairs.total()
        looks = {"confirming": SUSPECT_LOOKS, SETTLING: CONFIRM_LOOKS}.get(self._stage, SCREEN_LOOKS)
        left = 0.0
        for name in self._open:
            per_pair = self._seconds[name] / self._pairs[name] if name in self._seconds else usual
            left += per_pair * _pairs_left(self._fresh[name], looks)
        limits = [] if self._max_seconds is None else [self._max_seconds - spent]
        if self._stage == SETTLING:
            limits.append(self._settling_began + allowed_seconds(self._screen_seconds) - spent)
        return max(0.0, min(left, *limits)) if limits else left

    def _spent(self) -> float:
        return sum(self._seconds.values())


def _pairs_left(taken: int, looks: tuple[int, ...]) -> float:
    """Return how many more pairs a benchmark usually takes that is open after *taken* of them.

    >>> [_pairs_left(taken, SCREEN_LOOKS) for taken in (0, 2, 3, 11)]
    [4.0, 2.0, 2.5, 1.0]
    """
    for look, following in pairwise(looks):
        if taken < look:
            return look - taken + min(USUALLY_MORE, float(following - look))
    return float(max(0, looks[-1] - taken))
