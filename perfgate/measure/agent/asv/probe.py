"""Agent that measures deterministic metrics of asv benchmarks: ``python -m perfgate_agent.asv.probe``.

The first request has what all benchmarks have in common. Each further one names a benchmark to measure, or one whose
`setup_cache` must be filled.
"""

# ruff: noqa: SLF001 - asv_runner has no public way to make one call

from __future__ import annotations

import contextlib
import gc
import os
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import get_benchmark_from_name

from ..channel import VARIABLE, RequestChannel
from ..forks import end_together, is_forked_child
from ..origins import origins_of_environment
from ..probes import PROBES, Measurements
from .benchmarks import call_arguments, fill_cache, stored_cache

# Taken at once: a benchmark may clear the environment, and its child processes must not see it.
_ADDRESS = os.environ.pop(VARIABLE)


def main() -> None:
    """Answer requests until the channel is closed."""
    channel, origins = RequestChannel(_ADDRESS), origins_of_environment()
    request = channel.receive()
    probe, folder = request["probe"], request["folder"]
    end_together(_ADDRESS)
    channel.send(**{"is": "collected", "errors": [], "ids": request["items"]})
    while True:
        request = channel.receive()
        os.chdir(request["cwd"])
        is_probe = request["do"] != "cache"
        if is_probe:
            answer = _attempt(partial(_load, folder, request["id"]))  # once, not in every child process
            if answer["outcome"] == "passed":
                if not is_forked_child(channel):
                    continue
                answer = _attempt(partial(_probe, probe, folder, request["id"]))
        else:
            answer = _attempt(partial(_fill_cache, folder, request["id"]))
        channel.send(**{"is": "finished", **answer, "pid": os.getpid(), **origins.report()})
        if is_probe and os.getpid() != os.getpgrp():
            os._exit(0)


def _load(folder: str, address: str) -> Measurements:
    get_benchmark_from_name(folder, address)
    return {}


def _fill_cache(folder: str, address: str) -> Measurements:
    fill_cache(folder, address)
    return {}


def _attempt(work: Callable[[], Measurements]) -> dict[str, Any]:
    try:
        return {"outcome": "passed", "reason": "", "found": work()}
    except SkipNotImplemented as skip:
        return {"outcome": "skipped", "reason": str(skip) or "SkipNotImplemented", "found": {}}
    except Exception as error:  # noqa: BLE001 - code under test can raise anything; only this benchmark has failed
        reason = " ".join("".join(traceback.format_exception_only(error)).split())
        return {"outcome": "failed", "reason": reason, "found": {}}


def _probe(probe: str, folder: str, address: str) -> Measurements:
    benchmark = get_benchmark_from_name(folder, address)
    if type(benchmark).__name__ == "TimerawBenchmark":
        raise SkipNotImplemented("the code that it times runs in a process of its own, which is not measured")
    arguments = call_arguments(benchmark, stored_cache() if benchmark.setup_cache_key is not None else None)
    if benchmark.do_setup():
        raise SkipNotImplemented("setup raised NotImplementedError or skips it")
    try:
        return PROBES[probe](partial(_ready, probe, benchmark, arguments))
    finally:
        benchmark.do_teardown()


@contextlib.contextmanager
def _ready(probe: str, benchmark: Any, arguments: tuple[Any, ...]) -> Iterator[Callable[[], object]]:
    """Set up again for every call, as asv does for benchmarks with a setup; collect no garbage while counting.

    Memory includes the work of the garbage collector; times do not, and so instructions do not either.
    """
    if benchmark._setups and hasattr(benchmark, "redo_setup"):
        benchmark.redo_setup()
    pauses = probe == "instructions" and gc.isenabled()
    if pauses:
        gc.disable()
    try:
        yield partial(benchmark.func, *arguments)
    finally:
        if pauses:
            gc.enable()


if __name__ == "__main__":
    main()
