"""Measures what repeats of one benchmark: bytes at its peak, or marks for what counts instructions.

Memory and instructions are never taken in a process that is timed: tracing changes both.
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
"""Sets a benchmark up, gives what calls it once, and tears it down."""

Measurements = dict[str, list[float]]
"""By the name of the metric, one or more of it."""

WARM_UP_CALLS = 2
"""Calls before the one that is counted: caches are filled and the interpreter has specialised what it will."""

TRACED_CALLS, MIN_TRACED_CALLS = 5, 2
"""Calls that are traced, at most and at least: how far they differ tells how far this benchmark's peak can be trusted."""

ENOUGH_SECONDS = 1.0
"""A benchmark whose calls, set-up included, take longer than that together is called as rarely as possible."""


def memory(ready: Ready) -> Measurements:
    """Return the peak of the process in its first call, where this system tells, and of the traced calls after it."""
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
    """Return the most bytes that Python's allocators held at once during a call, beyond those held before."""
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
    """Make the first call; return the most bytes that the process held during it, None where nobody tells.

    The mark is set back to what is held now, as far as the kernel allows, so that set-up does not count.
    """
    with ready() as call:
        gc.collect()
        with contextlib.suppress(OSError):  # where it may not be set back, set-up counts too, on both sides alike
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        call()
        return peak_bytes()


def peak_bytes() -> int | None:
    """Return the most bytes that this process ever held of its own, None where nobody tells.

    That is VmHWM without RssFile. ``ru_maxrss`` is inherited across fork and exec, so a small child of a large parent would
    report its parent. Pages mapped from files are the kernel's choice: two copies of one library of 170 MB were
    seen to count 104 and 133 MB, depending on how they had come into the page cache.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = {name: int(size) * 1024 for name, size in re.findall(r"^(VmHWM|RssFile):\s*(\d+) kB", status, re.MULTILINE)}
    return found["VmHWM"] - found.get("RssFile", 0) if "VmHWM" in found else None


def instructions(ready: Ready) -> Measurements:
    """Call the benchmark between two marks at which callgrind writes down its count; the count is not known here."""
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
    """Enter the C function at which callgrind is told to dump; nobody's benchmark is likely to do so."""
    os.sched_rr_get_interval(0)


PROBES: dict[str, Callable[[Ready], Measurements]] = {"memory": memory, "instructions": instructions}
"""By what is asked for."""
