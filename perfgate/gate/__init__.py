"""The gate: two sides measured together + policy + date -> one verdict. The only place that decides.

Whoever asks (the command line, the server, a replay) hands over a `Run` that carries its baseline and the policy in
force there, and gets the same `Verdict`. The check's title, the comment, the terminal, the exit code and the web page
only render it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

import msgspec

from perfgate import policy
from perfgate.formatting import share
from perfgate.gate import pairing
from perfgate.gate.pairing import NotJudged, Sides
from perfgate.policy import Budgets, Limit, Waiver
from perfgate.results import metrics, shards
from perfgate.results.metrics import DeterministicMetric
from perfgate.results.records import Commit, Direction, Record, Run, Sample, Shard, level
from perfgate.stats.deterministic import disagreement, judge_counts
from perfgate.stats.judgments import MAX_INFLATION, BenchmarkJudgment, Judgment, SuiteJudgment
from perfgate.stats.sequential import judge_suite

ALPHA = 0.05
"""Chance, over the whole suite, that unchanged code is called regressed."""

MAY_DIFFER = frozenset({"dependencies"})
"""Environment fields in which head may differ from base: a bumped dependency is part of the change under test."""


class Outcome(StrEnum):
    """What the gate says."""

    PASS = "pass"
    FAIL = "fail"
    WAIVED = "waived"
    INCONCLUSIVE = "inconclusive"


class Row(Record, frozen=True):
    """The gate's answer for one benchmark and metric."""

    label: str
    metric: str
    unit: str
    direction: Direction
    outcome: Outcome
    judgement: str
    """``regressed``, ``improved``, ``within`` or ``inconclusive``: what the statistics alone say."""
    baseline: float
    candidate: float
    """Levels, in *unit*."""
    effect: float | None
    """Candidate ÷ baseline − 1; None where fewer than two pairs were taken."""
    low: float | None
    high: float | None
    """Ends of the 95 % confidence interval of the effect."""
    allowed: Limit
    """Largest tolerated change in the bad direction."""
    max_value: Limit | None = None
    """Largest tolerated value."""
    smallest_detectable: float | None = None
    """The effect that this comparison would have seen with probability 0.9."""
    pairs: int = 0
    reason: str = ""
    """Why there is no answer, or what else decided."""
    waiver: Waiver | None = None
    exempt: bool = False
    """Nothing that the benchmark reaches differs: it passes whatever the judgement."""

    @property
    def is_false_alarm(self) -> bool:
        """Whether a change was found where there can be none."""
        return self.exempt and self.judgement in {"regressed", "improved"}

    @property
    def repeating(self) -> DeterministicMetric | None:
        """How well the metric repeats; None: it is noisy, and was judged by statistics."""
        return metrics.find_deterministic(self.metric, self.unit, self.direction)

    @property
    def is_still(self) -> bool:
        """Whether there is nothing to tell of a metric that repeats: it passes, and is small or did not really move."""
        known = self.repeating
        if known is None or self.outcome is not Outcome.PASS or self.judgement != Judgment.WITHIN:
            return False
        is_small = max(self.baseline, self.candidate) <= known.judged_above
        return is_small or (self.low or 0.0) <= 0.0 <= (self.high or 0.0)

    @property
    def severity(self) -> float:
        """How far the effect stands out: its size over the smallest detectable one."""
        size = abs(self.effect or 0.0)
        return size / self.smallest_detectable if self.smallest_detectable else size


class FalseAlarms(Record, frozen=True, omit_defaults=False):
    """How often unchanged code was called changed: what became of the exempt benchmarks that were measured."""

    judged: int = 0
    """Benchmarks that nothing in the change can reach and that got an answer; an inconclusive one was in no danger."""
    regressed: int = 0
    """How many of them were called regressed."""
    improved: int = 0
    """How many of them were called improved."""


class Verdict(Record, frozen=True):
    """The gate's one answer."""

    outcome: Outcome
    suite: str
    head: Commit
    base: Commit | None = None
    rows: tuple[Row, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    """Added, removed and failed benchmarks."""
    exempt: tuple[str, ...] = ()
    """Labels of benchmarks that nothing in this change can reach; they are not gated."""
    assumptions: tuple[str, ...] = ()
    """What `exempt` takes for granted, one sentence each."""
    false_alarms: FalseAlarms = FalseAlarms()
    missing_shards: str = ""
    """Which parts of the suite were not measured yet: ``2, 3 of 3``; empty: it is whole."""
    environment: str = ""
    notes: tuple[str, ...] = ()
    """What a reader must know about how this came about, one sentence each."""
    alpha: float = ALPHA
    inflation: float | None = None
    """λ: how many times as much benchmarks that hardly changed differ as their pairs explain, of the loudest runner;
    None: too few benchmarks to tell."""
    policy_path: str = ""
    """Empty: perfgate's defaults."""
    policy_revision: str = ""
    pull_request: int | None = None

    @property
    def gated(self) -> tuple[Row, ...]:
        """Return the rows that the outcome is made of."""
        return tuple(row for row in self.rows if not row.exempt)

    def count(self, outcome: Outcome) -> int:
        """Return how many gated rows have *outcome*."""
        return sum(row.outcome is outcome for row in self.gated)

    def judged(self, judgement: str) -> tuple[Row, ...]:
        """Return the gated rows of one judgement, the most severe first."""
        return tuple(sorted((r for r in self.gated if r.judgement == judgement), key=lambda r: -r.severity))


def judge(run: Run, *, today: date, alpha: float = ALPHA, waivers: Sequence[Waiver] = ()) -> Verdict:
    """Judge a run against the baseline that was measured beside it.

    Args:
        run: The candidate, with `Run.baseline` and, where the repository has one, `Run.policy`.
        today: Decides which waivers hold.
        alpha: Chance of any false "regressed" in the whole suite.
        waivers: Permissions besides those of the policy, which they precede; the last that covers a row holds.

    Raises:
        InvalidPolicy: The policy cannot be obeyed.
    """
    budgets = policy.read(run.policy)
    budgets = msgspec.structs.replace(budgets, waivers=(*budgets.waivers, *waivers))
    notes = list(_notes(run))
    why_not = _incomparable(run)
    if why_not or run.baseline is None:
        return _verdict(run, budgets, (), (), (*notes, why_not), alpha)
    sides, not_judged = pairing.bring_together(run, run.baseline)
    rows: list[Row] = []
    inflations = []
    for runner, part in _parts(run, sides):
        found, decisions = _rows(part, frozenset(run.exempt), budgets, today, alpha_of(run.shards, alpha))
        rows += found
        if decisions.inflation is None:
            continue
        inflations.append(decisions.inflation)
        if decisions.inflation > MAX_INFLATION:
            notes.append(
                f"{runner} drifts: benchmarks that hardly changed differ {decisions.inflation:.1f} times as much as"
                " their pairs explain. All intervals were widened by that."
            )
    if not rows and not run.exempt:
        notes.append("Nothing was compared: no benchmark was measured on both sides.")
    verdict = _verdict(run, budgets, tuple(rows), not_judged, notes, alpha)
    return msgspec.structs.replace(verdict, inflation=max(inflations, default=None))


def alpha_of(parts: Sequence[Shard], alpha: float = ALPHA) -> float:
    """Return what one part of a suite may spend of the whole suite's *alpha*.

    Parts are measured, screened and confirmed apart, each with a prior and a λ of its own. With equal shares the chance
    of a false "regressed" in any of them is at most *alpha*, and what a part decided when it was measured stays decided
    when all are joined: no part needs pairs that it did not take.
    """
    return alpha / parts[0].count if parts else alpha


def _parts(run: Run, sides: Sequence[Sides]) -> Iterator[tuple[str, list[Sides]]]:
    """Yield what was measured and is judged together, and what to call its runner."""
    if not run.shards:
        yield "This runner", list(sides)
    for shard in run.shards:
        labels = frozenset(shard.labels)
        runner = f"The runner of shard {shard.number} of {shard.count}"
        yield runner, [each for each in sides if each.label in labels]


def _verdict(
    run: Run,
    budgets: Budgets,
    rows: tuple[Row, ...],
    not_judged: tuple[NotJudged, ...],
    notes: list[str] | tuple[str, ...],
    alpha: float,
) -> Verdict:
    exempt = frozenset(run.exempt)
    missing = ", ".join(map(str, shards.missing(run)))
    is_untouched = bool(exempt) and not _incomparable(run) and all(each.label in exempt for each in not_judged)
    outcome = _overall([row.outcome for row in rows if not row.exempt], is_untouched=is_untouched)
    return Verdict(
        outcome=Outcome.INCONCLUSIVE if missing and outcome is not Outcome.FAIL else outcome,
        suite=run.suite,
        head=run.commit,
        base=run.baseline.commit if run.baseline else None,
        rows=rows,
        not_judged=not_judged,
        exempt=run.exempt,
        assumptions=run.assumptions,
        false_alarms=_false_alarms(rows),
        missing_shards=f"{missing} of {run.shards[0].count}" if missing else "",
        environment=run.environment.name,
        notes=tuple(note for note in notes if note),
        alpha=alpha,
        policy_path=budgets.path if run.policy else "",
        policy_revision=budgets.revision,
        pull_request=run.pull_request,
    )


def _false_alarms(rows: Sequence[Row]) -> FalseAlarms:
    """Count exempt benchmarks, each once, however many metrics it has."""

    def labels(*judgements: str) -> int:
        return len({row.label for row in rows if row.exempt and row.judgement in judgements})

    return FalseAlarms(
        judged=labels("regressed", "improved", "within"), regressed=labels("regressed"), improved=labels("improved")
    )


def _overall(outcomes: list[Outcome], *, is_untouched: bool) -> Outcome:
    """Return the suite's outcome: one failure fails it, and answers that are all missing make no answer.

    Args:
        is_untouched: The change reaches no benchmark at all; with nothing to compare, that is an answer.
    """
    if not outcomes and is_untouched:
        return Outcome.PASS
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    if all(outcome is Outcome.INCONCLUSIVE for outcome in outcomes):
        return Outcome.INCONCLUSIVE
    return Outcome.WAIVED if Outcome.WAIVED in outcomes else Outcome.PASS


def _incomparable(run: Run) -> str:
    """Return why the two sides may not be compared, empty if they may."""
    if run.baseline is None:
        return "No baseline was measured beside this run."
    differing = run.environment.differences(run.baseline.environment)
    parts = [f"{name}: {theirs!r} and {ours!r}" for name, (ours, theirs) in differing.items() if name not in MAY_DIFFER]
    return f"Base and head were measured in different environments ({'; '.join(parts)})." if parts else ""


def _notes(run: Run) -> Iterator[str]:
    if run.baseline and "dependencies" in run.environment.differences(run.baseline.environment):
        yield "Base and head have different dependencies installed; their effect is part of what was measured."
    yield from run.notes
    if run.shards:
        count = run.shards[0].count
        yield (
            f"The suite was measured in {count} shards, each judged by itself with {share(1 / count, digits=2)} of the"
            " chance of a false alarm."
        )
    if missing := shards.missing(run):
        named = f"Shard {missing[0]}" if len(missing) == 1 else f"Shards {', '.join(map(str, missing))}"
        yield (
            f"{named} of {run.shards[0].count} {'is' if len(missing) == 1 else 'are'} not here: this is no verdict on"
            " the whole suite. Join the result files of all shards with perfgate merge."
        )
    if run.commit.dirty:
        yield "Head held uncommitted changes."
    if run.refused:
        yield f"{len(run.refused)} parts of the result file could not be read."


def _rows(
    sides: Sequence[Sides], exempt: Collection[str], budgets: Budgets, today: date, alpha: float
) -> tuple[list[Row], SuiteJudgment]:
    """Judge what was measured together; exempt benchmarks too, for they steady what the suite tells of its noise."""
    by_key = {each.key: each for each in sides}
    allowed = {key: budgets.max_regression(each.label, each.metric.name) for key, each in by_key.items()}
    repeating = {key: metrics.deterministic(each.metric) for key, each in by_key.items()}
    noisy = [each for each in sides if repeating[each.key] is None]
    decisions = judge_suite(
        [each.key for each in noisy],
        pairing.source(noisy),
        budget={each.key: allowed[each.key].value for each in noisy},
        alpha=alpha,
    )
    for key, each in by_key.items():
        known = repeating[key]
        if known is not None and not each.failure:
            decisions[key] = _counted(each, known, allowed[key].value)
            if known.metric == metrics.INSTRUCTIONS:
                _note_disagreement(each, known, decisions)
    rows = [
        _row(each, decisions[key], allowed[key], budgets, today) for key, each in by_key.items() if not each.failure
    ]
    return [_not_gated(row) if row.label in exempt else row for row in rows], decisions


def _not_gated(row: Row) -> Row:
    return msgspec.structs.replace(
        row, exempt=True, outcome=Outcome.PASS, reason="not gated: nothing it reaches differs", waiver=None
    )


def _counted(sides: Sides, known: DeterministicMetric, budget: float) -> BenchmarkJudgment:
    """Decide one benchmark on a metric that repeats: no chance is spent on it."""
    base, head = pairing.rounds(sides)
    name = known.metric.name
    try:
        return judge_counts(
            base,
            head,
            budget=budget,
            repeatability=known.repeatability,
            judged_above=known.judged_above,
            metric=name,
        )
    except ValueError as error:
        unknown = dict.fromkeys(("effect", "low", "high", "smallest_detectable"), math.nan)
        return BenchmarkJudgment(
            outcome=Judgment.INCONCLUSIVE, pairs=len(base), seconds=0.0, metric=name, reason=str(error), **unknown
        )


def _note_disagreement(sides: Sides, known: DeterministicMetric, decisions: SuiteJudgment) -> None:
    """Where time and instructions of a benchmark come to different ends, say so beside the one that moved."""
    time = pairing.key(sides.label, pairing.CLOCKS[0])
    counted = max(_level(side[sides.metric.name]) for side in (sides.base, sides.head))
    if time not in decisions or counted <= known.judged_above:
        return
    said = disagreement(decisions[time], decisions[sides.key])
    if said:
        moved = max((time, sides.key), key=lambda key: decisions[key].outcome is not Judgment.WITHIN)
        decisions[moved] = replace(decisions[moved], reason="; ".join(filter(None, (decisions[moved].reason, said))))


def _row(sides: Sides, decision: BenchmarkJudgment, allowed: Limit, budgets: Budgets, today: date) -> Row:
    metric = sides.metric
    if decision.metric in sides.head and metric.name in {"cpu_time", "wall_time"}:
        metric = sides.head[decision.metric].metric
    baseline, candidate = sides.base[metric.name], sides.head[metric.name]
    effect, low, high = _finite(decision.effect), _finite(decision.low), _finite(decision.high)
    if metric.direction is Direction.HIGHER:
        effect, low, high = (None if end is None else 1 / (1 + end) - 1 for end in (effect, high, low))
    max_value = budgets.max_value(sides.label, metric.name, metric.unit)
    head_level = _level(candidate)
    waiver = budgets.waiver(sides.label, metric.name, today)
    outcome, reason = _outcome(decision, head_level, max_value, waiver)
    return Row(
        label=sides.label,
        metric=metric.name,
        unit=metric.unit,
        direction=metric.direction,
        outcome=outcome,
        judgement=str(decision.outcome),
        baseline=_level(baseline),
        candidate=head_level,
        effect=effect,
        low=low,
        high=high,
        allowed=allowed,
        max_value=max_value,
        smallest_detectable=_finite(decision.smallest_detectable),
        pairs=decision.pairs,
        reason=reason,
        waiver=waiver,
    )


def _level(sample: Sample) -> float:
    assert sample.value is not None
    return level(sample.rounds) if sample.rounds else sample.value


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _outcome(
    decision: BenchmarkJudgment, candidate: float, max_value: Limit | None, waiver: Waiver | None
) -> tuple[Outcome, str]:
    """Return the outcome of one row and what else a reader must know of it."""
    if max_value is not None and candidate > max_value.value:
        return Outcome.FAIL, "above the largest value allowed"
    if decision.outcome == "regressed":
        worse = decision.effect
        if waiver is not None and worse <= waiver.max_regression:
            return Outcome.WAIVED, waiver.reason
        if waiver is not None:
            return (
                Outcome.FAIL,
                f"beyond the waiver's ceiling ({f'line {waiver.line}' if waiver.line else f'by {waiver.owner}'})",
            )
        return Outcome.FAIL, decision.reason
    if decision.outcome == "inconclusive":
        return Outcome.INCONCLUSIVE, decision.reason
    return Outcome.PASS, decision.reason


def exit_code(verdict: Verdict, *, strict: bool = False) -> int:
    """Return the process exit code: 0 pass or waived, 1 budget broken, 3 undecidable.

    Args:
        strict: Also return 3 where some benchmark, though not all, stayed without an answer.
    """
    if verdict.outcome is Outcome.FAIL:
        return 1
    unanswered = verdict.count(Outcome.INCONCLUSIVE) or any(
        not each.reason.startswith("new") and each.label not in verdict.exempt for each in verdict.not_judged
    )
    return 3 if verdict.outcome is Outcome.INCONCLUSIVE or (strict and unanswered) else 0
