"""All clocks of a sample are read, and only between start and stop."""

from __future__ import annotations

import os
import sys
import time
from types import FrameType
from typing import Any

from perfgate.measure.agent.stopwatch import Stopwatch, Untraced, repeat


def burn(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def test_sleeping_takes_wall_time_and_switches() -> None:
    """A call that waits shows it in its voluntary switches; CPU time stays below wall time."""
    watch = Stopwatch()
    repeat(watch, lambda: time.sleep(0.001), 10)

    assert watch.voluntary >= 10
    assert watch.wall_seconds >= 0.01
    assert watch.cpu_seconds < watch.wall_seconds


def test_a_child_process_counts_when_it_was_waited_for() -> None:
    """Its CPU time is added to that of the process."""
    watch = Stopwatch()
    watch.start()
    child = os.fork()
    if child == 0:
        burn(0.05)
        os._exit(0)
    os.waitpid(child, 0)
    watch.stop()

    assert watch.cpu_seconds >= 0.04  # the kernel counts child processes in ticks


def test_stretches_are_added_and_what_is_between_is_not() -> None:
    """The answer has totals over all calls."""
    watch, calls = Stopwatch(), []
    repeat(watch, lambda: calls.append(1), 3)
    before = watch.wall_seconds
    time.sleep(0.05)
    repeat(watch, lambda: calls.append(1), 2)
    answer = watch.answer(5, time.perf_counter())

    assert 5 == len(calls) == answer["calls"]
    assert before < watch.wall_seconds < 0.05
    assert (watch.wall_seconds, watch.cpu_seconds) == (answer["wall"], answer["cpu"])


def test_tracers_are_suspended() -> None:
    """A tracer or profiler sees no sample, and returns afterwards."""
    seen: list[str] = []

    def profiler(frame: FrameType, event: str, _: Any) -> None:
        seen.append(f"{event} {frame.f_code.co_name}")

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        with Untraced():
            burn(0.0)
        burn(0.0)
    finally:
        sys.setprofile(before)

    assert 1 == seen.count("call burn")
