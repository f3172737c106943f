"""The measured false-alarm rate of the gate, in words."""

from __future__ import annotations

from collections.abc import Callable

from perfgate.formatting import percent, share
from perfgate.gate import FalseAlarms, Verdict
from perfgate.report.headline import benchmarks
from perfgate.stats.rates import upper_bound

MAX_LISTED = 10
"""False alarms that are listed one by one."""


def false_alarms(verdict: Verdict, quoted: Callable[[str], str]) -> list[str]:
    """Return a warning for each exempt benchmark in which a change was found.

    Args:
        verdict: Whose rows.
        quoted: Quotes the name of a benchmark: ``code`` or ``plain`` of `perfgate.formatting`.
    """
    found = sorted((row for row in verdict.rows if row.is_false_alarm), key=lambda row: (-row.severity, row.label))
    lines = [
        f"FALSE ALARM: {quoted(row.label)} was called {row.judgment} ({percent(row.effect)} {row.metric}), although nothing"
        " it reaches differs. Either this is chance, or an assumption of the exemption does not hold for it."
        for row in found[:MAX_LISTED]
    ]
    return lines + ([f"FALSE ALARM: {len(found) - MAX_LISTED} more."] if len(found) > MAX_LISTED else [])


def measured_rate(counts: FalseAlarms) -> str:
    """Return how many benchmarks that the change cannot reach were called changed; empty if none was judged."""
    if not counts.judged:
        return ""
    called = f"{counts.regressed} called regressed and {counts.improved} improved"
    return (
        f"Of {benchmarks(counts.judged)} that this change cannot reach and that were measured,"
        f" {called if counts.regressed or counts.improved else 'none was called regressed or improved'}."
    )


def long_run_rate(counts: FalseAlarms) -> str:
    """Return the false-alarm rate of many verdicts together, with its upper bound; empty if none was measured."""
    if not counts.judged:
        return ""
    most = share(upper_bound(counts.regressed, counts.judged), digits=2)
    return (
        f"{counts.regressed:,} of {counts.judged:,} benchmarks that their pull request could not reach"
        f" {'was' if counts.regressed == 1 else 'were'} called regressed: below {most} with 95 % confidence."
        f" {counts.improved:,} {'was' if counts.improved == 1 else 'were'} called improved."
    )
