"""Tests of `perfgate.report.headline`."""

from __future__ import annotations

import pytest

from perfgate.gate import NotJudged, Outcome, Verdict
from perfgate.report.headline import headline, is_worth_a_comment
from perfgate.report.markdown import markdown
from tests.perfgate.report.shown import row, verdict


def test_no_verdict_is_not_a_pass() -> None:
    """A verdict without an answer says so in headline and next step."""
    assert "❔ No verdict: nothing was compared" == headline(verdict(outcome=Outcome.INCONCLUSIVE))
    text = markdown(verdict(outcome=Outcome.INCONCLUSIVE, notes=("No baseline was measured.",)))
    assert "this is no pass" in text
    assert "> No baseline was measured." in text


def passed(within: int, *, inconclusive: int = 0, failed: int = 0, exempt: int = 0) -> Verdict:
    """A verdict that passes, with so many benchmarks of each kind."""
    rows = [row(f"w{number}", Outcome.PASS, "within") for number in range(within)]
    rows += [row(f"i{number}", Outcome.INCONCLUSIVE, "inconclusive") for number in range(inconclusive)]
    rows += [row(f"e{number}", Outcome.PASS, "within", exempt=True) for number in range(exempt)]
    missing = [
        NotJudged(label=f"f{number}", metric="cpu_time", reason="failed: ValueError", is_failure=True)
        for number in range(failed)
    ]
    missing.append(NotJudged(label="new", metric="cpu_time", reason="new in head"))
    exempts = tuple(f"e{number}" for number in range(exempt))
    return verdict(*rows, outcome=Outcome.PASS, not_judged=tuple(missing), exempt=exempts)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (passed(7, inconclusive=5), "❔ Too few answers: 7 within budget · 5 inconclusive"),
        (passed(1, failed=3), "❔ Too few answers: 1 within budget · 3 failed to run"),
        (passed(8, inconclusive=1, failed=1), "❔ Too few answers: 8 within budget · 1 inconclusive · 1 failed to run"),
        (passed(9, inconclusive=1, failed=1), "✅ 9 within budget · 1 inconclusive · 1 failed to run"),
        (passed(4), "✅ 4 within budget"),
        (
            passed(4, inconclusive=1, exempt=9),
            "❔ Too few answers: 4 within budget · 1 inconclusive · 9 not reached by the change",
        ),
    ],
)
def test_there_is_no_check_mark_while_a_fifth_has_no_answer(found: Verdict, expected: str) -> None:
    """Inconclusive benchmarks and those that failed on both sides are counted, and shown; exempt ones do not dilute."""
    assert expected == headline(found)
    assert expected in markdown(found)
    assert is_worth_a_comment([found]) == expected.startswith("❔")


def test_a_failed_metric_of_a_judged_benchmark_is_not_counted_twice() -> None:
    """A benchmark whose time was judged has an answer although its memory could not be measured."""
    missing = NotJudged(label="a", metric="traced_peak", reason="failed: out of time", is_failure=True)
    found = verdict(row("a", Outcome.PASS, "within"), outcome=Outcome.PASS, not_judged=(missing,))

    assert "✅ 1 within budget" == headline(found)


def test_failures_alone_are_counted_too() -> None:
    """Where every benchmark failed, the headline says how many."""
    missing = NotJudged(label="a", metric="cpu_time", reason="failed: ValueError", is_failure=True)

    assert "❔ No verdict: 1 failed to run" == headline(verdict(outcome=Outcome.INCONCLUSIVE, not_judged=(missing,)))
