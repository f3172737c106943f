"""Read all clocks of a sample: CPU time of the process and its child processes, wall time, context switches."""

from __future__ import annotations

import itertools
import resource
import sys
import time
from collections.abc import Callable

Call = Callable[[], object]


class Stopwatch:
    """Adds up the time between `start` and `stop`, over any number of such stretches.

    The process clock includes threads. A child process counts when it has been waited for. The wall clock is read last
    at the start and first at the end, so that it does not include reading the other clocks.
    """

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        self.wall_seconds = 0.0
        self.voluntary = 0
        self.involuntary = 0

    def start(self) -> None:
        """Begin a stretch."""
        self._own = resource.getrusage(resource.RUSAGE_SELF)
        self._child_processes = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._cpu = time.process_time_ns()
        self._wall = time.perf_counter_ns()

    def stop(self) -> None:
        """End the stretch."""
        wall = time.perf_counter_ns()
        cpu = time.process_time_ns()
        own = resource.getrusage(resource.RUSAGE_SELF)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        before = self._child_processes
        in_child_processes = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.wall_seconds += (wall - self._wall) / 1e9
        self.cpu_seconds += (cpu - self._cpu) / 1e9 + in_child_processes
        self.voluntary += own.ru_nvcsw - self._own.ru_nvcsw
        self.involuntary += own.ru_nivcsw - self._own.ru_nivcsw

    def answer(self, calls: int, began: float) -> dict[str, object]:
        """Return the message of a finished sample: totals over *calls*; *began* is when the work on it started."""
        return {
            "is": "sample",
            "cpu": self.cpu_seconds,
            "wall": self.wall_seconds,
            "voluntary": self.voluntary,
            "involuntary": self.involuntary,
            "calls": calls,
            "elapsed": time.perf_counter() - began,
        }


class Untraced:
    """Suspends a tracer or profiler, such as coverage or a debugger, while samples are taken."""

    def __enter__(self) -> None:
        self._tracer, self._profiler = sys.gettrace(), sys.getprofile()
        sys.settrace(None)
        sys.setprofile(None)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._tracer)
        sys.setprofile(self._profiler)


def repeat(watch: Stopwatch, call: Call, calls: int) -> None:
    """Time *calls* calls in a row as one stretch."""
    rounds = itertools.repeat(None, calls)
    watch.start()
    for _ in rounds:
        call()
    watch.stop()
