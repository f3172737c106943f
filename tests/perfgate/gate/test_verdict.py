"""Tests of `perfgate.gate.verdict`."""

from __future__ import annotations

import pytest

from perfgate.gate import Outcome
from tests.perfgate.report.shown import counted, row, verdict


def test_a_finding_is_found_by_its_rule() -> None:
    """A row returns the finding of a rule kind, and None for a rule that did not apply."""
    found = row("a").finding("max_regression")

    assert found is not None
    assert 0.03 == found.limit.value
    assert None is row("a").finding("max")


@pytest.mark.parametrize(("judgment", "is_alarm"), [("regressed", True), ("improved", True), ("within", False)])
def test_a_change_of_an_exempt_benchmark_is_a_false_alarm(judgment: str, *, is_alarm: bool) -> None:
    """Only a change that was found where there can be none is a false alarm."""
    assert is_alarm == row("a", Outcome.PASS, judgment, exempt=True).is_false_alarm
    assert not row("a", Outcome.PASS, judgment).is_false_alarm


def test_exempt_rows_are_not_gated() -> None:
    """Counts and judgments leave exempt rows out."""
    found = verdict(row("a"), row("b", Outcome.PASS, exempt=True))

    assert ["a"] == [gated.label for gated in found.gated]
    assert 1 == found.count(Outcome.FAIL)
    assert 0 == found.count(Outcome.PASS)
    assert ["a"] == [gated.label for gated in found.judged("regressed")]


def test_severity_is_relative_to_the_smallest_detectable_change() -> None:
    """A change of ten times the smallest detectable one is more severe than a larger one that is twice that."""
    precise, noisy = row("a", effect=-0.1, smallest_detectable=0.01), row("b", effect=0.4, smallest_detectable=0.2)

    assert pytest.approx(10) == precise.severity
    assert pytest.approx(2) == noisy.severity
    assert 0.4 == row("c", effect=0.4, smallest_detectable=None).severity


@pytest.mark.parametrize(
    ("effect", "outcome", "judgment", "expected"),
    [
        (0.0, Outcome.PASS, "within", True),
        (0.0004, Outcome.PASS, "within", True),
        (0.01, Outcome.PASS, "within", False),
        (0.0, Outcome.FAIL, "within", False),
        (-0.2, Outcome.PASS, "improved", False),
    ],
)
def test_an_unchanged_deterministic_metric_is_unremarkable(
    effect: float, outcome: Outcome, judgment: str, *, expected: bool
) -> None:
    """It passes, and its interval includes no change."""
    assert expected == counted("a", effect, outcome, judgment).is_unremarkable


def test_a_small_deterministic_value_is_unremarkable() -> None:
    """Values too small to judge are not listed, although they changed."""
    assert counted("a", 0.5, Outcome.PASS, "within", baseline=1e3, candidate=1.5e3).is_unremarkable
    assert not row("a", Outcome.PASS, "within", effect=0.0).is_unremarkable
