"""Memory of each benchmark on both sides, from processes that are not timed.

`TRACED_PEAK` is what Python's allocators hold at most during one call, minus what they held before. It is the same to
the byte, or nearly so, in every process, but does not include what extensions allocate themselves. `PEAK_MEMORY` is
what the kernel gave to the whole process, the interpreter included, except pages mapped from files. It includes the
allocations of extensions and varies more. One process measures both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from perfgate.measure.counts.probe_session import Probe
from perfgate.measure.counts.probes import Progress, measure_items
from perfgate.measure.live.agent_process import START_SECONDS
from perfgate.measure.live.items import Item
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.results.metrics import TRACED_PEAK
from perfgate.results.records import PEAK_MEMORY, Sample

METRICS = (TRACED_PEAK, PEAK_MEMORY)

_PROBE = Probe(name="memory", metrics=METRICS, slowdown=10.0, start_seconds=START_SECONDS)


def measure(
    sides: Mapping[str, Side],
    suite: Suite,
    items: Sequence[Item],
    folder: Path,
    *,
    timeout_seconds: float,
    deadline: float = math.inf,
    progress: Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return both metrics of each benchmark for each side, in bytes.

    A round of `TRACED_PEAK` has the peaks of a few calls: their spread shows how reliable one of them is.

    Args:
        sides: Both sides, by role, prepared, with the same benchmark files.
        suite: The suite.
        items: What to measure, in the tool's own order.
        folder: A folder in which processes run and write.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own. All calls of one, most of which are
            traced, may take ten times as long.
        deadline: Time of the monotonic clock at which the remaining benchmarks fail.
        progress: Called with a description of each step.

    Returns:
        By role, samples of one round each. A benchmark that fails on one side has a failed sample of `TRACED_PEAK` on
        both, with the side in the reason.

    Raises:
        MeasurementFailed: A side ran code that is not its own.
    """
    return measure_items(
        sides, suite, items, folder, probe=_PROBE, timeout_seconds=timeout_seconds, deadline=deadline, progress=progress
    )
