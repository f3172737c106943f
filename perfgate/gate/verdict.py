"""The verdict: one row for each benchmark and metric, each with the findings of the rules that apply."""

from __future__ import annotations

import math

from perfgate.gate.pairing import NotJudged
from perfgate.policy.findings import Finding, Outcome
from perfgate.policy.waivers import Waiver
from perfgate.results import metrics
from perfgate.results.metrics import DeterministicMetric
from perfgate.results.records import Commit, Direction, Record
from perfgate.stats.judgments import Judgment

ALPHA = 0.05
"""Chance, over the whole suite, that unchanged code is called regressed."""

NORMAL_QUANTILE = 1.959964
"""Standard errors on either side of a 95 % interval."""

CHANGED = frozenset({Judgment.REGRESSED, Judgment.IMPROVED})


class Row(Record, frozen=True):
    """The gate's answer for one benchmark and metric."""

    label: str
    metric: str
    unit: str
    direction: Direction
    outcome: Outcome
    """The most severe outcome of its findings; an exempt row passes."""
    judgment: str
    """``regressed``, ``improved``, ``within`` or ``inconclusive``: what the statistics say."""
    baseline: float
    candidate: float
    """Levels, in *unit*, of the pairs that the effect comes from: candidate = baseline × (1 + effect)."""
    effect: float | None
    """Candidate ÷ baseline − 1; None if fewer than two pairs were taken."""
    low: float | None
    high: float | None
    """Ends of the interval that decides: regressed if and only if all of it is beyond the budget, within or improved if
    and only if none of it is. None if no pairs could decide."""
    error: float | None = None
    """Standard error of the logarithm of 1 + effect; None: unknown."""
    smallest_detectable: float | None = None
    """The effect that this comparison would have detected with probability 0.9, a fraction."""
    pairs: int = 0
    findings: tuple[Finding, ...] = ()
    """One for each rule that applies, in the order of `perfgate.policy.rules`."""
    reason: str = ""
    """Of the finding that decided, or why the row is not gated."""
    exempt: bool = False
    """Nothing that the benchmark reaches differs: it passes whatever the judgment."""

    def finding(self, rule: str) -> Finding | None:
        """Return the finding of one rule kind; None if the rule did not apply."""
        return next((finding for finding in self.findings if finding.rule == rule), None)

    @property
    def confidence_interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the effect; None: unknown. It is narrower than the interval that decides."""
        if self.effect is not None and self.error is not None and self.effect > -1:
            middle, half = math.log1p(self.effect), NORMAL_QUANTILE * self.error
            return math.expm1(middle - half), math.expm1(middle + half)
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def max_regression(self) -> float:
        """The largest tolerated change in the bad direction, a fraction."""
        finding = self.finding("max_regression")
        return finding.limit.value if finding else 0.0

    @property
    def waiver(self) -> Waiver | None:
        """The waiver in force for one of its findings."""
        return next((finding.waiver for finding in self.findings if finding.waiver), None)

    @property
    def is_false_alarm(self) -> bool:
        """Whether a change was found where there can be none."""
        return self.exempt and self.judgment in CHANGED

    @property
    def deterministic(self) -> DeterministicMetric | None:
        """Facts about the metric if one pair decides it; None: it is noisy, and was judged by statistics."""
        return metrics.find_deterministic(self.metric, self.unit, self.direction)

    @property
    def is_unremarkable(self) -> bool:
        """Whether a deterministic metric passes, and is too small to judge or did not move."""
        info = self.deterministic
        if info is None or self.outcome is not Outcome.PASS or self.judgment != Judgment.WITHIN:
            return False
        is_small = max(self.baseline, self.candidate) <= info.judged_above
        return is_small or (self.low or 0.0) <= 0.0 <= (self.high or 0.0)

    @property
    def severity(self) -> float:
        """The size of the effect relative to the smallest detectable one."""
        size = abs(self.effect or 0.0)
        return size / self.smallest_detectable if self.smallest_detectable else size


class FalseAlarms(Record, frozen=True, omit_defaults=False):
    """What became of the exempt benchmarks that were measured: how often unchanged code was called changed."""

    judged: int = 0
    """Exempt benchmarks with an answer; an inconclusive one could not be a false alarm."""
    regressed: int = 0
    """How many of them were called regressed."""
    improved: int = 0
    """How many of them were called improved."""


class Verdict(Record, frozen=True):
    """The gate's answer."""

    outcome: Outcome
    suite: str
    head: Commit
    base: Commit | None = None
    rows: tuple[Row, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    """Added, removed and failed benchmarks."""
    exempt: tuple[str, ...] = ()
    """Labels of benchmarks that the change cannot reach; they are not gated."""
    assumptions: tuple[str, ...] = ()
    """What the exemption assumes, one sentence each."""
    false_alarms: FalseAlarms = FalseAlarms()
    missing_shards: str = ""
    """Parts of the suite that are not measured yet: ``2, 3 of 3``; empty: it is complete."""
    environment: str = ""
    notes: tuple[str, ...] = ()
    """What a reader must know about how the verdict was made, one sentence each."""
    alpha: float = ALPHA
    inflation: float | None = None
    """λ of the noisiest runner: by how much benchmarks that hardly changed differ more than their pairs explain; None:
    too few benchmarks to tell."""
    policy_path: str = ""
    """Empty: perfgate's defaults."""
    policy_revision: str = ""
    pull_request: int | None = None

    @property
    def gated(self) -> tuple[Row, ...]:
        """The rows that decide the outcome."""
        return tuple(row for row in self.rows if not row.exempt)

    def count(self, outcome: Outcome) -> int:
        """Return how many gated rows have *outcome*."""
        return sum(row.outcome is outcome for row in self.gated)

    def judged(self, judgment: str) -> tuple[Row, ...]:
        """Return the gated rows of one judgment, the most severe first."""
        return tuple(sorted((row for row in self.gated if row.judgment == judgment), key=lambda row: -row.severity))
