"""Two revisions measured as live pairs: open both sides, take pair after pair of any benchmark, get the run.

    with open_pairs(repository, base, head) as pairs:
        decisions = judge_suite(pairs.benchmarks, pairs.take_pair, budget=0.03)
        run = pairs.run()

The head's benchmarks run on both sides. A pair is two live processes of which one works at a time; both are pinned to
the same CPU, the next pair to another, and share a random hash seed, the next pair another.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from perfgate import git
from perfgate.errors import MeasurementFailed
from perfgate.measure import machine, workspaces
from perfgate.measure.counts import deterministic
from perfgate.measure.counts.deterministic import Budget, DeterministicMetrics
from perfgate.measure.counts.probes import OUT_OF_TIME
from perfgate.measure.discover import discover
from perfgate.measure.live import sampling
from perfgate.measure.live.agent_process import AgentProcess
from perfgate.measure.live.failures import AgentFailed, PairFailed
from perfgate.measure.live.items import Item
from perfgate.measure.live.live_suite import LiveSuite, PairConditions
from perfgate.measure.sides import checkout
from perfgate.measure.sides.preparation import AUTOMATIC, prepare_all
from perfgate.measure.sides.requirements import differences
from perfgate.measure.sides.side import BASE, HEAD, Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of
from perfgate.results import metrics
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import (
    CPU_TIME,
    WALL_TIME,
    Benchmark,
    Commit,
    Environment,
    Metric,
    Run,
    Sample,
    SampleState,
    level,
)
from perfgate.stats.pairs import Pair

SWITCHES = Metric(name="voluntary_switches", unit="1")
"""Voluntary context switches a call: what tells a benchmark that waits from one that computes."""

TIMEOUT_SECONDS = 60.0
"""Longest call of a benchmark that sets no time-out of its own; asv's default."""

UNPINNED = (
    "this system cannot bind processes to a CPU: the two sides of a pair may run on CPUs of different speed, which"
    " makes pairs up to ten times noisier and needs many more of them"
)
"""What is said where affinity cannot be set; the factor is measured (free against pinned pairs on a shared host)."""

Progress = Callable[[str], None]
"""Is told, in a few words, what begins."""


@dataclass
class _Track:
    """What was measured of one benchmark so far."""

    item: Item
    plan: sampling.Plan | None = None
    noise: sampling.Noise = field(default_factory=sampling.Noise)
    taken: dict[str, list[sampling.Recording]] = field(default_factory=lambda: {BASE: [], HEAD: []})
    values: dict[str, list[float]] = field(default_factory=lambda: {BASE: [], HEAD: []})
    attempts: int = 0
    failure: PairFailed | None = None


class Pairs:
    """Both sides of a comparison, live; made by `open_pairs`."""

    def __init__(
        self,
        live: LiveSuite,
        suite: Suite,
        commits: dict[str, Commit],
        measured_in: dict[str, Environment],
        *,
        select: str | None,
        timeout_seconds: float,
        deterministic_metrics: DeterministicMetrics,
    ) -> None:
        self._live = live
        self._deterministic = deterministic_metrics
        self._suite = suite
        self._commits = commits
        self._environments = measured_in
        self._timeout_seconds = timeout_seconds
        self._started_at = datetime.now(UTC)
        self.removed: tuple[str, ...] = ()
        """Labels of benchmarks that only the base had, whatever was selected: they are not measured."""
        self.notes: tuple[str, ...] = ()
        """What a reader must know about the sides' environments, one sentence each."""
        self._pair_seconds = self._sampled_seconds = 0.0
        self._tracks = {item.label: _Track(item) for item in live.items if item.matches(select)}

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Return the labels of all selected benchmarks that measure time, in the tool's order."""
        return tuple(label for label, track in self._tracks.items() if track.item.is_timed)

    @property
    def others(self) -> tuple[str, ...]:
        """Return the labels of all selected benchmarks that yield one value a process: memory, tracked numbers."""
        return tuple(label for label, track in self._tracks.items() if not track.item.is_timed)

    @property
    def metrics(self) -> dict[str, str]:
        """Return every selected benchmark's label with the name of the metric that it is judged by, first the timed."""
        timed = dict.fromkeys(self.benchmarks, CPU_TIME.name)
        return timed | {label: self._tracks[label].item.metric.name for label in self.others}

    @property
    def noisy(self) -> dict[str, str]:
        """Return those of `metrics` that need pairs and statistics: times, and tracked numbers, which may be anything."""
        return {
            label: metric
            for label, metric in self.metrics.items()
            if metrics.deterministic(self._tracks[label].item.metric) is None
        }

    @property
    def suite(self) -> Suite:
        """Return which suite is measured."""
        return self._suite

    @property
    def overhead(self) -> float:
        """Return the share of all pairs' seconds that gave no sample: process start, set-up, trials, discarded samples.

        NaN before the first pair.
        """
        return 1 - self._sampled_seconds / self._pair_seconds if self._pair_seconds else math.nan

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return sentences on what makes the pairs taken so far doubtful or noisier; none is the normal case."""
        return (*([] if _cpus() else [UNPINNED]), *self._live.warnings)

    def take(self, benchmark: str) -> Pair:
        """Measure one pair of any benchmark in `metrics`; raises as `take_pair` does.

        A benchmark that yields values rather than times fills both clocks of the pair with its one value a side.
        """
        if self._tracks[benchmark].item.is_timed:
            return self.take_pair(benchmark)
        began = time.monotonic()
        base, head = (np.array([value]) for value in self.take_values(benchmark))
        return Pair(
            base_cpu=base,
            candidate_cpu=head,
            base_wall=base,
            candidate_wall=head,
            base_switches=0.0,
            candidate_switches=0.0,
            seconds=time.monotonic() - began,
        )

    def take_pair(self, benchmark: str) -> Pair:
        """Measure one pair of a benchmark that measures time.

        Args:
            benchmark: One of `benchmarks`.

        Raises:
            PairFailed: The benchmark raised, ended its process, fell silent or was skipped, on the side named.
            MeasurementFailed: A side ran code that is not its own, or a session cannot be started any more.
        """
        track = self._tracks[benchmark]
        began = time.monotonic()
        try:
            pair = self._pair(track)
        except PairFailed as failure:
            if not failure.has_raised or not self._live.retry_alone(track.item):
                raise
            track.failure = None
            pair = self._pair(track)
        self._sampled_seconds += pair.seconds
        pair = replace(pair, seconds=time.monotonic() - began)
        self._pair_seconds += pair.seconds
        return pair

    def _pair(self, track: _Track) -> Pair:
        with self._at(track) as (agents, number):
            patience = track.item.timeout_seconds or self._timeout_seconds
            if track.plan is None:
                track.plan = sampling.calibrate(agents, patience)
            recordings, pair = sampling.take(agents, track.plan, track.noise, number=number, timeout_seconds=patience)
        for role, recording in recordings.items():
            track.taken[role].append(recording)
        return pair

    def take_values(self, benchmark: str) -> tuple[float, float]:
        """Return one value of a benchmark that is no timing, of base and head, each from a fresh process.

        Args:
            benchmark: One of `others`.

        Raises:
            PairFailed: As `take_pair`; or a side yields no number.
        """
        track = self._tracks[benchmark]
        found = {}
        with self._at(track) as (agents, _):
            for role, agent in agents.items():
                agent.send(do="value")
                value = agent.expect("value", track.item.timeout_seconds or self._timeout_seconds)["value"]
                if value is None:
                    raise PairFailed(f"{role}: it yields no number")
                if not value >= 0:
                    raise PairFailed(f"{role}: it yields {value}; only values of 0 and above have a ratio")
                found[role] = float(value)
        for role, value in found.items():
            track.values[role].append(value)
        return found[BASE], found[HEAD]

    def count(
        self,
        labels: Iterable[str],
        *,
        budget: Budget,
        memory: bool = True,
        instructions: bool = False,
        max_seconds: float = math.inf,
        progress: Progress | None = None,
    ) -> float:
        """Measure what repeats of each benchmark, as few pairs as that takes; return the seconds spent.

        Of benchmarks that measure time: memory and instructions, as asked for. Of those that measure memory
        themselves: that. One that failed before is left out.

        Args:
            labels: Some of `metrics`; those that are `noisy` by themselves are looked into all the same.
            budget: Label and metric to the largest tolerated growth: what surely keeps to it needs one pair only.
            memory: Measure memory.
            instructions: Count instructions.
            max_seconds: Begin no benchmark after so long; what is left then has failed, and says why.
            progress: Is told what begins.

        Raises:
            MeasurementFailed: valgrind is not installed, or a side ran code that is not its own.
        """
        began = time.monotonic()
        deadline = began + max_seconds
        tracks = [track for label in labels if (track := self._tracks[label]).failure is None]
        for track in tracks:
            if metrics.deterministic(track.item.metric) is not None:
                self._count_itself(track, budget, deadline)
        items = [track.item for track in tracks if track.item.is_timed]
        if memory and items:
            self._deterministic.measure_memory(items, budget, deadline=deadline, progress=progress)
        if instructions and items:
            self._deterministic.count_instructions(items, deadline=deadline, progress=progress)
        return time.monotonic() - began

    def _count_itself(self, track: _Track, budget: Budget, deadline: float) -> None:
        """Take pairs of a benchmark that measures memory itself until they decide, or it fails."""
        label, metric = track.item.label, track.item.metric
        is_decided = False
        while not is_decided:
            if time.monotonic() >= deadline:
                track.failure = PairFailed(OUT_OF_TIME)
                return
            try:
                self.take_values(label)
            except PairFailed:
                return
            base, head = ([[value] for value in track.values[role]] for role in (BASE, HEAD))
            is_decided = deterministic.is_decided(metric, base, head, budget(label, metric.name))

    def run(self, unmeasured: Mapping[str, str] | None = None) -> Run:
        """Return all that was measured: the head's run with the base's as its baseline.

        Round *i* of a sample holds the measurements of pair *i* on either side. A benchmark that failed has a failed
        sample on both sides, with the side in its reason and the rounds until then; one that was never measured has
        none. One that only the base had is a skipped sample there.

        Args:
            unmeasured: Why a benchmark was not measured although it should have been, by label: it is a skipped sample.
        """
        base, head = (self._one_run(role, unmeasured or {}) for role in (BASE, HEAD))
        gone = tuple(
            Sample(benchmark=Benchmark(name=label), metric=CPU_TIME, state=SampleState.SKIPPED)
            for label in self.removed
        )
        base = msgspec.structs.replace(base, samples=base.samples + gone)
        return msgspec.structs.replace(head, baseline=base, notes=(*self.notes, *self.warnings))

    @contextlib.contextmanager
    def _at(self, track: _Track) -> Iterator[tuple[dict[str, AgentProcess], int]]:
        """Bring both processes to a benchmark and away from it again; a failure is noted and raised as `PairFailed`."""
        number, track.attempts = track.attempts, track.attempts + 1
        try:
            agents = self._live.start_benchmark(track.item, _conditions(number))
            try:
                yield agents, number
            except BaseException:
                self._live.abandon()
                raise
            self._live.finish_benchmark(track.item)
        except AgentFailed as failure:
            track.failure = PairFailed.from_agents([failure])
            raise track.failure from failure
        except PairFailed as failure:
            track.failure = failure
            raise
        except MeasurementFailed:
            self._live.abandon()
            raise

    def _one_run(self, role: str, unmeasured: Mapping[str, str]) -> Run:
        return Run(
            suite=self._suite.tool,
            tool=self._live.tool_version,
            commit=self._commits[role],
            environment=self._environments[role],
            started_at=self._started_at,
            samples=(
                *(
                    sample
                    for label, track in self._tracks.items()
                    for sample in _samples(track, role, unmeasured.get(label, ""))
                ),
                *self._deterministic.samples[role].values(),
            ),
        )


@contextlib.contextmanager
def open_pairs(
    repository: Path,
    base: str,
    head: str,
    *,
    benchmarks: str | None = None,
    suite: str | None = None,
    select: str | None = None,
    environment_name: str | None = None,
    python: Path | None = None,
    install: str = AUTOMATIC,
    timeout_seconds: float = TIMEOUT_SECONDS,
    progress: Progress | None = None,
) -> Iterator[Pairs]:
    """Check out two revisions, prepare both sides, and give what measures pairs of them.

    Everything is made in a folder of its own and removed at the end, however the block is left; no process stays
    behind. The repository is only read.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: Revision to compare against.
        head: Revision that is judged.
        benchmarks: Revision whose benchmarks run on both sides; None: the head.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed where the head holds more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        environment_name: Name of the environment in the run; None: made from the system and the interpreter.
        python: Interpreter whose packages, the tool among them, both sides see; None: the running one.
        install: How the project comes into its side; see `perfgate.measure.sides.preparation.prepare_all`.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own.
        progress: Is told what begins.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: There is no suite, or a side cannot be built or does not start.
    """
    tell = progress or _silent
    python = (python or Path(sys.executable)).absolute()
    root = git.root(repository)
    commits = {BASE: git.commit(root, base), HEAD: git.commit(root, head)}
    with workspaces.workspace() as folder, contextlib.ExitStack() as stack:
        for role, commit in commits.items():
            tell(f"checking out {role} {commit.sha[:12]}")
            checkout.check_out(root, commit.sha, folder / role)
        origin = folder / HEAD
        if benchmarks is not None:
            origin = folder / "origin"
            checkout.check_out(root, git.resolve(root, benchmarks), origin)
        found = discover(origin, suite)
        shas = {role: commit.sha for role, commit in commits.items()}
        sides = prepare_all(shas, folder, found, repository=root, python=python, install=install, progress=tell)
        tell(f"collecting the {found.tool} suite")
        before = _labels_before(suite, found, sides[BASE], folder, timeout_seconds)
        for role in (BASE, HEAD):
            if folder / role != origin:
                checkout.copy_benchmarks(found, origin, folder / role)
        live = _open_live(found, sides, folder, timeout_seconds, stack)
        pairs = Pairs(
            live,
            found,
            commits,
            _environments(sides, environment_name),
            select=select,
            timeout_seconds=timeout_seconds,
            deterministic_metrics=DeterministicMetrics(
                sides=sides, suite=found, folder=folder, timeout_seconds=timeout_seconds
            ),
        )
        pairs.notes = tuple(_notes(sides))
        pairs.removed = tuple(sorted(before - {item.label for item in live.items}))
        yield pairs
        live.close()


def _open_live(
    suite: Suite, sides: dict[str, Side], folder: Path, timeout_seconds: float, stack: contextlib.ExitStack
) -> LiveSuite:
    live = tool_of(suite).open_live(suite, sides, folder, timeout_seconds, _conditions(0))
    stack.callback(live.abandon)
    return live


def _environments(sides: dict[str, Side], name: str | None) -> dict[str, Environment]:
    """Return what each side is measured in: one and the same, unless their packages differ."""
    base, head = sides[BASE], sides[HEAD]
    measured_in = machine.describe(name, head.python, exclude=head.project)
    is_same = differences(base.packages, head.packages) == ""
    return {
        HEAD: measured_in,
        BASE: measured_in if is_same else machine.describe(name, base.python, exclude=base.project),
    }


def _notes(sides: dict[str, Side]) -> Iterator[str]:
    """Yield what a reader must know about the sides' environments."""
    if differing := differences(sides[BASE].packages, sides[HEAD].packages):
        yield f"Dependencies differ between the sides: {differing}."[:MAX_TEXT_CHARACTERS]
    yield from dict.fromkeys(note for side in sides.values() for note in side.notes)


def _labels_before(wanted: str | None, now: Suite, side: Side, folder: Path, timeout_seconds: float) -> frozenset[str]:
    """Return the labels of the base's own benchmarks, where their files differ from the head's and can be read."""
    if all(checkout.is_same(folder / BASE / path, folder / HEAD / path) for path in now.shared):
        return frozenset()
    with contextlib.ExitStack() as stack, contextlib.suppress(MeasurementFailed):
        suite = discover(side.checkout, wanted)
        live = _open_live(suite, {BASE: side, HEAD: side}, folder, timeout_seconds, stack)
        return frozenset(item.label for item in live.items)
    return frozenset()


def _conditions(number: int) -> PairConditions:
    cpus = _cpus()
    return PairConditions(
        number=number, hash_seed=random.randrange(2**32), cpu=cpus[number % len(cpus)] if cpus else None
    )


def _cpus() -> list[int]:
    """Return the CPUs that a pair may be bound to, none where the system cannot bind."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


def _samples(track: _Track, role: str, why_not: str) -> Iterator[Sample]:
    """Yield what one side of one benchmark measured, one sample a metric; *why_not* it was not, if it should have been."""
    benchmark, is_timed = track.item.benchmark, track.item.is_timed
    taken = track.taken[role]
    rounds: dict[Metric, tuple[tuple[float, ...], ...]] = {
        CPU_TIME: tuple(tuple(one.cpu) for one in taken),
        WALL_TIME: tuple(tuple(one.wall) for one in taken),
        SWITCHES: tuple((one.switches,) for one in taken),
    }
    if not is_timed:
        rounds = {track.item.metric: tuple((value,) for value in track.values[role])}
    calls = taken[0].calls // len(taken[0].cpu) if taken else None
    for metric, measured in rounds.items():
        if track.failure is not None:
            state = SampleState.SKIPPED if track.failure.is_skip else SampleState.FAILED
            reason = track.failure.reason[:MAX_TEXT_CHARACTERS]
            yield Sample(benchmark=benchmark, metric=metric, state=state, reason=reason, rounds=measured)
        elif measured:
            yield Sample(benchmark=benchmark, metric=metric, value=level(measured), rounds=measured, calls=calls)
        elif why_not:
            yield Sample(benchmark=benchmark, metric=metric, state=SampleState.SKIPPED, reason=why_not)


def _silent(_: str) -> None:
    """Tell nobody."""
