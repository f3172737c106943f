"""Measures what repeats of each asv benchmark that is asked for: ``python -m perfgate_agent.asv_probe``.

The first request holds what all have in common, each further one a benchmark, or one whose `setup_cache` is due.
"""

# ruff: noqa: SLF001 - asv_runner has no public way to make one call

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import get_benchmark_from_name

from .asv_arguments import CACHE, arguments_of
from .channel import VARIABLE, Channel, Origins
from .forks import end_together, forked
from .probes import PROBES, Measurements

# Taken at once: a benchmark may clear the environment, and its children must not see it.
_ADDRESS = os.environ.pop(VARIABLE)


def main() -> None:
    """Answer until nobody asks any more."""
    channel = Channel(_ADDRESS)
    request = channel.receive()
    probe, folder = request["probe"], request["folder"]
    origins = Origins(**request["origins"])
    end_together(_ADDRESS)
    channel.send(**{"is": "collected", "errors": [], "ids": request["wanted"]})
    while True:
        request = channel.receive()
        os.chdir(request["room"])
        if request["do"] == "cache":
            answer = _attempt(partial(_fill_cache, folder, request["id"]))
        else:
            answer = _attempt(partial(_load, folder, request["id"]))  # once, not in every child
            if answer["outcome"] == "passed":
                if not forked(channel):
                    continue
                answer = _attempt(partial(_probe, probe, folder, request["id"]))
        channel.send(**{"is": "finished", **answer, "pid": os.getpid(), "foreign": origins.foreign()})
        if request["do"] != "cache" and os.getpid() != os.getpgrp():
            os._exit(0)


def _load(folder: str, address: str) -> Measurements:
    get_benchmark_from_name(folder, address)
    return {}


def _attempt(work: Callable[[], Measurements]) -> dict[str, Any]:
    try:
        return {"outcome": "passed", "reason": "", "found": work()}
    except SkipNotImplemented as skip:
        return {"outcome": "skipped", "reason": str(skip) or "SkipNotImplemented", "found": {}}
    except Exception as error:  # noqa: BLE001 - whatever a benchmark raises is its own failure, and no other's
        reason = " ".join("".join(traceback.format_exception_only(error)).split())
        return {"outcome": "failed", "reason": reason, "found": {}}


def _fill_cache(folder: str, address: str) -> Measurements:
    value = get_benchmark_from_name(folder, address).do_setup_cache()
    with Path(CACHE).open("wb") as file:
        pickle.dump(value, file)
    return {}


def _probe(probe: str, folder: str, address: str) -> Measurements:
    benchmark = get_benchmark_from_name(folder, address)
    if type(benchmark).__name__ == "TimerawBenchmark":
        raise SkipNotImplemented("what it times runs in a process of its own, which is not looked into")
    arguments = arguments_of(benchmark)
    if benchmark.do_setup():
        raise SkipNotImplemented("setup raised NotImplementedError or skips it")
    try:
        return PROBES[probe](partial(_ready, probe, benchmark, arguments))
    finally:
        benchmark.do_teardown()


@contextlib.contextmanager
def _ready(probe: str, benchmark: Any, arguments: tuple[Any, ...]) -> Iterator[Callable[[], object]]:
    """Set up anew for every call, as asv does for benchmarks with a setup; collect no garbage while it is counted.

    Memory is what the program needs, with its garbage collected; timings, and so instructions, leave that out.
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
