"""Which benchmarks and metrics a table of a policy covers."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

from perfgate.results import metrics


def covers(benchmarks: str, metric_glob: str, label: str, metric: str) -> bool:
    """Return whether two globs cover a benchmark and metric.

    Args:
        benchmarks: Glob on the benchmark's label.
        metric_glob: Glob on the metric's name or its family, such as ``time`` or ``memory``.
        label: Label of the benchmark.
        metric: Name of the metric.
    """
    names = {metric, metrics.describe(metric).family} - {""}
    return any(fnmatchcase(name, metric_glob) for name in names) and _matches(benchmarks, label)


@lru_cache(maxsize=4_096)
def _matches(glob: str, label: str) -> bool:
    # Compare for equality first: a glob would read the brackets of a label as a character set.
    return glob == label or fnmatchcase(label, glob) or fnmatchcase(label.split("[", 1)[0], glob)
