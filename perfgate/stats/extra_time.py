"""The time allowed beyond the first screen: how much it is, and which undecided benchmark gets the next pairs."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping

from perfgate.stats.confirmation import CERTAINTY, CONFIRM_LOOKS
from perfgate.stats.estimates import normal_quantile, normal_tail
from perfgate.stats.evidence import BenchmarkEvidence

LEAST_SECONDS = 60.0
"""Time allowed for a small suite."""

SHARE_OF_SCREEN = 0.2
"""Time allowed for a large suite, as a part of what its first screen took."""

_TINY = 1e-9
"""Keeps recorded pairs, which cost nothing, and pairs without any spread from dividing by 0."""


def allowed_seconds(screen_seconds: float) -> float:
    """Return how long more pairs may be taken of what is undecided after screening and confirmation."""
    return max(LEAST_SECONDS, SHARE_OF_SCREEN * screen_seconds)


def next_look(evidence: BenchmarkEvidence) -> int:
    """Return the number of fresh pairs at the next look at a benchmark that has one."""
    return next(look for look in CONFIRM_LOOKS if look > len(evidence.confirmed))


class Queue:
    """Undecided benchmarks, the most promising first.

    Args:
        benchmarks: The evidence about each.
    """

    def __init__(self, benchmarks: Mapping[str, BenchmarkEvidence]) -> None:
        self._waiting: list[tuple[float, float, int, str]] = []
        self._benchmarks = benchmarks
        self._numbers = {name: number for number, name in enumerate(benchmarks)}
        for name, evidence in benchmarks.items():
            self.put(name, evidence)

    def put(self, name: str, evidence: BenchmarkEvidence) -> None:
        """Add a benchmark if it is undecided."""
        if evidence.outcome is None:
            heapq.heappush(self._waiting, self._entry(name, math.inf))

    def next(self, left_seconds: float) -> str:
        """Remove and return the most promising benchmark that is still undecided; empty if there is none.

        Args:
            left_seconds: The time that is left for all.
        """
        while self._waiting:
            *_, name = heapq.heappop(self._waiting)
            if self._benchmarks[name].outcome is not None:  # called because another one passed its error on
                continue
            # With less time left a benchmark promises less, never more: the first that is still first is the best.
            entry = self._entry(name, left_seconds)
            if not self._waiting or entry <= self._waiting[0]:
                return name
            heapq.heappush(self._waiting, entry)
        return ""

    def _entry(self, name: str, left_seconds: float) -> tuple[float, float, int, str]:
        in_time, at_all = promise(self._benchmarks[name], left_seconds)
        return -in_time, -at_all, self._numbers[name], name


def promise(evidence: BenchmarkEvidence, left_seconds: float) -> tuple[float, float]:
    """Return the probability of a conclusion per second of measuring, at the look where that is largest.

    The mean at a later look is predicted from the last one, as normal. This orders benchmarks and decides nothing.

    Args:
        evidence: That of an undecided benchmark.
        left_seconds: The time that is left for all.

    Returns:
        The largest among the looks that can be reached in that time, 0 if there are none; then the largest of all.
    """
    seconds = math.fsum(pair.seconds for pair in evidence.pairs) / len(evidence.pairs) + _TINY
    costs = {look: seconds * (look - len(evidence.confirmed)) for look in CONFIRM_LOOKS}
    rates = {look: _chance(evidence, look) / cost for look, cost in costs.items() if cost > 0}
    in_time = [rate for look, rate in rates.items() if costs[look] <= left_seconds]
    return max(in_time, default=0.0), max(rates.values())


def _chance(evidence: BenchmarkEvidence, pairs: int) -> float:
    """Return the probability that the look after so many fresh pairs ends in a conclusion."""
    assert evidence.look is not None
    seen, spread = evidence.look, evidence.look.spread + _TINY
    # The fresh pairs seen are among the later ones; those of the screen are not.
    unknown = 1 / len(seen.pairs) - 1 / pairs if seen.is_fresh else 1 / len(seen.pairs) + 1 / pairs
    error, uncertainty = spread / math.sqrt(pairs), spread * math.sqrt(unknown)
    moved = evidence.in_suspected_direction(seen.estimate).mean - normal_quantile(1 - evidence.level) * error
    certified = seen.estimate.mean + normal_quantile(CERTAINTY) * error
    return normal_tail((evidence.limit - moved) / uncertainty) + normal_tail((certified - evidence.limit) / uncertainty)
