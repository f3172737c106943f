"""Agent that calls each requested combination of an asv benchmark once and records the files that it reaches."""

# ruff: noqa: SLF001 - asv_runner has no public way to make one call

from __future__ import annotations

import json
import os
from functools import partial
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name, update_sys_path

from ..costs import PreparedCall
from ..origins import origins_of_environment
from ..recorder import VARIABLE, Recorder
from .benchmarks import call_arguments, description


def main() -> None:
    """List the benchmarks, or run the requested ones."""
    request = json.loads(os.environ.pop(VARIABLE))
    recorder = Recorder(request)
    origins_of_environment()
    if request["items"] is not None:
        for address in request["items"]:
            _run(recorder, request["folder"], address)
        return
    update_sys_path(request["folder"])
    for benchmark in disc_benchmarks(request["folder"]):
        recorder.write(**description(benchmark))


def _run(recorder: Recorder, folder: str, address: str) -> None:
    benchmark = get_benchmark_from_name(folder, address)
    cache = benchmark.do_setup_cache() if benchmark.setup_cache_key is not None else None
    arguments = call_arguments(benchmark, cache)
    try:
        reason = "skipped by its setup" if benchmark.do_setup() else ""
        if not reason:
            _call(recorder, benchmark, arguments)
    except SkipNotImplemented:
        reason = "skipped by itself"
    except Exception as error:  # noqa: BLE001 - code under test can raise anything; the next combination may work
        reason = f"{type(error).__name__}: {error}"
    finally:
        benchmark.do_teardown()
    recorder.write(id=address, reason=reason)


def _call(recorder: Recorder, benchmark: Any, arguments: tuple[Any, ...]) -> None:
    if type(benchmark).__name__ == "TimerawBenchmark":
        benchmark._get_timer(*arguments).timeit(1)
        return

    def prepare() -> PreparedCall:
        if benchmark._setups:
            benchmark.redo_setup()  # its first call does nothing: the setup has just been done
        return partial(benchmark.func, *arguments), _do_nothing

    if benchmark.type == "time":
        recorder.observe(prepare)
    else:
        benchmark.do_run()


def _do_nothing() -> None:
    """Clean up after a call that leaves nothing."""


if __name__ == "__main__":
    main()
