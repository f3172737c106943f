"""Memory of each benchmark on both sides, from processes that are not timed.

`TRACED_PEAK` is what Python's allocators hold at most during one call, beyond what they held before: it repeats to the
byte or nearly so, but does not see what extensions allocate by themselves. `PEAK_MEMORY` is what the kernel gave to
the whole process, interpreter included, but for pages mapped from files: it sees what extensions take, and repeats less
well. One process gives both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from perfgate.measure.counts import probes
from perfgate.measure.discover import Suite
from perfgate.measure.live.agent_process import START_SECONDS
from perfgate.measure.live.source import Item
from perfgate.measure.sides.side import Side
from perfgate.results.metrics import TRACED_PEAK
from perfgate.results.records import PEAK_MEMORY, Sample

METRICS = (TRACED_PEAK, PEAK_MEMORY)

_PROBE = probes.Probe(name="memory", metrics=METRICS, patience=10.0, start_seconds=START_SECONDS)


def measure(
    sides: Mapping[str, Side],
    suite: Suite,
    items: Sequence[Item],
    folder: Path,
    *,
    timeout_seconds: float,
    deadline: float = math.inf,
    progress: probes.Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return both metrics of each benchmark for each side, in bytes, of one process a side.

    A round of `TRACED_PEAK` holds the peaks of a few calls: how far they differ tells how far one can be trusted.

    Args:
        sides: Both sides, by role, prepared, with the same files of benchmarks.
        suite: Where these stand.
        items: Which to measure, in the tool's own order.
        folder: Where processes run and write.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own; ten times as long is waited for
            all calls of one, of which most are traced.
        deadline: Moment of the monotonic clock from which on benchmarks fail for want of time.
        progress: Is told what begins.

    Returns:
        By role, samples of one round each. A benchmark that fails on one side has a failed sample of `TRACED_PEAK` on
        both, with the side in the reason.

    Raises:
        MeasurementFailed: A side ran code that is not its own.
    """
    return probes.take(
        sides, suite, items, folder, probe=_PROBE, timeout_seconds=timeout_seconds, deadline=deadline, progress=progress
    )
