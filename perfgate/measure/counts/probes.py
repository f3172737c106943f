"""Measure deterministic metrics of each benchmark on both sides: what memory and instructions have in common.

Both sides run at the same time, because nothing here is timed. Each benchmark gets a process of its own, forked from one
that has only imported or collected the suite. That takes about half as long as starting a process for each benchmark,
and an earlier benchmark does not affect a later one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from perfgate.measure.counts.probe_session import ItemResult, Probe, ProbeSession
from perfgate.measure.live.agent_process import GRACE_SECONDS
from perfgate.measure.live.items import Item
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Benchmark, Metric, Sample, SampleState, level

Progress = Callable[[str], None]
"""Called with a description of each step."""

OUT_OF_TIME = "the time budget was spent before this benchmark; allow more"


def measure_items(
    sides: Mapping[str, Side],
    suite: Suite,
    items: Sequence[Item],
    folder: Path,
    *,
    probe: Probe,
    timeout_seconds: float,
    deadline: float = math.inf,
    progress: Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return a sample of one round for each benchmark and metric of each side, in the order of *items*.

    A benchmark that fails on one side has failed samples on both, with the side in the reason; the others are not
    affected.

    Args:
        sides: Both sides, by role, prepared, with the same benchmark files.
        suite: The suite.
        items: What to measure, in the tool's own order.
        folder: A folder in which processes run and write.
        probe: How to measure.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own, at the usual speed.
        deadline: Time of the monotonic clock at which the remaining benchmarks fail.
        progress: Called with a description of each step.

    Raises:
        MeasurementFailed: A side ran code that is not its own.
    """
    session = ProbeSession(sides, suite, folder, probe, timeout_seconds)
    samples: dict[str, list[Sample]] = {role: [] for role in sides}
    try:
        for index, item in enumerate(items):
            if progress:
                progress(f"{probe.name} of {item.label} ({index + 1} of {len(items)})")
            is_late = time.monotonic() >= deadline
            result = ItemResult(reason=OUT_OF_TIME) if is_late else session.measure(item, items[index + 1 :])
            for role, taken in samples.items():
                taken.extend(_samples(item.benchmark, probe.metrics, result, role))
        session.stop(GRACE_SECONDS)
    finally:
        session.stop(0.0)
    return {role: tuple(taken) for role, taken in samples.items()}


def _samples(benchmark: Benchmark, metrics: Sequence[Metric], result: ItemResult, role: str) -> Iterator[Sample]:
    if result.reason:
        state = SampleState.SKIPPED if result.is_skip else SampleState.FAILED
        yield Sample(benchmark=benchmark, metric=metrics[0], state=state, reason=result.reason[:MAX_TEXT_CHARACTERS])
        return
    for metric in metrics:
        if metric.name in result.values[role]:
            rounds = (tuple(result.values[role][metric.name]),)
            yield Sample(benchmark=benchmark, metric=metric, value=level(rounds), rounds=rounds, calls=1)
