"""Tests of `perfgate.report.headline`."""

from __future__ import annotations

from perfgate.gate import Outcome
from perfgate.report.headline import headline
from perfgate.report.markdown import markdown
from tests.perfgate.report.shown import verdict


def test_no_verdict_is_not_a_pass() -> None:
    """A verdict without an answer says so in headline and next step."""
    assert "❔ No verdict: nothing was compared" == headline(verdict(outcome=Outcome.INCONCLUSIVE))
    text = markdown(verdict(outcome=Outcome.INCONCLUSIVE, notes=("No baseline was measured.",)))
    assert "this is no pass" in text
    assert "> No baseline was measured." in text
