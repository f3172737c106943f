"""What a tool must offer so that its benchmarks can be measured as live pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from perfgate.errors import MeasurementFailed
from perfgate.measure.live.agent_process import Ended, Finished, Server
from perfgate.results.records import Benchmark, Metric
from perfgate.stats.pairs import CannotMeasure

BASE, HEAD = "base", "head"


class PairFailed(MeasurementFailed, CannotMeasure):
    """One benchmark gives no pair, for the reason given; the others are not concerned.

    Args:
        reason: What happened, with the side where it did.
        is_skip: The benchmark itself asked not to be run.
        has_raised: It raised, and its process lives on; it neither hung nor ended it.
    """

    def __init__(self, reason: str, *, is_skip: bool = False, has_raised: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_skip = is_skip
        self.has_raised = has_raised

    @classmethod
    def of(cls, ends: Sequence[Ended]) -> PairFailed:
        """Return the failure that consists in one or both processes having *ended*."""
        is_skip = all(isinstance(end, Finished) and end.is_skip for end in ends)
        has_raised = not is_skip and all(isinstance(end, Finished) for end in ends)
        return cls("; ".join(end.reason for end in ends), is_skip=is_skip, has_raised=has_raised)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One benchmark, or one of its combinations of parameters, as its tool addresses it."""

    benchmark: Benchmark
    metric: Metric
    """What the tool itself says it measures."""
    address: str
    """Node id, or asv's name with the index of the combination."""
    timeout_seconds: float | None = None
    """The benchmark's own time-out; None: it has none."""
    cache: str | None = None
    """Key of what `setup_cache` prepares for it; None: nothing."""
    cache_timeout_seconds: float | None = None
    """The time-out of `setup_cache`; None: it has none of its own."""

    @property
    def label(self) -> str:
        """Return how people and files call it."""
        return self.benchmark.label

    @property
    def is_timed(self) -> bool:
        """Tell whether it measures time; the others (memory, tracked numbers) yield one value a process."""
        return self.metric.unit == "s" and self.metric.name != "track"

    def matches(self, pattern: str | None) -> bool:
        """Tell whether a shell-style *pattern* means this item: its label, name or address. None means all."""
        if pattern is None:
            return True
        # A label may hold brackets, which a pattern would read as a set of characters: equality comes first.
        return any(
            text == pattern or fnmatchcase(text, pattern) for text in (self.label, self.benchmark.name, self.address)
        )


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What both processes of a pair have in common, and which starts first."""

    number: int
    """0 for the first pair of a benchmark."""
    hash_seed: int
    cpu: int | None
    """The CPU that both are pinned to; None where the system cannot."""

    @property
    def order(self) -> tuple[str, str]:
        """Return the roles in the order in which they start: it alternates."""
        return (BASE, HEAD) if self.number % 2 == 0 else (HEAD, BASE)


class Source(Protocol):
    """The benchmarks of a suite, ready to be served by one live process per side."""

    tool: str
    """Tool and version."""
    items: tuple[Item, ...]
    """In the tool's own order."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what makes the comparison doubtful, from all that was measured so far."""

    def bring_up(self, item: Item, turn: Turn) -> dict[str, Server]:
        """Return a process per role, both waiting at *item* to hand out samples.

        Raises:
            PairFailed: One of them does not get there; nothing is left to clean up.
        """

    def finish(self, item: Item) -> None:
        """Let both processes leave *item*.

        Raises:
            PairFailed: The benchmark fails after its samples were taken; nothing is left to clean up.
            MeasurementFailed: A side ran code that is not its own.
        """

    def sets_apart(self, item: Item) -> bool:
        """Tell whether *item*, which raised, is worth another try in processes of its own, and keep it there."""

    def abandon(self) -> None:
        """End the processes at once; nothing live is no error."""

    def close(self) -> None:
        """End the processes in good order."""
