"""What an asv benchmark is called with: its parameters, and what its setup_cache left behind."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

CACHE = "cache.pickle"
"""asv's own name for what `setup_cache` returned, in the folder the benchmark runs in."""


def arguments_of(benchmark: Any) -> tuple[Any, ...]:
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
    return tuple(build() if build else benchmark._current_params)  # noqa: SLF001 - asv_runner has no public way in
