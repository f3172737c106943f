"""Measure deterministic metrics of one benchmark: bytes at its peak, or marks between which instructions are counted.

Neither is measured in a process that is timed, because measuring them changes the times.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import time
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

Ready = Callable[[], AbstractContextManager[Callable[[], object]]]
"""Sets a benchmark up, yields a function that calls it once, and tears it down."""

Measurements = dict[str, list[float]]
"""One or more values by the name of the metric."""

WARM_UP_CALLS = 2
"""Calls before the one that counts: they fill caches and let the interpreter specialize its bytecode."""

TRACED_CALLS, MIN_TRACED_CALLS = 5, 2
"""Most and least traced calls. Their spread shows how reliable the peak of this benchmark is."""

ENOUGH_SECONDS = 1.0
"""If the calls of a benchmark take longer than this, set-up included, no more than necessary are made."""


def memory(ready: Ready) -> Measurements:
    """Return the peak of the process in its first call, if the system shows it, and the peaks of traced calls after it."""
    peak = _peak_memory(ready)
    enough = time.monotonic() + ENOUGH_SECONDS
    for _ in range(WARM_UP_CALLS):
        if time.monotonic() < enough:
            with ready() as call:
                call()
    traced: list[float] = []
    while len(traced) < MIN_TRACED_CALLS or (len(traced) < TRACED_CALLS and time.monotonic() < enough):
        traced.append(_traced_peak(ready))
    return {"traced_peak": traced, **({} if peak is None else {"peak_memory": [peak]})}


def _traced_peak(ready: Ready) -> float:
    """Return the most bytes that Python's allocators held at once during a call, minus those held before it."""
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


def _peak_memory(ready: Ready) -> float | None:
    """Make the first call and return the most bytes that the process held during it; None if the system does not show it.

    The peak is reset before the call, if the kernel allows it, so that set-up does not count.
    """
    with ready() as call:
        gc.collect()
        with contextlib.suppress(OSError):  # if it cannot be reset, set-up counts, on both sides
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        call()
        return peak_bytes()


def peak_bytes() -> int | None:
    """Return the most bytes of its own that this process ever held; None if the system does not show it.

    That is VmHWM without RssFile. ``ru_maxrss`` is inherited across fork and exec, so a small process that was started by a
    large one would report the size of the large one. Pages mapped from files depend on the kernel: two copies of one
    library of 170 MB counted 104 and 133 MB, depending on how they had come into the page cache.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = {name: int(size) * 1024 for name, size in re.findall(r"^(VmHWM|RssFile):\s*(\d+) kB", status, re.MULTILINE)}
    return found["VmHWM"] - found.get("RssFile", 0) if "VmHWM" in found else None


def instructions(ready: Ready) -> Measurements:
    """Call the benchmark between two marks, at which callgrind writes its count; this process does not know the count."""
    for _ in range(WARM_UP_CALLS):
        with ready() as call:
            call()
    with ready() as call:
        gc.collect()
        _mark()
        call()
        _mark()
    return {}


def _mark() -> None:
    """Enter the C function at which callgrind writes its count; benchmarks are unlikely to call it."""
    os.sched_rr_get_interval(0)


PROBES: dict[str, Callable[[Ready], Measurements]] = {"memory": memory, "instructions": instructions}
"""By name."""
