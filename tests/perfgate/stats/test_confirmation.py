"""The error rate of one direction is never spent twice, in whatever order benchmarks are called."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.stats.confirmation import CALLED, CERTAINTY, conclude, families, share_error
from perfgate.stats.estimates import Estimate
from perfgate.stats.evidence import BenchmarkEvidence, Look
from perfgate.stats.judgments import Judgment
from perfgate.stats.pairs import Pair

LEVEL = 0.005
FLAT = np.full(4, 1e-3)
PAIR = Pair(
    base_cpu=FLAT,
    candidate_cpu=FLAT,
    base_wall=FLAT,
    candidate_wall=FLAT,
    base_switches=0.0,
    candidate_switches=0.0,
    seconds=1.0,
)


def family_of(suspects: int, others: int) -> list[BenchmarkEvidence]:
    made = [BenchmarkEvidence(0.03, suspected=+1) for _ in range(suspects)]
    made += [BenchmarkEvidence(0.03, is_parked=True) for _ in range(others)]
    share_error(made, LEVEL)
    return made


def looked_at(evidence: BenchmarkEvidence, mean: float) -> BenchmarkEvidence:
    """Give a benchmark a look at eight fresh pairs with an error of 1 %."""
    evidence.look = Look(Estimate(mean, 0.01, 1e6), (PAIR,) * 8, CERTAINTY, is_fresh=True, is_wall=False)
    return evidence


def uncalled_levels(family: list[BenchmarkEvidence]) -> float:
    return math.fsum(evidence.level for evidence in family if evidence.outcome not in CALLED)


@given(st.integers(0, 9), st.integers(0, 9), st.lists(st.integers(0, 17)))
def test_the_levels_of_a_look_sum_to_its_error_rate(suspects: int, others: int, called: list[int]) -> None:
    """Those that are not called share all of it, whichever were called before."""
    family = family_of(suspects, others)
    for number in called:
        if number < len(family):
            conclude(family, [looked_at(family[number], 0.5)], LEVEL)

    waiting = [evidence for evidence in family if evidence.outcome not in CALLED]
    assert uncalled_levels(family) == pytest.approx(LEVEL if waiting else 0.0)


def test_suspects_have_four_fifths() -> None:
    """Where there are both kinds; those of one kind share equally."""
    assert [evidence.level for evidence in family_of(2, 5)] == pytest.approx([0.4 * LEVEL] * 2 + [0.04 * LEVEL] * 5)
    assert [evidence.level for evidence in family_of(0, 4)] == pytest.approx([0.25 * LEVEL] * 4)


def test_a_call_may_call_others_that_wait() -> None:
    """A benchmark that its own share did not suffice for is called by its last look once another passes its share on."""
    first, second = family_of(2, 0)
    borderline = 0.03 + 0.01 * 2.7  # significant at the whole level of the look, not at half of it
    conclude([first, second], [looked_at(first, borderline)], LEVEL)
    before = first.outcome
    conclude([first, second], [looked_at(second, 0.5)], LEVEL)

    assert before is None
    assert [first.outcome, second.outcome] == [Judgment.REGRESSED] * 2
    assert first.interval()[0] > 0.03


def test_directions_are_separate() -> None:
    """Unsuspected benchmarks can only be called slower; decided ones are in neither direction."""
    slower, faster = BenchmarkEvidence(0.03, suspected=+1), BenchmarkEvidence(0.03, suspected=-1)
    parked, certified = BenchmarkEvidence(0.03, is_parked=True), BenchmarkEvidence(0.03, outcome=Judgment.WITHIN)

    assert families([slower, faster, parked, certified]) == ([slower, parked], [faster])
