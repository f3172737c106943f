"""Samples of two sides -> the pairs in which they were measured, in the order they were taken.

A verdict is always made from recorded pairs, also right after measuring, so that a replay gives the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from perfgate.results.records import Direction, Metric, Record, Run, Sample, SampleState
from perfgate.stats.pairs import CannotMeasure, Pair, PairsEnded

SWITCHES = "voluntary_switches"
"""Metric that tells whether a benchmark blocks; it decides which clock is judged, and is not judged itself."""

CLOCKS = ("cpu_time", "wall_time")

NEW, REMOVED = "new in head", "removed in head"


class NotJudged(Record, frozen=True):
    """A benchmark and metric that cannot be compared, and why."""

    label: str
    metric: str
    reason: str
    is_failure: bool = False
    """Whether it failed although it is on both sides: a question without an answer."""


class Sides(Record, frozen=True):
    """The samples of one benchmark that are judged together: one metric, or the two clocks of one measurement."""

    label: str
    metric: Metric
    base: dict[str, Sample]
    head: dict[str, Sample]
    failure: str = ""
    """Why measuring ended early; the pairs taken until then still inform the suite."""
    reached_limit: str = ""
    """The limit that ended measuring before it was decided, as it was recorded; empty: it was decided, or is unknown."""

    @property
    def key(self) -> str:
        """The name of these sides in `judge_suite`."""
        return key(self.label, self.metric.name)


def key(label: str, metric: str) -> str:
    """Return the name of a benchmark and metric in `judge_suite`; both clocks have one name."""
    return f"{label}\n{CLOCKS[0] if metric in CLOCKS else metric}"


def bring_together(
    run: Run, baseline: Run, is_judged: Callable[[str, str], bool] = lambda *_: True
) -> tuple[list[Sides], tuple[NotJudged, ...]]:
    """Return the benchmarks that were measured on both sides, and those that cannot be compared.

    Args:
        run: The candidate.
        baseline: What was measured beside it.
        is_judged: Tells if the metric of a label is judged; of any other metric nothing is returned.
    """
    head, base = _by_benchmark(run, is_judged), _by_benchmark(baseline, is_judged)
    sides, not_judged = [], []
    for identity in dict.fromkeys((*head, *base)):
        ours, theirs = head.get(identity, {}), base.get(identity, {})
        name = next(iter({**ours, **theirs}))
        reason = _missing(ours, theirs)
        if reason:
            is_failure = any(sample.state is SampleState.FAILED for sample in (*ours.values(), *theirs.values()))
            is_failure &= bool(ours and theirs)
            not_judged.append(NotJudged(label=identity[0], metric=name, reason=reason, is_failure=is_failure))
        if not reason or (ours and theirs and ours[name].rounds and theirs[name].rounds):
            sides.append(_sides(identity[0], name, theirs, ours, reason))
    return sides, tuple(not_judged)


def source(sides: Sequence[Sides]) -> Callable[[str], Pair]:
    """Return a function that returns the next recorded pair of a benchmark, by `Sides.key`."""
    pairs = {side.key: _pairs(side) for side in sides}
    by_key = {side.key: side for side in sides}

    def take_pair(name: str) -> Pair:
        pair = next(pairs[name], None)
        if pair is None and by_key[name].failure:
            raise CannotMeasure(by_key[name].failure)
        if pair is None:
            raise PairsEnded(by_key[name].reached_limit or "no further pair was recorded")
        return pair

    return take_pair


def rounds(sides: Sides) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """Return the recorded rounds of base and head, one a pair; rounds without a counterpart are left out."""
    name = sides.metric.name
    pairs = [pair for pair in zip(sides.base[name].rounds, sides.head[name].rounds, strict=False) if all(pair)]
    return [base for base, _ in pairs], [head for _, head in pairs]


def _by_benchmark(run: Run, is_judged: Callable[[str, str], bool]) -> dict[tuple[str, str], dict[str, Sample]]:
    """Group judged samples by label and metric; both clocks and the context switches form one group."""
    groups: dict[tuple[str, str], dict[str, Sample]] = {}
    for sample in run.samples:
        name = sample.metric.name
        kind = "time" if name in {*CLOCKS, SWITCHES} else name
        if is_judged(sample.benchmark.label, name):
            groups.setdefault((sample.benchmark.label, kind), {})[name] = sample
    return groups


def _sides(label: str, name: str, base: dict[str, Sample], head: dict[str, Sample], failure: str) -> Sides:
    limit = "" if failure else head[name].reason
    return Sides(label=label, metric=head[name].metric, base=base, head=head, failure=failure, reached_limit=limit)


def _missing(head: Mapping[str, Sample], base: Mapping[str, Sample]) -> str:
    """Return why a benchmark cannot be compared; empty if it can."""
    if not base:
        return NEW
    if not head:
        return REMOVED
    for side, samples in (("head", head), ("base", base)):
        for sample in samples.values():
            if sample.state is not SampleState.MEASURED:
                return f"{sample.state}: {sample.reason}" if sample.reason else f"{sample.state} on {side}"
    return ""


def _pairs(sides: Sides) -> Iterator[Pair]:
    name = sides.metric.name
    clock, other = CLOCKS if CLOCKS[0] in sides.head else (name, name)
    base, head = (partial(_costs, side, name, sides.metric.direction) for side in (sides.base, sides.head))
    columns = (base(clock), head(clock), base(other), head(other), _switches(sides.base), _switches(sides.head))
    for base_cpu, head_cpu, base_wall, head_wall, base_switches, head_switches in zip(*columns, strict=False):
        yield Pair(
            base_cpu=base_cpu,
            candidate_cpu=head_cpu,
            base_wall=base_wall,
            candidate_wall=head_wall,
            base_switches=base_switches,
            candidate_switches=head_switches,
            seconds=0.0,
        )


def _costs(samples: Mapping[str, Sample], name: str, direction: Direction, metric: str) -> list[NDArray[np.float64]]:
    """Return the rounds of *metric*, else of *name*; as reciprocals if more is better.

    Raises:
        CannotMeasure: A value of 0 or less, which has no ratio.
    """
    chosen = samples.get(metric) or samples[name]
    arrays = [np.asarray(values, float) for values in chosen.rounds]
    if any(not (array > 0).all() for array in arrays):
        raise CannotMeasure(f"a value of {metric} is not above 0: no ratio can be computed")
    return [np.reciprocal(array) for array in arrays] if direction is Direction.HIGHER else arrays


def _switches(samples: Mapping[str, Sample]) -> Iterator[float]:
    """Yield the mean context switches of each round, then 0 for rounds where none were recorded."""
    counted = samples.get(SWITCHES)
    yield from (float(np.mean(values)) for values in counted.rounds) if counted else ()
    yield from repeat(0.0)
