"""The time beyond the first screen goes to the benchmark that is likeliest to be decided soon."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perfgate.stats.confirmation import CERTAINTY, CONFIRM_LOOKS
from perfgate.stats.estimates import Estimate
from perfgate.stats.evidence import BenchmarkEvidence, Look
from perfgate.stats.extra_time import Queue, next_look, promise
from perfgate.stats.judgments import Judgment
from perfgate.stats.pairs import Pair

FLAT = np.full(4, 1e-3)


def undecided(mean: float, spread: float, *, fresh: int = 8, seconds: float = 1.0) -> BenchmarkEvidence:
    """Evidence after a look at so many fresh pairs, or at three pairs of the screen."""
    pair = Pair(
        base_cpu=FLAT,
        candidate_cpu=FLAT,
        base_wall=FLAT,
        candidate_wall=FLAT,
        base_switches=0.0,
        candidate_switches=0.0,
        seconds=seconds,
    )
    screened, confirmed = [pair] * 3, [pair] * fresh
    shown = confirmed or screened
    evidence = BenchmarkEvidence(math.log1p(0.03), screened, confirmed, is_parked=True, level=0.005)
    evidence.look = Look(
        Estimate(mean, spread / math.sqrt(len(shown)), len(shown) - 1.0),
        tuple(shown),
        CERTAINTY,
        is_fresh=bool(fresh),
        is_wall=False,
    )
    return evidence


def chance_by_simulation(evidence: BenchmarkEvidence, pairs: int) -> float:
    """Share of simulated continuations that are decided after so many fresh pairs, with the spread as it was seen."""
    look = evidence.look
    assert look is not None
    seen, spread = len(look.pairs), look.spread
    rng = np.random.default_rng(1)
    truth = rng.normal(look.estimate.mean, spread / math.sqrt(seen), 200_000)
    kept = seen if look.is_fresh else 0
    new = rng.normal(truth, spread / math.sqrt(pairs - kept))
    mean = (kept * look.estimate.mean + (pairs - kept) * new) / pairs
    error = spread / math.sqrt(pairs)
    return float(np.mean((mean + 2.878 * error <= evidence.limit) | (mean - 2.576 * error > evidence.limit)))


@pytest.mark.parametrize(
    ("mean", "spread", "fresh"), [(0.0, 0.05, 8), (0.01, 0.05, 0), (0.05, 0.08, 32), (0.03, 0.1, 16)]
)
def test_the_promise_is_the_chance_of_a_decision_per_second(mean: float, spread: float, fresh: int) -> None:
    """It equals the best of the later looks in a simulation."""
    evidence = undecided(mean, spread, fresh=fresh, seconds=0.5)
    later = [look for look in CONFIRM_LOOKS if look > fresh]
    expected = max(chance_by_simulation(evidence, look) / (0.5 * (look - fresh)) for look in later)

    for rate in promise(evidence, math.inf):
        assert rate == pytest.approx(expected, rel=0.02)


def test_a_look_that_time_does_not_reach_promises_nothing() -> None:
    """Less time leaves fewer looks; without any, only the second number tells benchmarks apart."""
    evidence = undecided(0.0, 0.05, fresh=8, seconds=1.0)

    assert promise(evidence, 8.1)[0] > 0.0
    assert promise(evidence, 7.9)[0] == 0.0
    assert promise(evidence, 7.9)[1] == promise(evidence, math.inf)[1]


def test_the_queue_returns_the_most_promising_first() -> None:
    """The quiet one far from the budget comes before the noisy one, the expensive one and the one at the budget."""
    benchmarks = {
        "at the budget": undecided(0.0295, 0.05),
        "noisy": undecided(0.0, 0.5),
        "expensive": undecided(0.0, 0.05, seconds=30.0),
        "quiet": undecided(0.0, 0.05),
    }
    queue = Queue(benchmarks)

    assert queue.next(math.inf) == "quiet"
    assert "expensive" not in {queue.next(100.0), queue.next(100.0)}
    assert queue.next(100.0) == "expensive"
    assert queue.next(100.0) == ""


def test_a_decided_benchmark_leaves_the_queue() -> None:
    """One that was decided while it waited is not returned, nor taken back."""
    benchmarks = {"a": undecided(0.0, 0.05), "b": undecided(0.0, 0.05)}
    queue = Queue(benchmarks)
    benchmarks["a"].outcome = Judgment.REGRESSED
    queue.put("a", benchmarks["a"])

    assert [queue.next(math.inf), queue.next(math.inf)] == ["b", ""]


def test_the_next_look_follows_the_pairs_taken() -> None:
    """A benchmark of the screen begins with the first look at fresh pairs."""
    assert [next_look(undecided(0.0, 0.1, fresh=fresh)) for fresh in (0, 8, 20, 64)] == [8, 16, 32, 128]
