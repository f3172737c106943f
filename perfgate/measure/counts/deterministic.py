"""Deterministic metrics of each benchmark: one pair, and a few more where one pair does not decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from perfgate.measure.counts import instructions, memory
from perfgate.measure.counts.probes import Progress
from perfgate.measure.live.items import Item
from perfgate.measure.sides.side import BASE, HEAD, Side
from perfgate.measure.suites import Suite
from perfgate.results import metrics
from perfgate.results.records import Metric, Sample, SampleState, level
from perfgate.stats.deterministic import is_settled, judge_counts

MAX_PAIRS = 5
"""Pairs of a benchmark whose first pair looks like a change, or is too uncertain to decide."""

Budget = Callable[[str, str], float]
"""Returns the largest tolerated growth, as a fraction, of a label and the name of a metric."""


def is_decided(metric: Metric, base: Sequence[Sequence[float]], head: Sequence[Sequence[float]], budget: float) -> bool:
    """Tell whether these pairs of a deterministic metric are enough; *base* and *head* have one round for each pair."""
    if len(base) >= MAX_PAIRS:
        return True
    known = metrics.deterministic(metric)
    assert known is not None
    decision = judge_counts(
        base, head, budget=budget, repeatability=known.repeatability, judged_above=known.judged_above
    )
    return is_settled(base, head, decision.outcome)


@dataclass(frozen=True, kw_only=True)
class DeterministicMetrics:
    """Measures deterministic metrics of both sides and collects the samples."""

    sides: Mapping[str, Side]
    """By role, prepared, with the same benchmark files."""
    suite: Suite
    folder: Path
    """A folder in which processes run and write."""
    timeout_seconds: float
    """Longest call of a benchmark that sets no time-out of its own, at the usual speed."""
    samples: dict[str, dict[tuple[str, str], Sample]] = field(default_factory=lambda: {BASE: {}, HEAD: {}})
    """By role, then by label and name of the metric."""

    def measure_memory(
        self, items: Sequence[Item], budget: Budget, *, deadline: float, progress: Progress | None
    ) -> None:
        """Measure the memory of *items*: one pair of all, then up to `MAX_PAIRS` of those that are not decided.

        Raises:
            MeasurementFailed: A side ran code that is not its own.
        """
        measure = partial(memory.measure, timeout_seconds=self.timeout_seconds, deadline=deadline, progress=progress)
        self._add(measure(self.sides, self.suite, items, self._new_folder("memory")))
        for number in range(1, MAX_PAIRS):
            items = [item for item in items if self._is_undecided(item, budget)]
            if items:
                self._add(measure(self.sides, self.suite, items, self._new_folder(f"memory{number}")))

    def count_instructions(self, items: Sequence[Item], *, deadline: float, progress: Progress | None) -> None:
        """Count the instructions of *items* once; the count hardly depends on the process.

        Raises:
            MeasurementFailed: valgrind is not installed, or a side ran code that is not its own.
        """
        measure = partial(
            instructions.measure, timeout_seconds=self.timeout_seconds, deadline=deadline, progress=progress
        )
        self._add(measure(self.sides, self.suite, items, self._new_folder("instructions")))

    def _new_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _add(self, taken: Mapping[str, Iterable[Sample]]) -> None:
        """Add the rounds of *taken*. A benchmark that skips itself gets no sample: its times already have that state."""
        for role, samples in taken.items():
            for sample in samples:
                key = (sample.benchmark.label, sample.metric.name)
                earlier = self.samples[role].get(key)
                if sample.state is SampleState.MEASURED and earlier is not None:
                    rounds = earlier.rounds + sample.rounds
                    self.samples[role][key] = msgspec.structs.replace(earlier, value=level(rounds), rounds=rounds)
                elif sample.state is not SampleState.SKIPPED:
                    self.samples[role][key] = sample

    def _is_undecided(self, item: Item, budget: Budget) -> bool:
        for metric in memory.METRICS:
            key = (item.label, metric.name)
            base, head = self.samples[BASE].get(key), self.samples[HEAD].get(key)
            if base is None or head is None or SampleState.FAILED in {base.state, head.state}:
                continue  # a benchmark that failed would fail again
            if not is_decided(metric, base.rounds, head.rounds, budget(*key)):
                return True
        return False
