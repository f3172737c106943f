"""Facts about the metrics that perfgate knows: display name, family in a policy, and repeatability.

A metric is *deterministic* if one pair of measurements decides: `perfgate.stats.deterministic` judges it. Every other
metric is noisy and needs many pairs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from perfgate.results.limits import MAX_SHORT_NAME_CHARACTERS, SAFE_LINE
from perfgate.results.records import CPU_TIME, MEMORY, PEAK_MEMORY, TIME, WALL_TIME, Direction, Metric

TRACED_PEAK = Metric(name="traced_peak", unit="B")
"""Peak of the bytes that Python's allocators hold during one call, minus those held before the call."""

INSTRUCTIONS = Metric(name="instructions", unit="1")
"""Instructions that one call executes."""


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """Facts about one metric."""

    title: str
    """Display name."""
    family: str = ""
    """Name that selects this metric and related ones in a policy: ``time`` or ``memory``."""
    worse: str = "higher"
    """Adjective for a regression of this metric, where less is better."""


@dataclass(frozen=True, kw_only=True)
class DeterministicMetric(MetricInfo):
    """Facts about a metric for which one pair of measurements decides."""

    metric: Metric
    repeatability: float
    """Largest difference between two measurements of the same code, as a fraction."""
    judged_above: float = 0.0
    """Smallest value, in the metric's unit, at which a change is judged. If both sides are below, it is only shown."""


_DETERMINISTIC = (
    # Repeats to the byte in most benchmarks. Caches that depend on addresses make calls of one process differ, by up to
    # 4 kB in code that holds 70 kB: changes of so small a peak mean nothing.
    DeterministicMetric(
        title="traced memory peak",
        family="memory",
        worse="larger",
        metric=TRACED_PEAK,
        repeatability=0.0005,
        judged_above=100_000,
    ),
    # Up to 0.5 % was observed between processes of the same code. Changes elsewhere in the code also move the heap.
    DeterministicMetric(title="peak memory", family="memory", worse="larger", metric=PEAK_MEMORY, repeatability=0.02),
    DeterministicMetric(
        title="size of the result", family="memory", worse="larger", metric=MEMORY, repeatability=0.0005
    ),
    # One program repeats far better than 0.1 %. Changes elsewhere in the code move the heap, and the allocator then takes
    # other paths: up to 1.1 % was observed. Counts below a million repeat to 1 % only.
    DeterministicMetric(title="instructions", metric=INSTRUCTIONS, repeatability=0.015, judged_above=1_000_000),
)

_KNOWN: dict[str, MetricInfo] = {
    TIME.name: MetricInfo(title="time", family="time", worse="slower"),
    CPU_TIME.name: MetricInfo(title="CPU time", family="time", worse="slower"),
    WALL_TIME.name: MetricInfo(title="wall time", family="time", worse="slower"),
    **{info.metric.name: info for info in _DETERMINISTIC},
}


EXTRA_INFO = "extra_info."
"""Begins the names of metrics that tests keep beside their times. Which way is better is unknown, so that a gate judges
those only that its policy names."""


def extra_info(key: str) -> Metric | None:
    """Return the metric of a number that a test calls *key*; None if that is no name."""
    name = EXTRA_INFO + key
    return Metric(name=name, unit="") if len(name) <= MAX_SHORT_NAME_CHARACTERS and re.search(SAFE_LINE, name) else None


def describe(name: str) -> MetricInfo:
    """Return the facts about the metric called *name*; for an unknown name, a guess from its words."""
    guess = "slower" if "time" in name else "larger" if "memory" in name else "higher"
    return _KNOWN.get(name) or MetricInfo(title=name, worse=guess)


def is_known(name: str) -> bool:
    """Return whether *name* is one of perfgate's own metrics. Any other name is untrusted text."""
    return name in _KNOWN


def deterministic(metric: Metric) -> DeterministicMetric | None:
    """Return the facts about *metric* if it is deterministic, else None."""
    return find_deterministic(metric.name, metric.unit, metric.direction)


def find_deterministic(name: str, unit: str, direction: Direction) -> DeterministicMetric | None:
    """Return the same as `deterministic`, for the three fields of a metric."""
    info = _KNOWN.get(name)
    if isinstance(info, DeterministicMetric) and (info.metric.unit, info.metric.direction) == (unit, direction):
        return info
    return None


def word_for_worse(name: str, direction: Direction) -> str:
    """Return the adjective for a regression of the metric called *name*: ``slower`` or ``lower``, for example."""
    if direction is Direction.HIGHER:
        return "lower"
    return describe(name).worse
