"""Tests of `perfgate.policy.rules.max_value`."""

from __future__ import annotations

import pytest

from perfgate.policy import Limit, Outcome
from perfgate.policy.rules.max_value import KIND
from tests.perfgate.policy.rules.observed import CONTEXT, observation

LIMIT = Limit(value=1.1, unit="s", line=4)


@pytest.mark.parametrize(("level", "outcome"), [(1.0, Outcome.PASS), (1.1, Outcome.PASS), (1.11, Outcome.FAIL)])
def test_a_level_above_the_limit_fails(level: float, outcome: Outcome) -> None:
    """The level of head may equal the limit, whatever base measured."""
    finding = KIND.judge(LIMIT, observation(candidate=level, baseline=9.0), CONTEXT)

    assert ("max", outcome, level) == (finding.rule, finding.outcome, finding.observed)
    assert ("above the largest value allowed" if outcome is Outcome.FAIL else "") == finding.reason


def test_a_limit_applies_to_its_own_unit() -> None:
    """Seconds do not limit bytes."""
    assert KIND.applies_to(LIMIT, "s")
    assert not KIND.applies_to(LIMIT, "B")


def test_the_limit_is_shown_with_its_unit() -> None:
    """A limit in seconds is shown in a readable unit."""
    finding = KIND.judge(Limit(value=0.005, unit="s", line=1), observation(), CONTEXT)

    assert "at most 5 ms" == KIND.describe(finding)
