"""Waivers: permissions, with an owner and an end, for a benchmark to be slower than its budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from perfgate.policy.scope import covers
from perfgate.results.records import Record


class Waiver(Record, frozen=True):
    """A permission with a ceiling, an owner, a reason and a last day."""

    benchmarks: str
    """Glob on the benchmark's label."""
    metric: str
    """Glob on the metric's name or family."""
    max_regression: float
    """Largest permitted change in the bad direction, a fraction."""
    until: date
    """Last day on which it is in force."""
    owner: str
    reason: str
    line: int
    """1-based line in the policy; 0: it was granted elsewhere."""


def find_waiver(waivers: Sequence[Waiver], label: str, metric: str, today: date) -> Waiver | None:
    """Return the last waiver in force on *today* for this benchmark and metric."""
    for waiver in reversed(waivers):
        if today <= waiver.until and covers(waiver.benchmarks, waiver.metric, label, metric):
            return waiver
    return None
