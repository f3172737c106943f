"""Takes one deterministic number of one call of a benchmark: bytes at its peak, or marks for what counts instructions.

Memory and instructions are never taken in a process that is timed: tracing changes both.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

Ready = Callable[[], AbstractContextManager[Callable[[], object]]]
"""Sets a benchmark up, gives what calls it once, and tears it down."""

WARM_UP_CALLS = 2
"""Calls before the one that is counted: caches are filled and the interpreter has specialised what it will."""


def traced_peak(ready: Ready) -> float:
    """Return the most bytes that Python's allocators held at once during the second call, beyond those held before."""
    with ready() as call:
        call()
    with ready() as call:
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            call()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    return peak - before


def peak_memory(ready: Ready) -> float:
    """Return the most bytes that the process held in memory during its first call.

    Read from VmHWM: ``ru_maxrss`` is inherited across fork and exec, so a small child of a large parent would report
    its parent. The mark is set back to what is held now, as far as the kernel allows, so that set-up does not count.
    """
    with ready() as call:
        gc.collect()
        with contextlib.suppress(OSError):  # where it may not be set back, set-up counts too, on both sides alike
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        call()
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    if not found:
        raise RuntimeError("/proc/self/status has no VmHWM: this kernel does not tell the peak of a process")
    return int(found[1]) * 1024


def instructions(ready: Ready) -> float:
    """Call the benchmark between two marks at which callgrind writes down its count; the count is not known here."""
    for _ in range(WARM_UP_CALLS):
        with ready() as call:
            call()
    with ready() as call:
        gc.collect()
        _mark()
        call()
        _mark()
    return 0.0


def _mark() -> None:
    """Enter the C function at which callgrind is told to dump; nobody's benchmark is likely to do so."""
    os.sched_rr_get_interval(0)


PROBES: dict[str, Callable[[Ready], float]] = {
    "traced_peak": traced_peak,
    "peak_memory": peak_memory,
    "instructions": instructions,
}
"""By the name of the metric."""
