"""Measure two revisions side by side and judge them: what ``perfgate check`` does, for any program.

    from perfgate.check import CheckOptions, check

    checked = check(Path("."), "main", "HEAD", options=CheckOptions(select="*parse*"))
    print(checked.verdict.outcome, checked.cost.seconds)

No signal handler is installed, no thread, process or temporary folder is left behind, and Ctrl-C ends it at any point.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final, Literal

import msgspec

from perfgate import gate, git, policy
from perfgate.errors import MeasurementFailed
from perfgate.gate import Verdict, pairing
from perfgate.gate.scale import tolerated_growth
from perfgate.measure import Pairs, forecast, machine, open_pairs
from perfgate.measure.counts.instructions import find_valgrind
from perfgate.measure.deadline import seconds_left, time_limit
from perfgate.measure.discover import discover
from perfgate.measure.options import MeasureOptions
from perfgate.measure.progress import MeasurementProgress, PairProgress, ProgressCallback, ignore, report_stages
from perfgate.measure.reach import exemption
from perfgate.measure.reach.exemption import Exemption
from perfgate.measure.sides.checkout import check_out
from perfgate.measure.workspaces import workspace
from perfgate.policy import Budgets
from perfgate.results import shards
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Direction, Policy, Run, Shard
from perfgate.stats.judgments import SuiteJudgment
from perfgate.stats.sequential import judge_suite

TRACING_SHARE = 0.5
"""Part of the time budget after which the base is not traced any further, so that time for pairs is left."""

POLICY_OF_BASE: Final = "base"
"""Judge by the policy that stands at the base, so that a change cannot loosen its own budget."""


class CheckScope(StrEnum):
    """Which benchmarks are measured, and which of them are gated."""

    GATE_AFFECTED = "gate-affected"
    """Measure all; gate those that the change can reach. The base is traced once to find them."""
    MEASURE_AFFECTED = "measure-affected"
    """Measure and gate only those that the change can reach."""
    GATE_ALL = "gate-all"
    """Measure and gate all; nothing is traced."""


@dataclass(frozen=True, kw_only=True)
class CheckOptions(MeasureOptions):
    """How two revisions are measured and judged."""

    scope: CheckScope = CheckScope.GATE_AFFECTED
    shard: tuple[int, int] | None = None
    """(number, count): measure only that part of the suite, counted from 1; None: all of it."""
    memory: bool = True
    """Measure memory beside time."""
    instructions: bool = False
    """Count instructions with valgrind, too."""
    time_budget_seconds: float | None = None
    """End after so long, builds and tracing included; what is undecided then is inconclusive."""
    rules: Policy | Literal["base"] | None = POLICY_OF_BASE
    """The policy to judge by; None: perfgate's defaults."""
    pull_request: int | None = None
    """Number noted in the run."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the whole check took, in seconds and pairs."""

    benchmarks: int
    """How many were measured in pairs."""
    pairs: int
    """Pairs of all of them together."""
    seconds: float
    """Time from start to end: installing, collecting and tracing included."""
    pair_seconds: float
    """Time that the pairs took."""
    count_seconds: float
    """Time that the deterministic metrics took."""
    forecast_pair_seconds: float | None = None
    """What `perfgate doctor` expected a pair to take when it ran last; None: it did not."""
    fixed_pairs: int = 16
    """Pairs of every benchmark that a design without early stopping needs to find what this one finds."""

    @property
    def other_seconds(self) -> float:
        """Return the time that neither pairs nor deterministic metrics took: installing, collecting, tracing."""
        return max(0.0, self.seconds - self.pair_seconds - self.count_seconds)

    @property
    def fixed_seconds(self) -> float | None:
        """Return the time that *fixed_pairs* of each benchmark would have taken; None if no pair was taken."""
        return self.pair_seconds / self.pairs * self.fixed_pairs * self.benchmarks if self.pairs else None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The result of `check`."""

    run: Run
    """The measurements of head, with those of base as its baseline."""
    verdict: Verdict
    """The verdict on *run*; `perfgate.gate.judge` gives the same from the saved run."""
    cost: Cost


def check(
    repository: Path,
    base: str,
    head: str = "HEAD",
    *,
    options: CheckOptions | None = None,
    progress: ProgressCallback | None = None,
) -> Checked:
    """Return the verdict on *head*, measured side by side with *base*.

    Both revisions are checked out elsewhere; the repository is only read.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: Revision to compare against.
        head: Revision to judge.
        options: What is measured and how; None: the defaults.
        progress: Is told what is being done.

    Raises:
        InvalidInput: There is no such repository or revision, or the policy cannot be read.
        MeasurementFailed: There is no suite, or a side cannot be built or does not start. A retry cannot help.
    """
    began = time.monotonic()
    options, report = options or CheckOptions(), progress or ignore
    if options.instructions:
        find_valgrind()  # fail before time is spent on other measurements
    root = git.root(repository)
    rules = _rules(root, base, options)
    measured: tuple[Run, Cost] | None = None
    stage = ""

    def noted(progress: MeasurementProgress) -> None:
        nonlocal stage
        stage = progress.stage
        report(progress)

    with time_limit(options.time_budget_seconds):
        try:
            for result in _measurements(root, base, head, policy.read(rules), options, noted):
                measured = result  # it stays if the sides fail to end in time
        except MeasurementFailed:
            if seconds_left():
                raise
            measured = measured or _nothing_measured(root, base, head, options, stage)
    assert measured is not None
    run, cost = measured
    run = msgspec.structs.replace(run, policy=rules, pull_request=options.pull_request)
    verdict = gate.judge(run, today=datetime.now(UTC).date())
    return Checked(run=run, verdict=verdict, cost=replace(cost, seconds=time.monotonic() - began))


def _measurements(
    root: Path, base: str, head: str, budgets: Budgets, options: CheckOptions, report: ProgressCallback
) -> Iterator[tuple[Run, Cost]]:
    """Yield what was measured, once, before the sides are ended."""
    untouched = _exemption(root, base, head, options, report)
    with open_pairs(
        root,
        base,
        head,
        suite=options.suite,
        select=options.select,
        environment_name=options.environment,
        install=options.install,
        python=options.python,
        progress=report_stages(report),
    ) as pairs:
        yield _measure(pairs, untouched, budgets, options, report)


def _nothing_measured(root: Path, base: str, head: str, options: CheckOptions, stage: str) -> tuple[Run, Cost]:
    """Return a run without measurements, which says that preparing took all the time, *stage* at last."""
    environment, suite = machine.describe(options.environment), _name_of_suite(root, head, options.suite)
    sides = [
        Run(
            suite=suite,
            tool="",
            commit=git.commit(root, revision),
            environment=environment,
            started_at=datetime.now(UTC),
            samples=(),
        )
        for revision in (base, head)
    ]
    note = (
        f"Nothing was measured: building and collecting took all of the time budget of {options.time_budget_seconds:g} s,"
        f" which ended while {stage or 'starting'}. Allow more."
    )[:MAX_TEXT_CHARACTERS]
    run = msgspec.structs.replace(sides[1], baseline=sides[0], notes=(note,))
    return run, Cost(benchmarks=0, pairs=0, seconds=0.0, pair_seconds=0.0, count_seconds=0.0)


def _name_of_suite(root: Path, revision: str, wanted: str | None) -> str:
    """Return the name under which the suite of a revision is judged and stored."""
    with workspace() as folder:
        check_out(root, git.resolve(root, revision), folder / "checkout")
        return discover(folder / "checkout", wanted).tool


def _rules(root: Path, base: str, options: CheckOptions) -> Policy | None:
    """Return the policy to judge by."""
    if options.rules != POLICY_OF_BASE:
        return options.rules
    sha = git.resolve(root, base)
    return policy.find(partial(git.read_file, root, sha), revision=sha)


def _exemption(root: Path, base: str, head: str, options: CheckOptions, report: ProgressCallback) -> Exemption:
    """Return which benchmarks the change cannot reach; none where all are gated."""
    if options.scope is CheckScope.GATE_ALL:
        return Exemption(labels=frozenset(), notes=(), assumptions=())
    limit = options.time_budget_seconds
    with time_limit(None if limit is None else limit * TRACING_SHARE, "the part of the time budget for tracing"):
        return exemption.find(
            root,
            base,
            head,
            suite=options.suite,
            select=options.select,
            install=options.install,
            python=options.python,
            progress=report_stages(report),
        )


@dataclass(frozen=True, kw_only=True)
class _Selection:
    """Which benchmarks of a suite are measured."""

    parts: tuple[Shard, ...]
    """The part of the suite that is measured; empty: all of it."""
    exempt: tuple[str, ...]
    """Labels that the change cannot reach."""
    measured: tuple[str, ...]
    noisy: Mapping[str, str]
    """Those of *measured* that are judged from pairs: key to label."""


def _select(pairs: Pairs, untouched: Exemption, options: CheckOptions) -> _Selection:
    """Return what is measured under *options*."""
    parts = (shards.split(pairs.metrics, *options.shard),) if options.shard else ()
    labels = parts[0].labels if parts else tuple(pairs.metrics)
    exempt = tuple(label for label in labels if label in untouched.labels)
    skipped = exempt if options.scope is CheckScope.MEASURE_AFFECTED else ()
    measured = tuple(label for label in labels if label not in skipped)
    noisy = {pairing.key(label, pairs.noisy[label]): label for label in measured if label in pairs.noisy}
    return _Selection(parts=parts, exempt=exempt, measured=measured, noisy=noisy)


def _measure(
    pairs: Pairs, untouched: Exemption, budgets: Budgets, options: CheckOptions, report: ProgressCallback
) -> tuple[Run, Cost]:
    """Return what was measured of the selected benchmarks, and what that took."""
    selected = _select(pairs, untouched, options)
    noisy = selected.noisy
    max_seconds = None if options.time_budget_seconds is None else seconds_left()
    judged = _judge(pairs, noisy, budgets, gate.alpha_of(selected.parts), max_seconds, report)
    pair_seconds = math.fsum(judgment.seconds for judgment in judged.values())
    count_seconds = _count(pairs, selected.measured, budgets, options, report)
    # A benchmark that was not measured for lack of time must not look like one that does not exist.
    run = pairs.run({noisy[key]: judgment.reached_limit for key, judgment in judged.items()})
    run = msgspec.structs.replace(
        run,
        exempt=selected.exempt,
        assumptions=untouched.assumptions if selected.exempt else (),
        notes=(*run.notes, *filter(None, [judged.time_note]), *untouched.notes),
        shards=selected.parts,
    )
    taken = sum(judgment.pairs for judgment in judged.values())
    return run, Cost(
        benchmarks=len(judged),
        pairs=taken,
        seconds=pair_seconds + count_seconds,
        pair_seconds=pair_seconds,
        count_seconds=count_seconds,
        forecast_pair_seconds=forecast.kept(),
    )


def _judge(
    pairs: Pairs,
    noisy: Mapping[str, str],
    budgets: Budgets,
    alpha: float,
    max_seconds: float | None,
    report: ProgressCallback,
) -> SuiteJudgment:
    """Take pairs of the *noisy* benchmarks (key to label) until each is decided, and return what was decided.

    *max_seconds* is for the progress only: `Pairs.take` itself ends with the time limit.
    """
    observer = PairProgress(report, noisy, max_seconds)
    return judge_suite(
        list(noisy),
        observer.observing(lambda key: pairs.take(noisy[key])),
        budget={
            key: tolerated_growth(budgets.max_regression(label, pairs.noisy[label]).value, Direction.LOWER)
            for key, label in noisy.items()
        },
        alpha=alpha,
        watch=observer.begin_pass,
    )


def _count(
    pairs: Pairs,
    labels: Sequence[str],
    budgets: Budgets,
    options: CheckOptions,
    report: ProgressCallback,
) -> float:
    """Measure the deterministic metrics in the time that is left; return the seconds that took."""
    return pairs.count(
        labels,
        budget=lambda label, metric: tolerated_growth(budgets.max_regression(label, metric).value, Direction.LOWER),
        memory=options.memory,
        instructions=options.instructions,
        max_seconds=seconds_left(),
        progress=report_stages(report),
    )
