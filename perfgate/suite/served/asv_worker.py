"""Serves samples of one asv benchmark: ``python -m perfgate_served.asv_worker``.

The first request says what to do: ``discover`` the suite, fill a ``setup_cache``, or ``run`` one benchmark. An
exception of the benchmark ends the process with its traceback on standard error, which is where the reason is read.
"""

# ruff: noqa: SLF001 - asv_runner has no public way to take one sample

from __future__ import annotations

import importlib.metadata
import json
import os
import pickle
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name, update_sys_path

from .channel import VARIABLE, Channel, Origins
from .stopwatch import Stopwatch

CACHE = "cache.pickle"
"""asv's own name for what `setup_cache` returned, in the folder the benchmark runs in."""


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


def main() -> None:
    """Do what the first request says."""
    channel = Channel(os.environ.pop(VARIABLE))
    request = channel.receive()
    _WORK[request.pop("do")](channel, **request)


def _discover(channel: Channel, folder: str) -> None:
    update_sys_path(folder)
    found = [_description(benchmark) for benchmark in disc_benchmarks(folder)]
    tool = "asv_runner " + importlib.metadata.version("asv_runner")
    channel.send(**{"is": "collected", "tool": tool, "benchmarks": found})


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
    }


def _fill_cache(channel: Channel, folder: str, benchmark: str) -> None:
    value = get_benchmark_from_name(folder, benchmark).do_setup_cache()
    with Path(CACHE).open("wb") as file:
        pickle.dump(value, file)
    channel.send(**{"is": "cached"})


def _run(channel: Channel, folder: str, benchmark: str, origins: dict[str, Any]) -> None:
    found = get_benchmark_from_name(folder, benchmark)
    arguments = _arguments(found)
    if found.do_setup():
        channel.send(
            **{"is": "finished", "outcome": "skipped", "reason": "setup raised NotImplementedError or skips it"}
        )
        return
    try:
        _serve(channel, found, arguments)
    except SkipNotImplemented as reason:
        channel.send(**{"is": "finished", "outcome": "skipped", "reason": str(reason) or "SkipNotImplemented"})
        return
    finally:
        found.do_teardown()
    foreign = Origins(**origins).foreign()
    channel.send(**{"is": "finished", "outcome": "passed", "reason": "", "foreign": foreign})


def _arguments(benchmark: Any) -> tuple[Any, ...]:
    """Return the arguments of one call; asv_runner changed in 0.3 where a setup_cache value is put."""
    cache = None
    if benchmark.setup_cache_key is not None:
        with Path(CACHE).open("rb") as file:
            cache = pickle.load(file)  # noqa: S301 - written by our own worker a moment ago
    if hasattr(benchmark, "set_cache"):
        benchmark.set_cache(cache)
    elif cache is not None:
        benchmark.insert_param(cache)
    build = getattr(benchmark, "_build_params", None)
    return tuple(build() if build else benchmark._current_params)


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
    clock = _Clock()
    benchmark.timer = clock
    timer = benchmark._get_timer(*arguments)
    number = benchmark.number or 1
    if not benchmark._setups:
        timer.timeit(number * repeat)
    else:
        for _ in range(repeat):
            timer.timeit(number)
    return clock.watch.answer(number * repeat, began)


def _sample_of_another_process(
    benchmark: Any, arguments: tuple[Any, ...], repeat: int, began: float
) -> dict[str, object]:
    """Take a sample of a ``timeraw_`` benchmark: its process tells wall time only, and we wait for it meanwhile."""
    watch = Stopwatch()
    watch.wall_seconds = watch.cpu_seconds = benchmark._get_timer(*arguments).timeit(benchmark.number * repeat)
    watch.voluntary = benchmark.number * repeat
    return watch.answer(benchmark.number * repeat, began)


def _value(benchmark: Any) -> float | None:
    """Return what a ``track_``, ``mem_`` or ``peakmem_`` benchmark yields, None if that is no number.

    A peak is read from VmHWM: ``ru_maxrss`` is inherited across fork and exec, so a small child of a large parent
    would report its parent.
    """
    result = benchmark.do_run()
    if benchmark.type == "peakmemory":
        result = _peak_bytes() or result
    if isinstance(result, dict):
        result = result.get("samples")
    try:
        return float(json.loads(json.dumps(result)))
    except (TypeError, ValueError):
        return None


def _peak_bytes() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


_WORK: dict[str, Callable[..., None]] = {"discover": _discover, "cache": _fill_cache, "run": _run}


if __name__ == "__main__":
    main()
