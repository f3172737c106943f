"""Tests of `perfgate.report.false_alarms`."""

from __future__ import annotations

from perfgate.gate import FalseAlarms, Outcome
from perfgate.report.false_alarms import false_alarms, long_run_rate
from tests.perfgate.report.shown import row, verdict


def test_false_alarms_beyond_a_few_are_counted() -> None:
    """At most ten are listed, the worst first."""
    alarms = [row(f"b{i}", Outcome.PASS, exempt=True, effect=i / 100) for i in range(12)]
    lines = false_alarms(verdict(*alarms), str)

    assert "b11" in lines[0]
    assert "FALSE ALARM: 2 more." == lines[10]
    assert 11 == len(lines)


def test_the_measured_rate_has_an_honest_bound() -> None:
    """No false alarm among many has a small upper bound, not zero; without measurements there is no rate."""
    assert "" == long_run_rate(FalseAlarms())
    assert long_run_rate(FalseAlarms(judged=240)).startswith(
        "0 of 240 benchmarks that their pull request could not reach were called regressed: below 1.2 %"
    )
