"""Pairs of live measurements, and the value of one pair.

A pair is one round: two processes alive at the same time, one of each side, whose samples alternate. Pairs are
independent of each other. The samples inside a pair are not, so all inference is over pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCKING_SWITCHES = 0.5
"""Voluntary context switches per call from which a benchmark counts as blocking and is judged on wall time.

CPU-bound code shows 0.00, a sleep 1.0, an fsync 2.8.
"""

CLOCK_TICK_SECONDS = 1e-9
"""Resolution of the clock; a sample of zero counts as one tick."""

MANY_SAMPLES = 12
"""Samples per side from which the median alone is the value of a pair; below, the ratio of the minima is averaged in."""

Samples = npt.NDArray[np.float64]


class CannotMeasure(Exception):
    """A benchmark gave no pair. Other benchmarks are not affected.

    Args:
        reason: What happened, in words a developer can act on.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PairsEnded(CannotMeasure):
    """There is no further pair of a benchmark although nothing is wrong with it: a limit of measuring was reached.

    Args:
        reason: The limit, in words that complete "it is undecided, because".
    """


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One pair: the same work, measured alternately in two live processes."""

    base_cpu: Samples
    """CPU seconds per call, shape ``(samples,)``, in the order taken; element *i* of both sides are neighbors in time."""
    candidate_cpu: Samples
    """As `base_cpu`, of the side that is judged."""
    base_wall: Samples
    """Wall seconds per call, shape ``(samples,)``."""
    candidate_wall: Samples
    """As `base_wall`, of the side that is judged."""
    base_switches: float
    """Voluntary context switches per call."""
    candidate_switches: float
    """As `base_switches`, of the side that is judged."""
    seconds: float
    """What the pair cost, process start included."""


def pair_value(pair: Pair, *, wall: bool = False) -> float:
    """Return the log ratio candidate ÷ baseline of one pair: the median over its neighboring samples.

    With fewer than `MANY_SAMPLES` samples the ratio of the minima is averaged in, which steadies the median. With many
    samples the minima would only pick rare fast moments of one side.

    >>> slow, fast = np.array([2e-3] * 12), np.array([1e-3] * 11 + [9e-3])
    >>> pair = Pair(base_cpu=fast, candidate_cpu=slow, base_wall=fast, candidate_wall=slow,
    ...             base_switches=0, candidate_switches=0, seconds=0.1)
    >>> round(float(np.exp(pair_value(pair))), 3)
    2.0
    """
    base, candidate = (pair.base_wall, pair.candidate_wall) if wall else (pair.base_cpu, pair.candidate_cpu)
    before, after = _logs(base), _logs(candidate)
    middle = float(np.median(after - before))
    return middle if len(before) >= MANY_SAMPLES else 0.5 * (middle + float(after.min() - before.min()))


def pair_middle(pair: Pair, *, wall: bool = False) -> float:
    """Return the logarithm of the level of one pair: the mean over both sides of the logarithms of their medians."""
    base, candidate = (pair.base_wall, pair.candidate_wall) if wall else (pair.base_cpu, pair.candidate_cpu)
    return float(_logs(np.array([np.median(base), np.median(candidate)])).mean())


def _logs(samples: Samples) -> Samples:
    return np.log(np.where(samples > 0, samples, CLOCK_TICK_SECONDS))
