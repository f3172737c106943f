"""Stage 2 of judging a suite: call suspects regressed or improved, or clear them, on fresh pairs alone.

Given the suspects, the fresh pairs are independent of how the suspects were chosen. The error budget is split evenly over
the looks, and by Holm's step-down procedure over the suspects of one direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfgate.stats.estimates import Estimate
from perfgate.stats.evidence import CERTAINTY_WITHIN, TRIM_FROM_SCREEN, BenchmarkEvidence
from perfgate.stats.judgments import Judgment

CONFIRM_LOOKS = (8, 16, 32, 64)
"""Numbers of fresh pairs after which the suspects are looked at."""

CALLED = frozenset({Judgment.REGRESSED, Judgment.IMPROVED})


def conclude(suspects: Sequence[BenchmarkEvidence], level: float, widening: float, *, last: bool) -> None:
    """Look once at all suspects of one direction: call, clear or give up each of them, or leave it open.

    A suspect that is called passes its share of the error on to the others (Holm's step-down), now and at later looks.

    Args:
        suspects: All suspects of the direction, those with a conclusion among them.
        level: Probability of any false call that this look may spend.
        widening: Factor on all standard errors.
        last: Whether this is the last look.
    """
    waiting = [
        (_chance(evidence, widening), number) for number, evidence in enumerate(suspects) if evidence.outcome is None
    ]
    for chance, number in sorted(waiting):
        if chance <= level_per_suspect(suspects, level):
            suspects[number].outcome = Judgment.REGRESSED if suspects[number].suspected > 0 else Judgment.IMPROVED
    for _, number in waiting:
        if suspects[number].outcome is None:
            _clear_or_give_up(suspects[number], level_per_suspect(suspects, level), widening, last=last)


def level_per_suspect(suspects: Sequence[BenchmarkEvidence], level: float) -> float:
    """Return the level at which one of the suspects that have not been called yet is tested at one look."""
    return level / max(1, sum(evidence.outcome not in CALLED for evidence in suspects))


def _chance(evidence: BenchmarkEvidence, widening: float) -> float:
    """Return the p-value of "it did not move beyond its budget in the suspected direction"."""
    return evidence.in_suspected_direction(evidence.confirm_estimate(widening)).exceeds(evidence.limit)


def _clear_or_give_up(evidence: BenchmarkEvidence, level: float, widening: float, *, last: bool) -> None:
    estimate = evidence.confirm_estimate(widening)
    if estimate.bound(1 - (1 - CERTAINTY_WITHIN) / len(CONFIRM_LOOKS)) <= evidence.limit:
        evidence.outcome = Judgment.WITHIN
    elif last or _is_hopeless(evidence, level, widening):
        evidence.give_up(evidence.noise_reason(estimate))


def _is_hopeless(evidence: BenchmarkEvidence, level: float, widening: float) -> bool:
    """Return whether the last look would not reach *level* even if the change were one standard error larger."""
    # Trimmed from fewer pairs than usual, so that one outlier does not decide about giving up.
    estimate = evidence.in_suspected_direction(evidence.confirm_estimate(widening, trim_from=TRIM_FROM_SCREEN))
    at_the_end = estimate.error * math.sqrt(len(evidence.confirmed) / CONFIRM_LOOKS[-1])
    larger = Estimate(estimate.mean + estimate.error, at_the_end, CONFIRM_LOOKS[-1] - 1.0)
    return larger.exceeds(evidence.limit) > level
