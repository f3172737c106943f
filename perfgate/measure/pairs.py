"""Both sides of a comparison, running: take pairs of any benchmark, and get the run."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np

from perfgate.errors import MeasurementFailed
from perfgate.measure import hygiene
from perfgate.measure.counts import deterministic
from perfgate.measure.counts.deterministic import Budget, DeterministicMetrics
from perfgate.measure.counts.probes import OUT_OF_TIME
from perfgate.measure.deadline import OutOfTime, refuse_if_over
from perfgate.measure.live import sampling
from perfgate.measure.live.agent_process import AgentProcess
from perfgate.measure.live.failures import AgentFailed, PairFailed
from perfgate.measure.live.live_suite import LiveSuite, PairConditions
from perfgate.measure.measured_benchmark import MeasuredBenchmark
from perfgate.measure.sides.side import BASE, HEAD
from perfgate.measure.suites import Suite
from perfgate.results import metrics
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Run, Sample, SampleState
from perfgate.stats.pairs import Pair

UNPINNED = (
    "this system cannot bind processes to a CPU: the two sides of a pair may run on CPUs of different speed, which"
    " makes pairs up to ten times noisier and needs many more of them"
)
"""Warning where processes cannot be pinned. The factor was measured: free against pinned pairs on a shared host."""

StageCallback = Callable[[str], None]
"""Is told, in a few words, what begins."""


class Pairs:
    """Both sides of a comparison; made by `perfgate.measure.open_pairs`."""

    def __init__(
        self,
        live: LiveSuite,
        suite: Suite,
        commits: Mapping[str, Commit],
        environments: Mapping[str, Environment],
        *,
        select: str | None,
        timeout_seconds: float,
        deterministic_metrics: DeterministicMetrics,
        removed: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.suite = suite
        """The suite that is measured."""
        self.removed = removed
        """Labels of benchmarks that only the base has, whatever is selected; they are not measured."""
        self._live = live
        self._deterministic = deterministic_metrics
        self._commits = commits
        self._environments = environments
        self._timeout_seconds = timeout_seconds
        self._notes = notes
        self._started_at = datetime.now(UTC)
        self._pair_seconds = self._sampled_seconds = 0.0
        self._measured = {item.label: MeasuredBenchmark(item) for item in live.items if item.matches(select)}

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Return the labels of the selected benchmarks that measure time, in the tool's order."""
        return tuple(label for label, measured in self._measured.items() if measured.item.is_timed)

    @property
    def others(self) -> tuple[str, ...]:
        """Return the labels of the selected benchmarks that yield one value per process: memory, tracked numbers."""
        return tuple(label for label, measured in self._measured.items() if not measured.item.is_timed)

    @property
    def metrics(self) -> dict[str, str]:
        """Return the label of each selected benchmark, and the metric that it is judged by; timed benchmarks first."""
        timed = dict.fromkeys(self.benchmarks, CPU_TIME.name)
        return timed | {label: self._measured[label].item.metric.name for label in self.others}

    @property
    def noisy(self) -> dict[str, str]:
        """Return those of `metrics` that need several pairs and statistics: times and tracked numbers."""
        return {
            label: metric
            for label, metric in self.metrics.items()
            if metrics.deterministic(self._measured[label].item.metric) is None
        }

    @property
    def overhead(self) -> float:
        """Return the share of all pairs' seconds that gave no sample: process start, set-up, trials, discarded samples.

        NaN before the first pair.
        """
        return 1 - self._sampled_seconds / self._pair_seconds if self._pair_seconds else math.nan

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return sentences on what makes the pairs taken so far doubtful or noisier; normally none."""
        return (*([] if hygiene.available_cpus() else [UNPINNED]), *self._live.warnings)

    def take(self, benchmark: str) -> Pair:
        """Measure one pair of any benchmark in `metrics`; raises as `take_pair` does, and where the time limit is over.

        For a benchmark that does not measure time, both clocks of the pair hold its one value per side.
        """
        refuse_if_over("before this pair")
        if self._measured[benchmark].item.is_timed:
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
            PairFailed: The benchmark raised, ended its process, did not answer or was skipped; the message names the
                side.
            MeasurementFailed: A side ran code that is not its own, or a process cannot be started any more.
        """
        measured = self._measured[benchmark]
        began = time.monotonic()
        try:
            pair = self._sample(measured)
        except PairFailed as failure:
            if not failure.has_raised or not self._live.retry_alone(measured.item):
                raise
            measured.failure = None
            pair = self._sample(measured)
        self._sampled_seconds += pair.seconds
        pair = replace(pair, seconds=time.monotonic() - began)
        self._pair_seconds += pair.seconds
        return pair

    def take_values(self, benchmark: str) -> tuple[float, float]:
        """Return one value of base and one of head, of a benchmark that does not measure time.

        Args:
            benchmark: One of `others`.

        Raises:
            PairFailed: As `take_pair`; or a side yields no number, or a negative one.
        """
        measured = self._measured[benchmark]
        with self._running(measured) as (agents, _):
            found = {role: self._value(agent, role, measured) for role, agent in agents.items()}
        for role, value in found.items():
            measured.values[role].append(value)
        return found[BASE], found[HEAD]

    def count(
        self,
        labels: Iterable[str],
        *,
        budget: Budget,
        memory: bool = True,
        instructions: bool = False,
        max_seconds: float = math.inf,
        progress: StageCallback | None = None,
    ) -> float:
        """Measure the deterministic metrics of each benchmark in as few pairs as needed; return the seconds spent.

        Of benchmarks that measure time: memory and instructions, as asked for. Of those that measure memory
        themselves: that. A benchmark that failed before is left out.

        Args:
            labels: Some of `metrics`, `noisy` ones included.
            budget: Label and metric to the largest tolerated growth: what surely stays within it needs one pair only.
            memory: Measure memory.
            instructions: Count instructions.
            max_seconds: Begin no benchmark after so long; the remaining ones fail with that reason.
            progress: Is told what begins.

        Raises:
            MeasurementFailed: valgrind is not installed, or a side ran code that is not its own.
        """
        began = time.monotonic()
        deadline = began + max_seconds
        selected = [measured for label in labels if (measured := self._measured[label]).failure is None]
        for measured in selected:
            self._count_own_metric(measured, budget, deadline)
        if items := [measured.item for measured in selected if measured.item.is_timed]:
            if memory:
                self._deterministic.measure_memory(items, budget, deadline=deadline, progress=progress)
            if instructions:
                self._deterministic.count_instructions(items, deadline=deadline, progress=progress)
        return time.monotonic() - began

    def run(self, reached_limits: Mapping[str, str] | None = None) -> Run:
        """Return all that was measured: the head's run with the base's as its baseline.

        Round *i* of a sample holds the measurements of pair *i* on that side. A benchmark that failed has a failed
        sample on both sides, with the reason and the rounds until then. One that was never measured has none. One that
        only the base has is a skipped sample there.

        Args:
            reached_limits: What ended measuring a benchmark before it was decided, by label: the reason of its samples.
                One without a pair is a skipped sample.
        """
        base, head = (self._side_run(role, reached_limits or {}) for role in (BASE, HEAD))
        removed = tuple(
            Sample(benchmark=Benchmark(name=label), metric=CPU_TIME, state=SampleState.SKIPPED)
            for label in self.removed
        )
        base = msgspec.structs.replace(base, samples=base.samples + removed)
        notes = (*self._notes, *self._compiled, *self.warnings)
        return msgspec.structs.replace(head, baseline=base, notes=notes)

    @property
    def _compiled(self) -> list[str]:
        """Return a sentence on the project's compiled modules that the benchmarks imported; empty if there are none."""
        names = self._live.extensions
        return [f"Compiled modules measured: {', '.join(names)}."[:MAX_TEXT_CHARACTERS]] if names else []

    def _sample(self, measured: MeasuredBenchmark) -> Pair:
        """Measure one pair and keep its recordings."""
        with self._running(measured) as (agents, number):
            timeout = measured.item.timeout_seconds or self._timeout_seconds
            if measured.plan is None:
                measured.plan = sampling.calibrate(agents, timeout)
            recordings, pair = sampling.take(
                agents, measured.plan, measured.noise, number=number, timeout_seconds=timeout
            )
        for role, recording in recordings.items():
            measured.recordings[role].append(recording)
        return pair

    def _value(self, agent: AgentProcess, role: str, measured: MeasuredBenchmark) -> float:
        agent.send(do="value")
        value = agent.expect("value", measured.item.timeout_seconds or self._timeout_seconds)["value"]
        if value is None:
            raise PairFailed(f"{role}: it yields no number")
        if not value >= 0:
            raise PairFailed(f"{role}: it yields {value}; only values of 0 and above have a ratio")
        return float(value)

    def _count_own_metric(self, measured: MeasuredBenchmark, budget: Budget, deadline: float) -> None:
        """Take pairs of a benchmark that measures memory itself until they decide, or it fails; ignore any other."""
        label, metric = measured.item.label, measured.item.metric
        is_decided = metrics.deterministic(metric) is None
        while not is_decided:
            if time.monotonic() >= deadline:
                measured.failure = PairFailed(OUT_OF_TIME)
                return
            try:
                self.take_values(label)
            except OutOfTime:
                measured.failure = PairFailed(OUT_OF_TIME)
                return
            except PairFailed:
                return
            base, head = ([[value] for value in measured.values[role]] for role in (BASE, HEAD))
            is_decided = deterministic.is_decided(metric, base, head, budget(label, metric.name))

    @contextlib.contextmanager
    def _running(self, measured: MeasuredBenchmark) -> Iterator[tuple[dict[str, AgentProcess], int]]:
        """Start a benchmark in both processes and finish it; a failure is kept, and raised as `PairFailed`."""
        number, measured.attempts = measured.attempts, measured.attempts + 1
        try:
            agents = self._live.start_benchmark(measured.item, pair_conditions(number))
            try:
                yield agents, number
            except BaseException:  # Ctrl-C, too, leaves both processes in the middle of the benchmark
                self._live.abandon()
                raise
            self._live.finish_benchmark(measured.item)
            for role, numbers in self._live.extra_info.items():
                measured.extra_info[role].append(numbers)
        except AgentFailed as failure:
            measured.failure = PairFailed.from_agents([failure])
            raise measured.failure from failure
        except PairFailed as failure:
            measured.failure = failure
            raise
        except MeasurementFailed:
            self._live.abandon()
            raise

    def _side_run(self, role: str, reached_limits: Mapping[str, str]) -> Run:
        """Return what was measured of one side."""
        samples = (
            sample
            for label, measured in self._measured.items()
            for sample in measured.samples(role, reached_limits.get(label, ""))
        )
        return Run(
            suite=self.suite.tool,
            tool=self._live.tool_version,
            commit=self._commits[role],
            environment=self._environments[role],
            started_at=self._started_at,
            samples=(*samples, *self._deterministic.samples[role].values()),
        )


def pair_conditions(number: int) -> PairConditions:
    """Return a random hash seed, and the next CPU in turn, for the *number*-th pair of a benchmark."""
    cpus = hygiene.available_cpus()
    return PairConditions(
        number=number, hash_seed=random.randrange(2**32), cpu=cpus[number % len(cpus)] if cpus else None
    )
