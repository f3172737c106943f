"""Tests of `perfgate.policy.waivers`."""

from __future__ import annotations

from datetime import date

from perfgate.policy.waivers import Waiver, find_waiver


def test_a_waiver_ends_with_its_last_day() -> None:
    """The day after `until`, a waiver is no longer in force."""
    waiver = Waiver(
        benchmarks="parse", metric="time", max_regression=0.1, until=date(2027, 1, 31), owner="o", reason="r", line=1
    )

    assert waiver == find_waiver([waiver], "parse", "cpu_time", date(2027, 1, 31))
    assert None is find_waiver([waiver], "parse", "cpu_time", date(2027, 2, 1))
    assert None is find_waiver([waiver], "parse", "traced_peak", date(2027, 1, 31))


def test_the_last_of_several_holds() -> None:
    """Of two waivers for a benchmark the later one is returned."""
    first, last = (
        Waiver(
            benchmarks=benchmarks,
            metric="*",
            max_regression=0.1,
            until=date(2027, 1, 31),
            owner="o",
            reason="r",
            line=line,
        )
        for benchmarks, line in (("parse", 1), ("*", 9))
    )

    assert last == find_waiver([first, last], "parse", "cpu_time", date(2027, 1, 1))
