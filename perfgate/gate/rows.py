"""Measured samples of both sides -> rows: the statistics, then the rules of the policy."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

import msgspec

from perfgate.gate import pairing
from perfgate.gate.pairing import Sides
from perfgate.gate.scale import shown_effect, tolerated_growth
from perfgate.gate.verdict import Row
from perfgate.policy.findings import SEVERITY, Finding, Observation, Outcome
from perfgate.policy.language import Budgets
from perfgate.policy.rule_kind import JudgmentContext
from perfgate.policy.rules import all_kinds
from perfgate.results import metrics
from perfgate.results.metrics import DeterministicMetric
from perfgate.results.records import Metric, Sample, level
from perfgate.stats.deterministic import disagreement, judge_counts
from perfgate.stats.judgments import BenchmarkJudgment, Judgment, SuiteJudgment
from perfgate.stats.sequential import judge_suite

NOT_GATED = "not gated: nothing it reaches differs"


def judge_sides(
    sides: Sequence[Sides], exempt: Collection[str], budgets: Budgets, context: JudgmentContext, alpha: float
) -> tuple[list[Row], float | None]:
    """Return the rows of benchmarks that were measured on one runner, and λ of that runner.

    Args:
        sides: All that was measured there; exempt benchmarks too, because they tell about the noise of the suite.
        exempt: Labels of benchmarks that are not gated.
        budgets: The limits.
        context: What rules may use besides.
        alpha: Chance of any false "regressed".
    """
    judgments = _judge_noisy(sides, budgets, alpha)
    for side in sides:
        info = metrics.deterministic(side.metric)
        if info is not None and not side.failure:
            judgments[side.key] = _judge_deterministic(side, info, _tolerated(side, budgets))
            if info.metric == metrics.INSTRUCTIONS:
                _note_disagreement(side, info, judgments)
    rows = [_row(side, judgments[side.key], budgets, context) for side in sides if not side.failure]
    return [_exempt(row) if row.label in exempt else row for row in rows], judgments.inflation


def _judge_noisy(sides: Sequence[Sides], budgets: Budgets, alpha: float) -> SuiteJudgment:
    """Judge the metrics that need many pairs, all of them together."""
    noisy = [side for side in sides if metrics.deterministic(side.metric) is None]
    return judge_suite(
        [side.key for side in noisy],
        pairing.source(noisy),
        budget={side.key: _tolerated(side, budgets) for side in noisy},
        alpha=alpha,
    )


def _tolerated(sides: Sides, budgets: Budgets) -> float:
    budget = budgets.max_regression(sides.label, sides.metric.name).value
    return tolerated_growth(budget, sides.metric.direction)


def _judge_deterministic(sides: Sides, info: DeterministicMetric, budget: float) -> BenchmarkJudgment:
    """Judge one benchmark on a deterministic metric; this spends none of the error rate."""
    base, head = pairing.rounds(sides)
    try:
        return judge_counts(
            base,
            head,
            budget=budget,
            repeatability=info.repeatability,
            judged_above=info.judged_above,
            metric=info.metric.name,
        )
    except ValueError as error:
        return BenchmarkJudgment(
            outcome=Judgment.INCONCLUSIVE,
            effect=math.nan,
            low=math.nan,
            high=math.nan,
            smallest_detectable=math.nan,
            pairs=len(base),
            seconds=0.0,
            metric=info.metric.name,
            reason=str(error),
        )


def _note_disagreement(sides: Sides, info: DeterministicMetric, judgments: SuiteJudgment) -> None:
    """Add a remark where time and instructions of a benchmark disagree, to the one that changed."""
    time = pairing.key(sides.label, pairing.CLOCKS[0])
    counted = max(_level(side[sides.metric.name]) for side in (sides.base, sides.head))
    if time not in judgments or counted <= info.judged_above:
        return
    remark = disagreement(judgments[time], judgments[sides.key])
    if remark:
        changed = max((time, sides.key), key=lambda key: judgments[key].outcome is not Judgment.WITHIN)
        reasons = filter(None, (judgments[changed].reason, remark))
        judgments[changed] = replace(judgments[changed], reason="; ".join(reasons))


def _row(sides: Sides, judgment: BenchmarkJudgment, budgets: Budgets, context: JudgmentContext) -> Row:
    metric = _judged_metric(sides, judgment)
    shown = shown_effect(judgment, metric.direction)
    baseline, candidate = shown.baseline, shown.candidate
    if baseline is None or candidate is None:  # too few pairs for a change
        baseline, candidate = _level(sides.base[metric.name]), _level(sides.head[metric.name])
    observation = Observation(
        label=sides.label,
        metric=metric.name,
        unit=metric.unit,
        direction=metric.direction,
        baseline=baseline,
        candidate=candidate,
        effect=shown.effect,
        low=shown.low,
        high=shown.high,
        judgment=str(judgment.outcome),
        reason=judgment.reason,
    )
    findings = _findings(observation, budgets, context)
    decisive = min(findings, key=lambda finding: SEVERITY.index(finding.outcome))
    return Row(
        label=observation.label,
        metric=observation.metric,
        unit=observation.unit,
        direction=observation.direction,
        outcome=decisive.outcome,
        judgment=observation.judgment,
        baseline=observation.baseline,
        candidate=observation.candidate,
        effect=observation.effect,
        low=observation.low,
        high=observation.high,
        error=judgment.error if math.isfinite(judgment.error) else None,
        smallest_detectable=shown.smallest_detectable,
        pairs=judgment.pairs,
        findings=findings,
        reason=decisive.reason,
    )


def _findings(observation: Observation, budgets: Budgets, context: JudgmentContext) -> tuple[Finding, ...]:
    """Return the findings of all rules that apply; never empty, because regressions have a default budget."""
    limits = (
        (kind, budgets.limit(kind, observation.label, observation.metric, observation.unit)) for kind in all_kinds()
    )
    return tuple(kind.judge(limit, observation, context) for kind, limit in limits if limit is not None)


def _judged_metric(sides: Sides, judgment: BenchmarkJudgment) -> Metric:
    """Return the metric that was judged: for time, the clock that the statistics chose."""
    if sides.metric.name in pairing.CLOCKS and judgment.metric in sides.head:
        return sides.head[judgment.metric].metric
    return sides.metric


def _exempt(row: Row) -> Row:
    findings = tuple(msgspec.structs.replace(finding, waiver=None) for finding in row.findings)
    return msgspec.structs.replace(row, exempt=True, outcome=Outcome.PASS, reason=NOT_GATED, findings=findings)


def _level(sample: Sample) -> float:
    assert sample.value is not None
    return level(sample.rounds) if sample.rounds else sample.value
