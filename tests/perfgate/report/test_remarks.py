"""Tests of `perfgate.report.remarks`."""

from __future__ import annotations

from perfgate.gate import NotJudged, Outcome
from perfgate.report.headline import headline
from perfgate.report.markdown import markdown
from perfgate.report.remarks import remarks
from tests.perfgate.report.shown import counted, row, verdict


def test_the_power_of_the_comparison_is_stated() -> None:
    """The comment names the smallest detectable change."""
    assert "Smallest detectable change: 1.4 % or less in 90 % of the benchmarks" in markdown(
        verdict(row("a", Outcome.PASS, "within"))
    )


def test_unchanged_memory_is_one_line() -> None:
    """A second metric lists what changed, under its title, and counts the rest; the headline counts benchmarks."""
    said = verdict(
        *(row(f"b{i}", Outcome.PASS, "within") for i in range(3)),
        counted("b0", 0.0, Outcome.PASS, "within"),
        counted("b1", 0.04, Outcome.FAIL, "regressed"),
        counted("b2", 0.01, Outcome.PASS, "within"),
    )
    text = markdown(said)

    assert "❌ 1 benchmark beyond the budget · 2 within budget" == headline(said)
    assert "| `b1` traced memory peak | **+4.0\u00a0%**\u00a0larger [" in text
    assert "bring it back within its budget" in text
    assert "Not listed because unchanged or too small to judge: traced memory peak of 1 benchmark." in text
    assert [True, False, False] == [row.is_unremarkable for row in said.rows[3:]]


def test_deterministic_metrics_are_explained_separately() -> None:
    """Pairs and smallest detectable change are those of time only."""
    said = remarks(
        verdict(row("a", Outcome.PASS, "within"), counted("a", 0.0, Outcome.PASS, "within", smallest_detectable=0.5))
    )

    assert "Smallest detectable change: 1.4 %" in said[0]
    assert (
        "Pairs per benchmark: 8. Deterministic metrics were measured separately and spend none of that chance"
        in said[-1]
    )
    assert "traced memory peak 0.05 %" in said[-1]


def test_benchmarks_that_share_a_reason_are_named_together() -> None:
    """Benchmarks with the same reason share one line."""
    missing = tuple(NotJudged(label=f"b{i}", metric="traced_peak", reason="out of time") for i in range(9))
    said = remarks(verdict(outcome=Outcome.INCONCLUSIVE, not_judged=missing))

    assert said[0].startswith("b0 (traced memory peak), b1 (traced memory peak)")
    assert said[0].endswith("and 6 more not judged: out of time")
