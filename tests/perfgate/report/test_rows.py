"""Tests of `perfgate.report.rows`."""

from __future__ import annotations

from perfgate.gate import Finding, Outcome
from perfgate.policy import Limit
from perfgate.report.rows import decisive_rows, limits, ordered, row_id, word
from tests.perfgate.report.shown import WAIVER, finding, row, verdict


def test_rows_that_need_attention_come_first() -> None:
    """Failed, waived, inconclusive, improved, unchanged, exempt; within these the most severe first."""
    rows = [
        row("exempt", Outcome.PASS, "regressed", exempt=True),
        row("unchanged", Outcome.PASS, "within"),
        row("improved", Outcome.PASS, "improved"),
        row("unclear", Outcome.INCONCLUSIVE, "inconclusive"),
        row("waived", Outcome.WAIVED),
        row("failed", effect=0.1),
        row("worst", effect=0.9),
    ]

    expected = ["worst", "failed", "waived", "unclear", "improved", "unchanged", "exempt"]
    assert expected == [shown.label for shown in ordered(verdict(*rows))]


def test_an_id_has_six_characters_and_depends_on_label_and_metric() -> None:
    """The id of a row stays the same from one measurement to the next."""
    assert row_id(row("a", effect=0.1)) == row_id(row("a", effect=0.2))
    assert 3 == len({row_id(row("a")), row_id(row("b")), row_id(row("a", metric="wall_time"))})
    assert 6 == len(row_id(row("\udcff")))


def test_limits_of_all_rules_are_listed() -> None:
    """The regression budget comes first; a waiver's ceiling replaces it."""
    maximum = Finding(rule="max", limit=Limit(value=0.005, unit="s", line=1), observed=1e-3, outcome=Outcome.PASS)

    assert "3 %, at most 5 ms" == limits(row("a", findings=(maximum, finding())))
    assert "20 %" == limits(row("a", findings=(finding(waiver=WAIVER),)))


def test_a_rule_of_another_version_is_shown_by_its_key() -> None:
    """A stored finding of a kind that this version does not have is shown with key and limit."""
    unknown = Finding(rule="max_growth", limit=Limit(value=2.0, line=1), observed=3.0, outcome=Outcome.FAIL)

    assert "max_growth 2" == limits(row("a", findings=(unknown,)))


def test_a_row_that_improved_says_so() -> None:
    """The word is the outcome, unless the row is faster and nothing else is wrong with it, or it is not gated."""
    rows = {
        "improved": row("a", Outcome.PASS, "improved"),
        "pass": row("a", Outcome.PASS, "within"),
        "fail": row("a", Outcome.FAIL, "improved"),
        "waived": row("a", Outcome.WAIVED),
        "inconclusive": row("a", Outcome.INCONCLUSIVE, "inconclusive"),
        "not gated": row("a", Outcome.PASS, "improved", exempt=True),
    }

    assert list(rows) == [word(shown) for shown in rows.values()]


def test_the_decisive_row_of_a_benchmark_needs_attention_most() -> None:
    """Of several metrics the worst counts; exempt benchmarks have none."""
    rows = [
        row("a", Outcome.PASS, "improved"),
        row("a", Outcome.INCONCLUSIVE, "inconclusive", metric="memory"),
        row("b", Outcome.PASS, "within"),
        row("b", Outcome.PASS, "improved", metric="memory"),
        row("c", exempt=True),
    ]

    assert {("a", "inconclusive"), ("b", "improved")} == {
        (shown.label, word(shown)) for shown in decisive_rows(verdict(*rows))
    }
