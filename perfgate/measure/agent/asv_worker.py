"""Serves samples of asv benchmarks, one after the other: ``python -m perfgate_agent.asv_worker``.

A request says what to do: ``discover`` the suite, fill a ``setup_cache``, ``run`` one benchmark until ``next``, or
``end``.
"""

# ruff: noqa: SLF001 - asv_runner has no public way to take one sample

from __future__ import annotations

import importlib.metadata
import json
import os
import pickle
import time
import timeit
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name, update_sys_path

from .asv_arguments import CACHE, arguments_of
from .channel import VARIABLE, Channel, Origins
from .probes import peak_bytes
from .stopwatch import Stopwatch

# Taken at once: a benchmark may clear the environment, and its children must not see them.
_ADDRESS = os.environ.pop(VARIABLE)
_ORIGINS = os.environ.pop("PERFGATE_ORIGINS")

_WALL_CLOCKS = (timeit.default_timer, time.perf_counter, time.monotonic, time.time)
"""Timers of a benchmark in whose place all clocks are read; any other is its own and is believed."""


class _Clock:
    """A timer for `timeit.Timer`: what it returns can be subtracted, and the difference holds all clocks."""

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


class _OwnClock:
    """A clock that the benchmark brings itself (``timer``): what it tells stands for all clocks."""

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


class _Worker:
    """What this process knows."""

    def __init__(self, channel: Channel, origins: Origins) -> None:
        self.channel = channel
        self.origins = origins

    def finished(self, outcome: str, reason: str = "") -> None:
        """Tell how a benchmark ended."""
        self.channel.send(
            **{
                "is": "finished",
                "outcome": outcome,
                "reason": reason,
                "foreign": self.origins.foreign(),
                "reaches_code": self.origins.reaches_code,
            }
        )


def main() -> None:
    """Do what the requests say, one after the other."""
    worker = _Worker(Channel(_ADDRESS), Origins(**json.loads(_ORIGINS)))
    worker.channel.send(**{"is": "started"})
    while (request := worker.channel.receive())["do"] != "end":
        _WORK[request.pop("do")](worker, **request)
    os._exit(0)  # as asv's own: nobody waits for threads, and the benchmark was torn down


def _discover(worker: _Worker, folder: str) -> None:
    update_sys_path(folder)
    found = [_description(benchmark) for benchmark in disc_benchmarks(folder)]
    tool = "asv_runner " + importlib.metadata.version("asv_runner")
    worker.channel.send(**{"is": "collected", "tool": tool, "benchmarks": found})


def _description(benchmark: Any) -> dict[str, Any]:
    return {
        "name": benchmark.name,
        "type": benchmark.type,
        "unit": benchmark.unit,
        "version": str(benchmark.version),
        "parameter_names": list(benchmark.param_names),
        "parameters": [[str(value) for value in values] for values in benchmark.params],
        "timeout": benchmark.timeout,
        "cache": benchmark.setup_cache_key,
        "cache_timeout": benchmark.setup_cache_timeout,
    }


def _fill_cache(worker: _Worker, folder: str, benchmark: str) -> None:
    value = get_benchmark_from_name(folder, benchmark).do_setup_cache()
    with Path(CACHE).open("wb") as file:
        pickle.dump(value, file)
    worker.channel.send(**{"is": "cached"})


def _run(worker: _Worker, folder: str, benchmark: str, room: str) -> None:
    os.chdir(room)
    try:
        _measure(worker, get_benchmark_from_name(folder, benchmark))
    except SkipNotImplemented as reason:
        worker.finished("skipped", str(reason) or "SkipNotImplemented")
    except Exception as error:  # noqa: BLE001 - whatever a benchmark raises is its own failure, and no other's
        traceback.print_exc()
        worker.finished("failed", " ".join("".join(traceback.format_exception_only(error)).split()))
    else:
        worker.finished("passed")


def _measure(worker: _Worker, benchmark: Any) -> None:
    arguments = arguments_of(benchmark)
    worker.channel.send(**{"is": "called"})
    if benchmark.do_setup():
        raise SkipNotImplemented("setup raised NotImplementedError or skips it")
    try:
        _serve(worker.channel, benchmark, arguments)
    finally:
        benchmark.do_teardown()


def _serve(channel: Channel, benchmark: Any, arguments: tuple[Any, ...]) -> None:
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
    """Take one sample of *repeat* × the smallest amount that the benchmark allows.

    Benchmarks with a setup see it run before every call (or before every `number` calls that they ask for), off the
    clock; all others are called in a row.
    """
    began = time.perf_counter()
    if type(benchmark).__name__ == "TimerawBenchmark":
        return _sample_of_another_process(benchmark, arguments, repeat, began)
    own = None if benchmark.timer in _WALL_CLOCKS else benchmark.timer
    clock = _Clock() if own is None else _OwnClock(own)
    benchmark.timer = clock
    try:
        calls = _time(benchmark, arguments, repeat)
    finally:
        benchmark.timer = own or timeit.default_timer
    return clock.watch.answer(calls, began)


def _time(benchmark: Any, arguments: tuple[Any, ...], repeat: int) -> int:
    """Let the benchmark's timer time *repeat* × the smallest amount, and return how many calls that were."""
    number = benchmark.number or 1
    if not benchmark._setups:
        benchmark._get_timer(*arguments).timeit(number * repeat)
        return int(number * repeat)
    # Newer versions set up before every call, also where the benchmark asks for several calls a sample.
    interleaved = getattr(benchmark, "_get_interleaved_timer", None) if number > 1 else None
    timer = (interleaved or benchmark._get_timer)(*arguments)
    for _ in range(repeat):
        timer.timeit(number)
    return int(number * repeat)


def _sample_of_another_process(
    benchmark: Any, arguments: tuple[Any, ...], repeat: int, began: float
) -> dict[str, object]:
    """Take a sample of a ``timeraw_`` benchmark: its process tells wall time only, and we wait for it meanwhile."""
    watch = Stopwatch()
    watch.wall_seconds = watch.cpu_seconds = benchmark._get_timer(*arguments).timeit(benchmark.number * repeat)
    watch.voluntary = benchmark.number * repeat
    return watch.answer(benchmark.number * repeat, began)


def _value(benchmark: Any) -> float | None:
    """Return what a ``track_``, ``mem_`` or ``peakmem_`` benchmark yields, None if that is no number."""
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
