"""Two sides' samples -> the pairs they were measured in, to be handed out again in the order they were taken.

A verdict is decided from what was recorded, also right after measuring: the server and a replay take the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from perfgate.results.records import Direction, Metric, Record, Run, Sample, SampleState
from perfgate.stats.pairs import CannotMeasure, Pair

BESIDE_TIME = "voluntary_switches"
"""Metric that says whether a benchmark waits; it decides which clock is used and is never judged itself."""

CLOCKS = ("cpu_time", "wall_time")


class NotJudged(Record, frozen=True):
    """A benchmark and metric for which there is nothing to compare."""

    label: str
    metric: str
    reason: str


class Sides(Record, frozen=True):
    """The samples of one benchmark that are judged together: one metric, or the two clocks of one measurement."""

    label: str
    metric: Metric
    base: dict[str, Sample]
    head: dict[str, Sample]
    failure: str = ""
    """Why measuring ended before a decision; the pairs until then were taken, and stay part of the suite."""

    @property
    def key(self) -> str:
        """What names these sides in `judge_suite`."""
        return key(self.label, self.metric.name)


def key(label: str, metric: str) -> str:
    """Return what names a benchmark and metric in `judge_suite`; time is named by its first clock."""
    return f"{label}\n{CLOCKS[0] if metric in CLOCKS else metric}"


def bring_together(run: Run, baseline: Run) -> tuple[list[Sides], tuple[NotJudged, ...]]:
    """Return the sides of every benchmark that was measured on both, and what has no counterpart or failed."""
    head, base = _by_benchmark(run), _by_benchmark(baseline)
    sides, not_judged = [], []
    for identity in dict.fromkeys((*head, *base)):
        ours, theirs = head.get(identity, {}), base.get(identity, {})
        name = next(iter({**ours, **theirs}))
        reason = _missing(ours, theirs)
        if reason:
            not_judged.append(NotJudged(label=identity[0], metric=name, reason=reason))
        if not reason or (ours and theirs and ours[name].rounds and theirs[name].rounds):
            sides.append(Sides(label=identity[0], metric=ours[name].metric, base=theirs, head=ours, failure=reason))
    return sides, tuple(not_judged)


def source(sides: Sequence[Sides]) -> Callable[[str], Pair]:
    """Return a function that hands out the recorded pairs of a benchmark, by `Sides.key`, one after the other."""
    pairs = {each.key: _pairs(each) for each in sides}
    failures = {each.key: each.failure for each in sides}

    def take_pair(name: str) -> Pair:
        pair = next(pairs[name], None)
        if pair is None:
            raise CannotMeasure(failures[name] or "no further pair was recorded")
        return pair

    return take_pair


def rounds(sides: Sides) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """Return what was recorded of one metric, of base and head, one round a pair; rounds without a partner are left out."""
    name = sides.metric.name
    pairs = [pair for pair in zip(sides.base[name].rounds, sides.head[name].rounds, strict=False) if all(pair)]
    return [base for base, _ in pairs], [head for _, head in pairs]


def _by_benchmark(run: Run) -> dict[tuple[str, str], dict[str, Sample]]:
    """Group samples: the clocks of one benchmark with what was counted beside them, every other metric alone."""
    groups: dict[tuple[str, str], dict[str, Sample]] = {}
    for sample in run.samples:
        name = sample.metric.name
        kind = "time" if name in {*CLOCKS, BESIDE_TIME} else name
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
            if sample.state is not SampleState.MEASURED:
                return f"{sample.state}: {sample.reason}" if sample.reason else f"{sample.state} on {side}"
    return ""


def _pairs(sides: Sides) -> Iterator[Pair]:
    name = sides.metric.name
    clock, other = CLOCKS if CLOCKS[0] in sides.head else (name, name)
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
