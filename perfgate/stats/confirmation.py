"""Stage 2 of judging a suite: call benchmarks regressed or improved, or clear them, on fresh pairs alone.

Given the result of the screen, the fresh pairs are independent of how the suspects were chosen. The error budget of a
direction is split evenly over all looks that may ever be taken, and by a weighted Holm procedure over its benchmarks. The
sum over looks and benchmarks bounds the error whichever of these looks are taken, in whatever order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from perfgate.stats.estimates import Estimate
from perfgate.stats.evidence import CERTAINTY_WITHIN, TRIM_FROM_SCREEN, BenchmarkEvidence
from perfgate.stats.judgments import Judgment

CONFIRM_LOOKS = (8, 16, 32, 64, 128)
"""Numbers of fresh pairs after which a benchmark is looked at. The last is the most that one gets."""

SUSPECT_LOOKS = CONFIRM_LOOKS[:-1]
"""Those that a suspect gets whatever the time that is allowed beyond the screen, unless it is hopeless."""

CERTAINTY = 1 - (1 - CERTAINTY_WITHIN) / len(CONFIRM_LOOKS)
"""One-sided confidence with which a look excludes a change beyond the budget: all looks together certify 1 % of the
benchmarks that sit exactly at it."""

UNSUSPECTED_SHARE = 0.2
"""Part of the error rate for benchmarks that are undecided and no suspects, where there are suspects."""

CALLED = frozenset({Judgment.REGRESSED, Judgment.IMPROVED})


def families(suite: Iterable[BenchmarkEvidence]) -> tuple[list[BenchmarkEvidence], list[BenchmarkEvidence]]:
    """Return what the screen left undecided: benchmarks that can be called slower, and those that can be called faster."""
    undecided = [evidence for evidence in suite if evidence.suspected or evidence.is_parked]
    slower = [evidence for evidence in undecided if evidence.suspected >= 0]
    return slower, [evidence for evidence in undecided if evidence.suspected < 0]


def share_error(family: Sequence[BenchmarkEvidence], level: float) -> None:
    """Divide the error rate of one direction among its suspects and the undecided rest, from the screen's result alone.

    Args:
        family: All benchmarks of the direction that the screen left undecided.
        level: Probability of any false call that all first looks together may spend, and all second ones, and so on.
    """
    suspects = sum(evidence.suspected != 0 for evidence in family)
    others = len(family) - suspects
    for evidence in family:
        if not (suspects and others):
            evidence.weight = 1.0
        elif evidence.suspected:
            evidence.weight = (1 - UNSUSPECTED_SHARE) / suspects
        else:
            evidence.weight = UNSUSPECTED_SHARE / others
    _set_levels(family, level)


def conclude(family: Sequence[BenchmarkEvidence], measured: Sequence[BenchmarkEvidence], level: float) -> None:
    """Call or clear those benchmarks of one direction whose last look allows it.

    A benchmark that is called passes its part of the error on to the others (Holm's step-down), now and at later looks.

    Args:
        family: All benchmarks of the direction, those with a conclusion among them.
        measured: Those of them that were just looked at.
        level: As in `share_error`.
    """
    candidates = measured
    while moved := [evidence for evidence in candidates if evidence.outcome is None and evidence.has_moved()]:
        for evidence in moved:
            evidence.outcome = Judgment.IMPROVED if evidence.suspected < 0 else Judgment.REGRESSED
        _set_levels(family, level)
        candidates = family
    for evidence in measured:
        if evidence.outcome is None and evidence.is_certified():
            evidence.outcome = Judgment.WITHIN


def _set_levels(family: Sequence[BenchmarkEvidence], level: float) -> None:
    """Set the level at which each undecided benchmark is tested at one look, as long as none of the others is called."""
    uncalled = math.fsum(evidence.weight for evidence in family if evidence.outcome not in CALLED)
    for evidence in family:
        if evidence.outcome is None:
            evidence.level = level * evidence.weight / uncalled


def is_hopeless(evidence: BenchmarkEvidence, widening: float) -> bool:
    """Return whether a suspect's last look would not call it even if the change were one standard error larger."""
    # Trimmed from fewer pairs than usual, so that one outlier does not decide about it.
    estimate = evidence.in_suspected_direction(evidence.confirm_estimate(widening, trim_from=TRIM_FROM_SCREEN))
    at_the_end = estimate.error * math.sqrt(len(evidence.confirmed) / SUSPECT_LOOKS[-1])
    larger = Estimate(estimate.mean + estimate.error, at_the_end, SUSPECT_LOOKS[-1] - 1.0)
    return larger.exceeds(evidence.limit) > evidence.level
