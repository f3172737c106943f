"""Agent that samples asv benchmarks, one after the other: ``python -m perfgate_agent.asv.worker``.

A request says what to do: ``discover`` the suite, fill a ``cache`` by `setup_cache`, ``run`` one benchmark until
``next``, or ``end``.
"""

# ruff: noqa: SLF001 - asv_runner has no public way to take one sample

from __future__ import annotations

import importlib.metadata
import json
import os
import time
import timeit
import traceback
from collections.abc import Callable
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import get_benchmark_from_name, update_sys_path

from ..channel import VARIABLE, RequestChannel
from ..origins import Origins, origins_of_environment
from ..probes import peak_bytes
from ..stopwatch import Stopwatch
from .benchmarks import call_arguments, description, fill_cache, stored_cache
from .collect import importable_benchmarks

# Taken at once: a benchmark may clear the environment, and its child processes must not see them.
_ADDRESS = os.environ.pop(VARIABLE)

_WALL_CLOCKS = (timeit.default_timer, time.perf_counter, time.monotonic, time.time)
"""Timers that are replaced by reading all clocks. Any other timer is the benchmark's own and is used."""


class _AllClocks:
    """A timer for `timeit.Timer` that reads all clocks at the start and at the end of a stretch."""

    def __init__(self) -> None:
        self.watch = Stopwatch()
        self._runs = False

    def __call__(self) -> float:
        self._runs = not self._runs
        if self._runs:
            self.watch.start()
        else:
            self.watch.stop()
        return self.watch.wall_seconds


class _BenchmarkClock:
    """A timer that uses the benchmark's own ``timer`` in place of all clocks."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self.watch = Stopwatch()
        self._timer = timer
        self._began: float | None = None

    def __call__(self) -> float:
        now = self._timer()
        if self._began is None:
            self._began = now
        else:
            self.watch.wall_seconds += now - self._began
            self.watch.cpu_seconds = self.watch.wall_seconds
            self._began = None
        return now


class _AsvWorker:
    """The channel and the origins, for the functions that do the work."""

    def __init__(self, channel: RequestChannel, origins: Origins) -> None:
        self.channel = channel
        self.origins = origins

    def finished(self, outcome: str, reason: str = "") -> None:
        """Report how a benchmark ended."""
        self.channel.send(
            **{
                "is": "finished",
                "outcome": outcome,
                "reason": reason,
                **self.origins.report(),
            }
        )


def main() -> None:
    """Answer requests, one after the other."""
    worker = _AsvWorker(RequestChannel(_ADDRESS), origins_of_environment())
    worker.channel.send(**{"is": "started"})
    while (request := worker.channel.receive())["do"] != "end":
        _WORK[request.pop("do")](worker, **request)
    os._exit(0)  # as asv itself does: threads are not waited for, and the benchmark was torn down


def _discover(worker: _AsvWorker, folder: str) -> None:
    update_sys_path(folder)
    benchmarks, errors = importable_benchmarks(folder)
    found = [description(benchmark) for benchmark in benchmarks]
    tool = "asv_runner " + importlib.metadata.version("asv_runner")
    worker.channel.send(**{"is": "collected", "tool": tool, "benchmarks": found, "errors": errors})


def _fill_cache(worker: _AsvWorker, folder: str, benchmark: str) -> None:
    fill_cache(folder, benchmark)
    worker.channel.send(**{"is": "cached"})


def _run(worker: _AsvWorker, folder: str, benchmark: str, cwd: str) -> None:
    os.chdir(cwd)
    try:
        _measure(worker, get_benchmark_from_name(folder, benchmark))
    except SkipNotImplemented as reason:
        worker.finished("skipped", str(reason) or "SkipNotImplemented")
    except Exception as error:  # noqa: BLE001 - code under test can raise anything; only this benchmark has failed
        traceback.print_exc()
        worker.finished("failed", " ".join("".join(traceback.format_exception_only(error)).split()))
    else:
        worker.finished("passed")


def _measure(worker: _AsvWorker, benchmark: Any) -> None:
    arguments = call_arguments(benchmark, stored_cache() if benchmark.setup_cache_key is not None else None)
    worker.channel.send(**{"is": "called"})
    if benchmark.do_setup():
        raise SkipNotImplemented("setup raised NotImplementedError or skips it")
    try:
        _answer_requests(worker.channel, benchmark, arguments)
    finally:
        benchmark.do_teardown()


def _answer_requests(channel: RequestChannel, benchmark: Any, arguments: tuple[Any, ...]) -> None:
    is_timed = hasattr(benchmark, "_get_timer")
    if is_timed and benchmark.warmup_time > 0:
        _warm_up(benchmark, arguments)
    channel.send(**{"is": "ready"})
    while (request := channel.receive())["do"] != "next":
        if is_timed:
            answer = _sample(benchmark, arguments, request["repeat"])
        else:
            answer = {"is": "value", "value": _value(benchmark)}
        channel.send(**answer)


def _warm_up(benchmark: Any, arguments: tuple[Any, ...]) -> None:
    timer = benchmark._get_timer(*arguments)
    until = time.perf_counter() + benchmark.warmup_time
    while time.perf_counter() < until:
        timer.timeit(1)


def _sample(benchmark: Any, arguments: tuple[Any, ...], repeat: int) -> dict[str, object]:
    """Return one sample of *repeat* × the smallest amount of work that the benchmark allows.

    The setup of a benchmark, if it has one, runs before every call (or before every `number` calls that it asks for) and
    is not timed. Benchmarks without a setup are called in a row.
    """
    began = time.perf_counter()
    if type(benchmark).__name__ == "TimerawBenchmark":
        return _sample_raw(benchmark, arguments, repeat, began)
    own = None if benchmark.timer in _WALL_CLOCKS else benchmark.timer
    clock = _AllClocks() if own is None else _BenchmarkClock(own)
    benchmark.timer = clock
    try:
        calls = _time(benchmark, arguments, repeat)
    finally:
        benchmark.timer = own or timeit.default_timer
    return clock.watch.answer(calls, began)


def _time(benchmark: Any, arguments: tuple[Any, ...], repeat: int) -> int:
    """Time *repeat* × the smallest amount of work with the benchmark's timer, and return the number of calls."""
    number = benchmark.number or 1
    if not benchmark._setups:
        benchmark._get_timer(*arguments).timeit(number * repeat)
        return int(number * repeat)
    # Newer versions of asv_runner set up before every call, even if the benchmark asks for several calls a sample.
    interleaved = getattr(benchmark, "_get_interleaved_timer", None) if number > 1 else None
    timer = (interleaved or benchmark._get_timer)(*arguments)
    for _ in range(repeat):
        timer.timeit(number)
    return int(number * repeat)


def _sample_raw(benchmark: Any, arguments: tuple[Any, ...], repeat: int, began: float) -> dict[str, object]:
    """Return a sample of a ``timeraw_`` benchmark. Its own process measures only wall time, while this one waits."""
    watch = Stopwatch()
    watch.wall_seconds = watch.cpu_seconds = benchmark._get_timer(*arguments).timeit(benchmark.number * repeat)
    watch.voluntary = benchmark.number * repeat
    return watch.answer(benchmark.number * repeat, began)


def _value(benchmark: Any) -> float | None:
    """Return the value of a ``track_``, ``mem_`` or ``peakmem_`` benchmark; None if it is not a number."""
    result = benchmark.do_run()
    if benchmark.type == "peakmemory":
        result = peak_bytes() or result
    if isinstance(result, dict):
        result = result.get("samples")
    try:
        return float(json.loads(json.dumps(result)))
    except (TypeError, ValueError):
        return None


_WORK: dict[str, Callable[..., None]] = {"discover": _discover, "cache": _fill_cache, "run": _run}


if __name__ == "__main__":
    main()
