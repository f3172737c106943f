"""What is known of each metric beside its name: how people call it, its family in a policy, how well it repeats."""

from __future__ import annotations

from dataclasses import dataclass

from perfgate.results.records import CPU_TIME, MEMORY, PEAK_MEMORY, TIME, WALL_TIME, Direction, Metric

TRACED_PEAK = Metric(name="traced_peak", unit="B")
"""What Python's allocators hold at most during one call, beyond what they held before."""

INSTRUCTIONS = Metric(name="instructions", unit="1")
"""Instructions of one call."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of one metric."""

    title: str
    """How people call it."""
    family: str = ""
    """Name under which a policy means it together with its like."""
    worse: str = "higher"
    """Word for a change in the bad direction, where less is better."""


@dataclass(frozen=True, kw_only=True)
class Repeating(Known):
    """A metric of which one pair of numbers is enough: see `perfgate.stats.deterministic`."""

    metric: Metric
    repeatability: float
    """How far two measurements of the same code may differ, as a fraction."""
    judged_above: float = 0.0
    """Up to here, on both sides, a change is shown but not judged: too little lies behind it."""


_REPEATING = (
    # To the byte in most benchmarks; where caches depend on addresses, calls of one process differ too, and show it: by
    # up to 4 kB in code that holds 70 kB, so that nothing can be said of so little.
    Repeating(
        title="traced memory peak",
        family="memory",
        worse="larger",
        metric=TRACED_PEAK,
        repeatability=0.0005,
        judged_above=100_000,
    ),
    # Up to 0.5 % were seen between processes of the same code; code that changed elsewhere moves the heap as well.
    Repeating(title="peak memory", family="memory", worse="larger", metric=PEAK_MEMORY, repeatability=0.02),
    Repeating(title="size of the result", family="memory", worse="larger", metric=MEMORY, repeatability=0.0005),
    # One program repeats by far better than a thousandth, but code that changed elsewhere moves what is on the heap, and
    # the allocator takes other paths: up to 1.1 % were seen. Below a million, counts repeat to a percent only.
    Repeating(title="instructions", metric=INSTRUCTIONS, repeatability=0.015, judged_above=1_000_000),
)

_KNOWN: dict[str, Known] = {
    TIME.name: Known(title="time", family="time", worse="slower"),
    CPU_TIME.name: Known(title="CPU time", family="time", worse="slower"),
    WALL_TIME.name: Known(title="wall time", family="time", worse="slower"),
    **{each.metric.name: each for each in _REPEATING},
}


def known(name: str) -> Known:
    """Return what is known of the metric called *name*; of a stranger, what its name tells."""
    guess = "slower" if "time" in name else "larger" if "memory" in name else "higher"
    return _KNOWN.get(name) or Known(title=name, worse=guess)


def is_known(name: str) -> bool:
    """Tell whether the metric called *name* is one of ours; any other name is foreign text."""
    return name in _KNOWN


def repeating(metric: Metric) -> Repeating | None:
    """Return how well *metric* repeats; None for one that is noisy, or of which nothing is known (``track_``)."""
    return repeating_as(metric.name, metric.unit, metric.direction)


def repeating_as(name: str, unit: str, direction: Direction) -> Repeating | None:
    """Return what `repeating` does, by the parts of a metric."""
    found = _KNOWN.get(name)
    if isinstance(found, Repeating) and (found.metric.unit, found.metric.direction) == (unit, direction):
        return found
    return None


def worse(name: str, direction: Direction) -> str:
    """Return the word for a change of this metric in the bad direction."""
    if direction is Direction.HIGHER:
        return "lower"
    return known(name).worse
