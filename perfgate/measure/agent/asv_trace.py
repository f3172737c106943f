"""Calls each wanted combination of an asv benchmark once and records what it reaches."""

# ruff: noqa: SLF001 - asv_runner has no public way to make one call

from __future__ import annotations

import json
import os
from functools import partial
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name, update_sys_path

from .recorder import VARIABLE, Prepared, Recorder


def main() -> None:
    """Tell which benchmarks there are, or run those that are wanted."""
    request = json.loads(os.environ.pop(VARIABLE))
    recorder = Recorder(request)
    if request["wanted"] is not None:
        for address in request["wanted"]:
            _run(recorder, request["folder"], address)
        return
    update_sys_path(request["folder"])
    for benchmark in disc_benchmarks(request["folder"]):
        recorder.write(
            name=benchmark.name,
            type=benchmark.type,
            unit=benchmark.unit,
            version=str(benchmark.version),
            parameter_names=list(benchmark.param_names),
            parameters=[[str(value) for value in values] for values in benchmark.params],
        )


def _run(recorder: Recorder, folder: str, address: str) -> None:
    benchmark = get_benchmark_from_name(folder, address)
    arguments = _arguments(benchmark)
    try:
        reason = "skipped by its setup" if benchmark.do_setup() else ""
        if not reason:
            _call(recorder, benchmark, arguments)
    except SkipNotImplemented:
        reason = "skipped by itself"
    except Exception as error:  # noqa: BLE001 - the next combination may well work
        reason = f"{type(error).__name__}: {error}"
    finally:
        benchmark.do_teardown()
    recorder.write(id=address, reason=reason)


def _call(recorder: Recorder, benchmark: Any, arguments: tuple[Any, ...]) -> None:
    if type(benchmark).__name__ == "TimerawBenchmark":
        benchmark._get_timer(*arguments).timeit(1)
        return

    def prepare() -> Prepared:
        if benchmark._setups:
            benchmark.redo_setup()  # its first call does nothing: the setup has just been done
        return partial(benchmark.func, *arguments), _nothing

    if benchmark.type == "time":
        recorder.observe(prepare)
    else:
        benchmark.do_run()


def _arguments(benchmark: Any) -> tuple[Any, ...]:
    """Return the arguments of one call; asv_runner changed in 0.3 where a setup_cache value is put."""
    cache = benchmark.do_setup_cache() if benchmark.setup_cache_key is not None else None
    if hasattr(benchmark, "set_cache"):
        benchmark.set_cache(cache)
    elif cache is not None:
        benchmark.insert_param(cache)
    build = getattr(benchmark, "_build_params", None)
    return tuple(build() if build else benchmark._current_params)


def _nothing() -> None:
    """Clean up where there is nothing to clean."""


if __name__ == "__main__":
    main()
