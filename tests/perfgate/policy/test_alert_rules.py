"""Tests of `perfgate.policy.alert_rules`."""

from __future__ import annotations

import pytest

from perfgate import policy
from perfgate.errors import InvalidPolicy
from perfgate.results.records import Policy


def test_missing_keys_have_their_defaults() -> None:
    """A key that the table [alerts] does not set has its default."""
    rules = policy.read(Policy(text='[alerts]\nconfirm = "points"\npoints = 4')).alerts

    assert ("points", 4, 5, "perfgate.yml") == (rules.confirm, rules.points, rules.per_day, rules.workflow)
    assert policy.AlertRules() == policy.read(None).alerts


BUDGET = "[[budget]]\nmax = 1\n"


@pytest.mark.parametrize(
    "line",
    ['confirm = "perhaps"', "points = 0", "per_day = -1", 'workflow = "../../x.yml"', 'workflow = "x"', "pionts = 4"],
)
def test_invalid_alert_rules_are_refused(line: str) -> None:
    """An unknown key and an invalid value are errors with the line of the table."""
    with pytest.raises(InvalidPolicy) as refused:
        policy.read(Policy(text=f"{BUDGET}[alerts]\n{line}\n"))

    assert 3 == refused.value.line
