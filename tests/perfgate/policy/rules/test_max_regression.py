"""Tests of `perfgate.policy.rules.max_regression`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from perfgate.policy import Limit, Outcome, Waiver
from perfgate.policy.rules.max_regression import KIND
from perfgate.results.records import Direction
from tests.perfgate.policy.rules.observed import CONTEXT, observation, waiver

LIMIT = Limit(value=0.03, line=4)


@pytest.mark.parametrize(
    ("judgment", "outcome"),
    [
        ("regressed", Outcome.FAIL),
        ("improved", Outcome.PASS),
        ("within", Outcome.PASS),
        ("inconclusive", Outcome.INCONCLUSIVE),
    ],
)
def test_the_judgment_decides(judgment: str, outcome: Outcome) -> None:
    """Without a waiver the outcome follows from the judgment, with its reason."""
    finding = KIND.judge(LIMIT, observation(judgment=judgment, reason="why"), CONTEXT)

    assert (outcome, "why", LIMIT, 0.1) == (finding.outcome, finding.reason, finding.limit, finding.observed)


@pytest.mark.parametrize(
    ("given", "outcome", "reason"),
    [
        (waiver(0.11), Outcome.WAIVED, "exact"),
        (waiver(0.1), Outcome.WAIVED, "exact"),
        (waiver(0.09), Outcome.FAIL, "beyond the waiver's ceiling (line 7)"),
        (waiver(0.09, line=0), Outcome.FAIL, "beyond the waiver's ceiling (by Ada)"),
        (waiver(0.2, until=date(2026, 11, 20)), Outcome.FAIL, ""),
    ],
    ids=["above", "equal", "below", "granted in a comment", "expired"],
)
def test_a_waiver_holds_up_to_its_ceiling_until_its_last_day(given: Waiver, outcome: Outcome, reason: str) -> None:
    """A regression of at most the ceiling is waived; beyond it, or after the last day, it fails."""
    finding = KIND.judge(LIMIT, observation(), replace(CONTEXT, waivers=(given,)))

    assert (outcome, reason) == (finding.outcome, finding.reason)


def test_a_waiver_is_held_against_the_change_in_the_bad_direction() -> None:
    """Where more is better, a fall of 10 % is covered by a ceiling of 10 %, not by one of 9 %."""
    fall = observation(direction=Direction.HIGHER, effect=-0.1)

    assert Outcome.WAIVED == KIND.judge(LIMIT, fall, replace(CONTEXT, waivers=(waiver(0.1),))).outcome
    assert Outcome.FAIL == KIND.judge(LIMIT, fall, replace(CONTEXT, waivers=(waiver(0.09),))).outcome


def test_the_ceiling_is_shown_instead_of_the_budget() -> None:
    """With a waiver in force the allowed change is its ceiling."""
    assert "3 %" == KIND.describe(KIND.judge(LIMIT, observation(), CONTEXT))
    assert "20 %" == KIND.describe(KIND.judge(LIMIT, observation(), replace(CONTEXT, waivers=(waiver(0.2),))))
