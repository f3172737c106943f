"""Memory of each benchmark on both sides, from processes that are not timed: one pair of numbers is enough.

`TRACED_PEAK` is what Python's allocators hold at most during one call, beyond what they held before: it repeats to the
byte or nearly so, but does not see what extensions allocate by themselves. `PEAK_MEMORY` is what the kernel gave to
the whole process, interpreter included: it sees everything and repeats less well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from perfgate.records import PEAK_MEMORY, Metric, Sample
from perfgate.suite import probing
from perfgate.suite.discover import Suite
from perfgate.suite.server import START_SECONDS
from perfgate.suite.sides import Side
from perfgate.suite.source import Item

TRACED_PEAK = Metric(name="traced_peak", unit="B")

REPEATABILITY = {TRACED_PEAK.name: 0.0005, PEAK_MEMORY.name: 0.02}
"""How far two measurements of the same code may differ, as a fraction."""

GATED_ABOVE = {TRACED_PEAK.name: 10_000.0, PEAK_MEMORY.name: 0.0}
"""Bytes below which a change is reported but says nothing: a small number and a short string more or less."""

_PROBES = (
    probing.Probe(metric=TRACED_PEAK, is_alone=True, patience=10.0, start_seconds=START_SECONDS),
    probing.Probe(metric=PEAK_MEMORY, is_alone=True, patience=1.0, start_seconds=START_SECONDS),
)


def measure(
    sides: Mapping[str, Side],
    suite: Suite,
    items: Sequence[Item],
    folder: Path,
    *,
    timeout_seconds: float,
    progress: probing.Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return both metrics of each benchmark for each side; every number comes from a fresh process.

    Args:
        sides: Both sides, by role, prepared, with the same files of benchmarks.
        suite: Where these stand.
        items: Which to measure, in the tool's own order.
        folder: Where processes run and write.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own; ten times as long is waited for
            the two calls of a traced one.
        progress: Is told what begins.

    Returns:
        By role, samples in bytes of one round each. A benchmark that fails on one side has failed samples on both,
        with the side in the reason.

    Raises:
        MeasurementFailed: A side ran code that is not its own.
    """
    taken = [
        probing.take(sides, suite, items, folder, probe=probe, timeout_seconds=timeout_seconds, progress=progress)
        for probe in _PROBES
    ]
    return {role: tuple(sample for one in taken for sample in one[role]) for role in sides}
