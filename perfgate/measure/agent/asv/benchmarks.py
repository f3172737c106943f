"""What an asv benchmark is, what it is called with, and what its `setup_cache` left."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from asv_runner.discovery import get_benchmark_from_name

_CACHE = "cache.pickle"
"""asv's own name for the result of `setup_cache`, in the folder that the benchmark runs in."""


def description(benchmark: Any) -> dict[str, Any]:
    """Return what perfgate must know about a benchmark to address and name it."""
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


def fill_cache(folder: str, address: str) -> None:
    """Call the `setup_cache` of a benchmark, and keep its result in the current folder."""
    value = get_benchmark_from_name(folder, address).do_setup_cache()
    with Path(_CACHE).open("wb") as file:
        pickle.dump(value, file)


def stored_cache() -> Any:
    """Return the result of `setup_cache` from the current folder."""
    with Path(_CACHE).open("rb") as file:
        return pickle.load(file)  # noqa: S301 - written by `fill_cache` a moment ago


def call_arguments(benchmark: Any, cache: Any) -> tuple[Any, ...]:
    """Return the arguments of one call.

    Args:
        benchmark: A benchmark of asv_runner, which has changed in version 0.3 where the value of setup_cache is put.
        cache: That value; None: there is none.
    """
    if hasattr(benchmark, "set_cache"):
        benchmark.set_cache(cache)
    elif cache is not None:
        benchmark.insert_param(cache)
    build = getattr(benchmark, "_build_params", None)
    return tuple(build() if build else benchmark._current_params)  # noqa: SLF001 - asv_runner has no public way
