"""What repeats of each benchmark, memory and instructions: one pair, and a few more where one does not settle it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from perfgate.measure.counts import instructions, memory, probes
from perfgate.measure.discover import Suite
from perfgate.measure.live.source import BASE, HEAD, Item
from perfgate.measure.sides.side import Side
from perfgate.results import metrics
from perfgate.results.records import Metric, Sample, SampleState, level
from perfgate.stats.deterministic import is_settled, judge_counts

PAIRS = 5
"""Pairs of a benchmark whose first one looks like a change, or is too uncertain to tell."""

Budget = Callable[[str, str], float]
"""Label and metric -> the largest tolerated growth, a fraction."""


def is_decided(metric: Metric, base: Sequence[Sequence[float]], head: Sequence[Sequence[float]], budget: float) -> bool:
    """Tell whether these pairs of a metric that repeats are enough; *base* and *head* hold one round a pair."""
    if len(base) >= PAIRS:
        return True
    known = metrics.deterministic(metric)
    assert known is not None
    decision = judge_counts(
        base, head, budget=budget, repeatability=known.repeatability, judged_above=known.judged_above
    )
    return is_settled(base, head, decision.outcome)


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Measures what repeats, and keeps it."""

    sides: Mapping[str, Side]
    """By role, prepared, with the same files of benchmarks."""
    suite: Suite
    folder: Path
    """Where processes run and write."""
    timeout_seconds: float
    """Longest call of a benchmark that sets no time-out of its own, at the usual speed."""
    samples: dict[str, dict[tuple[str, str], Sample]] = field(default_factory=lambda: {BASE: {}, HEAD: {}})
    """By role; then by label and name of the metric."""

    def take_memory(
        self, items: Sequence[Item], budget: Budget, *, deadline: float, progress: probes.Progress | None
    ) -> None:
        """Measure memory of *items*: one pair of all, then up to `PAIRS` of those which that does not settle.

        Raises:
            MeasurementFailed: A side ran code that is not its own.
        """
        measure = partial(memory.measure, timeout_seconds=self.timeout_seconds, deadline=deadline, progress=progress)
        self._keep(measure(self.sides, self.suite, items, self._room("memory")))
        for number in range(1, PAIRS):
            items = [item for item in items if self._is_open(item, budget)]
            if items:
                self._keep(measure(self.sides, self.suite, items, self._room(f"memory{number}")))

    def take_instructions(self, items: Sequence[Item], *, deadline: float, progress: probes.Progress | None) -> None:
        """Count the instructions of *items* once; the count hardly depends on the process.

        Raises:
            MeasurementFailed: valgrind is not installed, or a side ran code that is not its own.
        """
        measure = partial(
            instructions.measure, timeout_seconds=self.timeout_seconds, deadline=deadline, progress=progress
        )
        self._keep(measure(self.sides, self.suite, items, self._room("instructions")))

    def _room(self, name: str) -> Path:
        room = self.folder / name
        room.mkdir()
        return room

    def _keep(self, taken: Mapping[str, Iterable[Sample]]) -> None:
        """Add the rounds of *taken* to what is there. A benchmark that skips by itself is no news: it has no sample."""
        for role, samples in taken.items():
            for sample in samples:
                key = (sample.benchmark.label, sample.metric.name)
                earlier = self.samples[role].get(key)
                if sample.state is SampleState.MEASURED and earlier is not None:
                    rounds = earlier.rounds + sample.rounds
                    self.samples[role][key] = msgspec.structs.replace(earlier, value=level(rounds), rounds=rounds)
                elif sample.state is not SampleState.SKIPPED:
                    self.samples[role][key] = sample

    def _is_open(self, item: Item, budget: Budget) -> bool:
        for metric in memory.METRICS:
            key = (item.label, metric.name)
            base, head = self.samples[BASE].get(key), self.samples[HEAD].get(key)
            if base is None or head is None or SampleState.FAILED in {base.state, head.state}:
                continue  # what failed would fail again
            if not is_decided(metric, base.rounds, head.rounds, budget(*key)):
                return True
        return False
