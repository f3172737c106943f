"""The gate: two sides measured together + policy + date -> one verdict. The only place that decides.

Whoever asks (the command line, the server, a replay) hands over a `Run` that carries its baseline and the policy in
force there, and gets the same `Verdict`. The check's title, the comment, the terminal, the exit code and the web page
only render it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from perfgate import policy
from perfgate.policy import Budgets, Limit, Waiver
from perfgate.records import Commit, Direction, Metric, Record, Run, Sample, State, level
from perfgate.stats.sequential import CannotMeasure, Decision, Pair, judge_suite

ALPHA = 0.05
"""Chance, over the whole suite, that unchanged code is called regressed."""

BESIDE_TIME = "voluntary_switches"
"""Metric that says whether a benchmark waits; it decides which clock is used and is never judged itself."""

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

    @property
    def severity(self) -> float:
        """How far the effect stands out: its size over the smallest detectable one."""
        size = abs(self.effect or 0.0)
        return size / self.smallest_detectable if self.smallest_detectable else size


class NotJudged(Record, frozen=True):
    """A benchmark and metric for which there is nothing to compare."""

    label: str
    metric: str
    reason: str


class Verdict(Record, frozen=True):
    """The gate's one answer."""

    outcome: Outcome
    suite: str
    head: Commit
    base: Commit | None = None
    rows: tuple[Row, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    """Added, removed and failed benchmarks."""
    environment: str = ""
    notes: tuple[str, ...] = ()
    """What a reader must know about how this came about, one sentence each."""
    alpha: float = ALPHA
    policy_path: str = ""
    """Empty: perfgate's defaults."""
    policy_revision: str = ""
    pull_request: int | None = None

    def count(self, outcome: Outcome) -> int:
        """Return how many rows have *outcome*."""
        return sum(row.outcome is outcome for row in self.rows)

    def judged(self, judgement: str) -> tuple[Row, ...]:
        """Return the rows of one judgement, the most severe first."""
        return tuple(sorted((r for r in self.rows if r.judgement == judgement), key=lambda r: -r.severity))


def judge(run: Run, *, today: date, alpha: float = ALPHA) -> Verdict:
    """Judge a run against the baseline that was measured beside it.

    Args:
        run: The candidate, with `Run.baseline` and, where the repository has one, `Run.policy`.
        today: Decides which waivers hold.
        alpha: Chance of any false "regressed" in the whole suite.

    Raises:
        InvalidPolicy: The policy cannot be obeyed.
    """
    budgets = policy.read(run.policy)
    notes = list(_notes(run))
    why_not = _incomparable(run)
    if why_not or run.baseline is None:
        return _verdict(run, budgets, (), (), (*notes, why_not), alpha)
    pairs, not_judged = _paired(run, run.baseline)
    rows = _rows(pairs, budgets, today, alpha)
    if not rows:
        notes.append("Nothing was compared: no benchmark was measured on both sides.")
    return _verdict(run, budgets, rows, not_judged, notes, alpha)


def _verdict(
    run: Run,
    budgets: Budgets,
    rows: tuple[Row, ...],
    not_judged: tuple[NotJudged, ...],
    notes: list[str] | tuple[str, ...],
    alpha: float,
) -> Verdict:
    return Verdict(
        outcome=_overall([row.outcome for row in rows]),
        suite=run.suite,
        head=run.commit,
        base=run.baseline.commit if run.baseline else None,
        rows=rows,
        not_judged=not_judged,
        environment=run.environment.name,
        notes=tuple(note for note in notes if note),
        alpha=alpha,
        policy_path=budgets.path if run.policy else "",
        policy_revision=budgets.revision,
        pull_request=run.pull_request,
    )


def _overall(outcomes: list[Outcome]) -> Outcome:
    """Return the suite's outcome: one failure fails it, and answers that are all missing make no answer."""
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
    if run.commit.dirty:
        yield "Head held uncommitted changes."
    if run.refused:
        yield f"{len(run.refused)} parts of the result file could not be read."


class _Sides(Record, frozen=True):
    """The samples of one benchmark that are judged together: one metric, or the two clocks of one measurement."""

    label: str
    metric: Metric
    base: dict[str, Sample]
    head: dict[str, Sample]

    @property
    def key(self) -> str:
        return f"{self.label}\n{self.metric.name}"


def _paired(run: Run, baseline: Run) -> tuple[list[_Sides], tuple[NotJudged, ...]]:
    """Bring the two sides' samples together, and list what has no counterpart."""
    head, base = _by_benchmark(run), _by_benchmark(baseline)
    sides, not_judged = [], []
    for key in dict.fromkeys((*head, *base)):
        ours, theirs = head.get(key, {}), base.get(key, {})
        name = next(iter({**ours, **theirs}))
        reason = _missing(ours, theirs)
        if reason:
            not_judged.append(NotJudged(label=key[0], metric=name, reason=reason))
        else:
            sides.append(_Sides(label=key[0], metric=ours[name].metric, base=theirs, head=ours))
    return sides, tuple(not_judged)


def _by_benchmark(run: Run) -> dict[tuple[str, str], dict[str, Sample]]:
    """Group samples: the clocks of one benchmark with what was counted beside them, every other metric alone."""
    groups: dict[tuple[str, str], dict[str, Sample]] = {}
    for sample in run.samples:
        name = sample.metric.name
        kind = "time" if name in {"cpu_time", "wall_time", BESIDE_TIME} else name
        groups.setdefault((sample.benchmark.label, kind), {})[name] = sample
    return groups


def _missing(head: Mapping[str, Sample], base: Mapping[str, Sample]) -> str:
    """Return why one benchmark cannot be compared, empty if it can."""
    if not base:
        return "new in head"
    if not head:
        return "removed in head"
    for side, samples in (("head", head), ("base", base)):
        for sample in samples.values():
            if sample.state is not State.MEASURED:
                return f"{sample.state}: {sample.reason}" if sample.reason else f"{sample.state} on {side}"
    return ""


def _rows(sides: list[_Sides], budgets: Budgets, today: date, alpha: float) -> tuple[Row, ...]:
    by_key = {each.key: each for each in sides}
    allowed = {key: budgets.max_regression(each.label, each.metric.name) for key, each in by_key.items()}
    decisions = judge_suite(
        list(by_key),
        _recorded(by_key),
        budget={key: limit.value for key, limit in allowed.items()},
        alpha=alpha,
    )
    return tuple(_row(each, decisions[key], allowed[key], budgets, today) for key, each in by_key.items())


def _recorded(sides: Mapping[str, _Sides]) -> Callable[[str], Pair]:
    """Return a function that hands out the recorded pairs of a benchmark one after the other."""
    pairs = {key: _pairs(each) for key, each in sides.items()}

    def take_pair(key: str) -> Pair:
        pair = next(pairs[key], None)
        if pair is None:
            raise CannotMeasure("no further pair was recorded")
        return pair

    return take_pair


def _pairs(sides: _Sides) -> Iterator[Pair]:
    name = sides.metric.name
    clock, other = ("cpu_time", "wall_time") if "cpu_time" in sides.head else (name, name)
    flip = sides.metric.direction is Direction.HIGHER

    def rounds(samples: Mapping[str, Sample], metric: str) -> list[NDArray[np.float64]]:
        chosen = samples.get(metric) or samples[name]
        arrays = [np.asarray(one_round, float) for one_round in chosen.rounds]
        return [np.reciprocal(array) for array in arrays] if flip else arrays

    def switches(samples: Mapping[str, Sample]) -> Iterator[float]:
        counted = samples.get(BESIDE_TIME)
        yield from (float(np.mean(one_round)) for one_round in counted.rounds) if counted else ()
        while True:
            yield 0.0

    for base_cpu, head_cpu, base_wall, head_wall, base_switches, head_switches in zip(
        rounds(sides.base, clock), rounds(sides.head, clock), rounds(sides.base, other), rounds(sides.head, other),
        switches(sides.base), switches(sides.head), strict=False,
    ):  # fmt: skip
        yield Pair(
            base_cpu=base_cpu,
            candidate_cpu=head_cpu,
            base_wall=base_wall,
            candidate_wall=head_wall,
            base_switches=base_switches,
            candidate_switches=head_switches,
            seconds=0.0,
        )


def _row(sides: _Sides, decision: Decision, allowed: Limit, budgets: Budgets, today: date) -> Row:
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
    decision: Decision, candidate: float, max_value: Limit | None, waiver: Waiver | None
) -> tuple[Outcome, str]:
    """Return the outcome of one row and what else a reader must know of it."""
    if max_value is not None and candidate > max_value.value:
        return Outcome.FAIL, "above the largest value allowed"
    if decision.outcome == "regressed":
        worse = decision.effect
        if waiver is not None and worse <= waiver.max_regression:
            return Outcome.WAIVED, waiver.reason
        if waiver is not None:
            return Outcome.FAIL, f"beyond the waiver's ceiling (line {waiver.line})"
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
        not each.reason.startswith("new") for each in verdict.not_judged
    )
    return 3 if verdict.outcome is Outcome.INCONCLUSIVE or (strict and unanswered) else 0
