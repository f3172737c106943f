"""Findings: what one rule says about one benchmark and metric."""

from __future__ import annotations

from enum import StrEnum

from perfgate.policy.waivers import Waiver
from perfgate.results.records import Direction, Record


class Outcome(StrEnum):
    """The answer of a rule, of a row and of the gate."""

    PASS = "pass"
    FAIL = "fail"
    WAIVED = "waived"
    INCONCLUSIVE = "inconclusive"


SEVERITY = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.PASS)
"""The outcome of several findings is the first of these that one of them has."""


class Limit(Record, frozen=True):
    """The limit of one rule, and where it is written."""

    value: float
    """A fraction for a change; seconds, bytes or a pure number for a value."""
    line: int
    """1-based line of the rule in the policy; 0: perfgate's default."""
    unit: str = ""
    """``s``, ``B``, or empty for a fraction or a pure number."""


class Observation(Record, frozen=True):
    """What was measured of one benchmark and metric on both sides."""

    label: str
    metric: str
    unit: str
    direction: Direction
    baseline: float
    candidate: float
    """Levels, in *unit*."""
    effect: float | None
    """Candidate ÷ baseline − 1; None if fewer than two pairs were taken."""
    low: float | None
    high: float | None
    """Ends of the interval of *effect* that decides, low ≤ high."""
    judgment: str
    """``regressed``, ``improved``, ``within`` or ``inconclusive``: the statistics, tested against the regression budget."""
    reason: str = ""
    """Why the judgment is inconclusive, or a remark on it."""

    @property
    def worsening(self) -> float | None:
        """The effect as a fraction, positive in the bad direction."""
        if self.effect is None:
            return None
        return self.effect if self.direction is Direction.LOWER else -self.effect


class Finding(Record, frozen=True):
    """What one rule says about one benchmark and metric."""

    rule: str
    """Kind of the rule: its key in a ``[[budget]]`` table."""
    limit: Limit
    observed: float | None
    """What is held against the limit, in the limit's unit; None: unknown."""
    outcome: Outcome
    low: float | None = None
    high: float | None = None
    """Ends of the interval of *observed* that decides; None: unknown."""
    reason: str = ""
    """Why it failed or is inconclusive, or a remark."""
    waiver: Waiver | None = None
    """The waiver in force, whether it was needed or not."""
