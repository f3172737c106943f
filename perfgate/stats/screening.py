"""Stage 1 of judging a suite: certify most benchmarks after a few pairs, suspect some, park the noisy ones."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from scipy.special import stdtr

from perfgate.stats.estimates import Estimate, Prior, normal_quantile
from perfgate.stats.evidence import CERTAINTY_WITHIN, TRIM_FROM_SCREEN, BenchmarkEvidence
from perfgate.stats.judgments import Judgment

SCREEN_LOOKS = (3, 4, 6, 8, 12)
"""Numbers of pairs after which the screen looks at the benchmarks that are still open."""

SUSPICION = 0.10
"""One-sided p-value below which a benchmark that looks slower becomes a suspect, to be confirmed or cleared by stage 2."""

LAST_SUSPICION = 0.25
"""As `SUSPICION`, at the last look of the screen, where the alternative is to leave the benchmark undecided."""

SUSPICION_OF_IMPROVEMENT = 0.02
"""As `SUSPICION`, for a benchmark that looks faster. No pull request waits for it, so the evidence must be clearer."""

FUTILE = {3: 0.5, 4: 0.4, 6: 0.3, 8: 0.3, 12: 0.0}
"""p-value of "slower" above which, after so many pairs, a benchmark that more screening cannot certify is parked."""

MIN_SUITE = 20
"""Number of benchmarks from which the suite tells what noise is usual, and whether the runner drifts."""

STILL = 0.02
"""Benchmarks whose change seems smaller than this, or than their budget, show how much the runner drifts."""


def conclude(evidence: BenchmarkEvidence, prior: Prior, widening: float, *, last: bool) -> None:
    """Certify, suspect or park one benchmark, or leave it open for another look."""
    estimate = evidence.look_at_screen(prior, widening)
    slower, faster = estimate.exceeds(evidence.limit), estimate.mirrored().exceeds(evidence.limit)
    if estimate.mean > evidence.limit and slower <= (LAST_SUSPICION if last else SUSPICION):
        evidence.suspected = +1
    elif estimate.mean < -evidence.limit and faster <= SUSPICION_OF_IMPROVEMENT:
        evidence.suspected = -1
    elif evidence.is_certified():
        evidence.outcome = Judgment.WITHIN
    else:
        evidence.is_parked = last or _is_futile(evidence, estimate, slower, prior)


def _is_futile(evidence: BenchmarkEvidence, estimate: Estimate, slower: float, prior: Prior) -> bool:
    """Return whether more pairs can hardly certify this benchmark, nor make it a suspect."""
    taken = len(evidence.screened)
    error = estimate.error * math.sqrt(taken / SCREEN_LOOKS[-1])
    if taken < TRIM_FROM_SCREEN:
        # With so few pairs a single outlier inflates the error: the suite's usual noise says what can be reached.
        if not prior.freedom:
            return False
        error = min(error, math.sqrt(prior.variance / SCREEN_LOOKS[-1]))
    at_the_end = Estimate(0.0, error, prior.freedom + SCREEN_LOOKS[-1] - 1)
    return at_the_end.bound(CERTAINTY_WITHIN) > evidence.limit and slower > FUTILE[taken]


def inflation(suite: Iterable[BenchmarkEvidence], prior: Prior) -> float | None:
    """Return λ, the robust spread of the z-scores of the benchmarks that hardly moved; None for a small suite."""
    scores = []
    for evidence in suite:
        estimate = evidence.screen_estimate(prior, 1.0)
        if abs(estimate.mean) <= max(evidence.limit, STILL) and estimate.error > 0:
            # On the normal scale: with three pairs, Student's tails alone would look like a drifting runner.
            tail = float(stdtr(estimate.freedom, -abs(estimate.mean) / estimate.error))
            scores.append(abs(normal_quantile(tail)))
    return 1.4826 * float(np.median(scores)) if len(scores) >= MIN_SUITE else None
