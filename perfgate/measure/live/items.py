"""One benchmark of a suite, as its tool addresses it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from perfgate.results.records import Benchmark, Metric


@dataclass(frozen=True, kw_only=True)
class Item:
    """One benchmark with one combination of its parameters."""

    benchmark: Benchmark
    metric: Metric
    """What the tool says that it measures."""
    address: str
    """pytest's node id, or asv's name with the index of the combination."""
    timeout_seconds: float | None = None
    """The benchmark's own time-out; None: it has none."""
    cache: str | None = None
    """Key of what `setup_cache` prepares for it; None: nothing."""
    cache_timeout_seconds: float | None = None
    """The time-out of `setup_cache`; None: it has none of its own."""

    @property
    def label(self) -> str:
        """Return the name for people and files."""
        return self.benchmark.label

    @property
    def is_timed(self) -> bool:
        """Whether it measures time; others (memory, tracked numbers) yield one value a process."""
        return self.metric.unit == "s" and self.metric.name != "track"

    def matches(self, pattern: str | None) -> bool:
        """Tell whether a shell-style *pattern* selects this item by its label, name or address. None selects all."""
        if pattern is None:
            return True
        # A label may contain brackets, which a pattern would read as a set of characters: equality comes first.
        return any(
            text == pattern or fnmatchcase(text, pattern) for text in (self.label, self.benchmark.name, self.address)
        )
