"""What live pairs measured of one benchmark so far, and the samples that it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from perfgate.measure.live import sampling
from perfgate.measure.live.failures import PairFailed
from perfgate.measure.live.items import Item
from perfgate.measure.sides.side import BASE, HEAD
from perfgate.results import metrics
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import CPU_TIME, WALL_TIME, Metric, Sample, SampleState, level

SWITCHES = Metric(name="voluntary_switches", unit="1")
"""Voluntary context switches per call, which tell a benchmark that waits from one that computes."""

Rounds = tuple[tuple[float, ...], ...]
"""One tuple of measurements per pair."""


@dataclass
class MeasuredBenchmark:
    """One benchmark, the pairs taken of it, and its failure, if any."""

    item: Item
    plan: sampling.Plan | None = None
    noise: sampling.Noise = field(default_factory=sampling.Noise)
    recordings: dict[str, list[sampling.Recording]] = field(default_factory=lambda: {BASE: [], HEAD: []})
    """Of a benchmark that measures time: one recording per pair, by role."""
    values: dict[str, list[float]] = field(default_factory=lambda: {BASE: [], HEAD: []})
    """Of any other benchmark: one value per pair, by role."""
    extra_info: dict[str, list[dict[str, float]]] = field(default_factory=lambda: {BASE: [], HEAD: []})
    """Numbers that a test keeps in ``benchmark.extra_info``: one dictionary per pair, by role."""
    attempts: int = 0
    """Pairs that were begun."""
    failure: PairFailed | None = None

    def samples(self, role: str, reached_limit: str = "") -> Iterator[Sample]:
        """Yield one sample per metric of one side.

        Args:
            role: The side.
            reached_limit: What ended measuring before the benchmark was decided; empty: it was decided, or not asked for.
        """
        recordings = self.recordings[role]
        calls = recordings[0].calls // len(recordings[0].cpu) if recordings else None
        for metric, rounds in self._rounds(role).items():
            if self.failure is not None:
                yield self._failed(self.failure, metric, rounds)
            elif rounds:
                yield Sample(
                    benchmark=self.item.benchmark,
                    metric=metric,
                    value=level(rounds),
                    rounds=rounds,
                    calls=calls,
                    reason=reached_limit,
                )
            elif reached_limit:
                yield Sample(
                    benchmark=self.item.benchmark, metric=metric, state=SampleState.SKIPPED, reason=reached_limit
                )

        if self.failure is None:
            yield from self._extra_samples(role)

    def _extra_samples(self, role: str) -> Iterator[Sample]:
        """Yield one sample for each number that the test kept in every pair; it says nothing of unit and direction."""
        kept = self.extra_info[role]
        for key in dict.fromkeys(chain.from_iterable(kept)):
            metric = metrics.extra_info(key)
            rounds = tuple((numbers[key],) for numbers in kept if key in numbers)
            if metric is not None and len(rounds) == len(kept):
                yield Sample(benchmark=self.item.benchmark, metric=metric, value=level(rounds), rounds=rounds)

    def _rounds(self, role: str) -> Mapping[Metric, Rounds]:
        if not self.item.is_timed:
            return {self.item.metric: tuple((value,) for value in self.values[role])}
        recordings = self.recordings[role]
        return {
            CPU_TIME: tuple(tuple(recording.cpu) for recording in recordings),
            WALL_TIME: tuple(tuple(recording.wall) for recording in recordings),
            SWITCHES: tuple((recording.switches,) for recording in recordings),
        }

    def _failed(self, failure: PairFailed, metric: Metric, rounds: Rounds) -> Sample:
        return Sample(
            benchmark=self.item.benchmark,
            metric=metric,
            state=SampleState.SKIPPED if failure.is_skip else SampleState.FAILED,
            reason=failure.reason[:MAX_TEXT_CHARACTERS],
            rounds=rounds,
        )
