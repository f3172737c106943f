"""What perfgate needs to know about a tool to measure its suites."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from perfgate.measure.live.items import Item
from perfgate.measure.live.live_suite import LiveSuite, PairConditions
from perfgate.measure.needs.trial import Collected
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.results.records import Run


class Tool(ABC):
    """One benchmark tool."""

    name: ClassVar[str]
    """As people know it, and as result files have it."""
    evidence: ClassVar[str]
    """What shows that a folder has a suite of this tool, for error messages."""
    places: ClassVar[str]
    """Where a suite is looked for, for error messages."""
    runs_in_checkout: ClassVar[bool]
    """Whether its processes run in the checkout, and not in an empty folder."""

    @abstractmethod
    def find(self, checkout: Path) -> Suite | None:
        """Return the suite of this tool in *checkout*; None if there is none. Files are read, nothing is imported."""

    @abstractmethod
    def find_at(self, checkout: Path, path: Path) -> Suite | None:
        """Return the suite at *path*, which is relative to *checkout*; None if it is not one of this tool."""

    @abstractmethod
    def packages(self, suite: Suite) -> tuple[str, ...]:
        """Return the requirements that *suite* has because of this tool, even if it does not declare them."""

    @abstractmethod
    def collect(self, suite: Suite, side: Side) -> Collected:
        """Collect the suite on a prepared side, without running it.

        Raises:
            MeasurementFailed: The tool cannot be started at all.
        """

    @abstractmethod
    def measure(self, suite: Suite, side: Side, select: str | None) -> Run:
        """Run the suite once, as the tool itself does, and return what its result file says.

        Args:
            suite: The suite.
            side: A prepared side; files may be written beside its checkout.
            select: Shell-style pattern over the tool's names of benchmarks; None: all.

        Raises:
            MeasurementFailed: The tool fails, or measures nothing; the message has its last lines.
        """

    @abstractmethod
    def open_live(
        self, suite: Suite, sides: Mapping[str, Side], folder: Path, timeout_seconds: float, first: PairConditions
    ) -> LiveSuite:
        """Return the suite, ready to be measured in live pairs.

        Args:
            suite: The suite.
            sides: Both sides, by role, with the same benchmark files.
            folder: A folder in which processes may run and write.
            timeout_seconds: Longest call of a benchmark that sets no time-out of its own.
            first: The conditions of the first pair.

        Raises:
            MeasurementFailed: The suite cannot be collected.
        """

    @abstractmethod
    def probe_command(self, side: Side, items: Sequence[Item]) -> list[str]:
        """Return the command line of the agent that probes *items*, without the interpreter."""

    @abstractmethod
    def trace_command(self, side: Side, files: Sequence[str]) -> list[str]:
        """Return the command line of the agent that traces benchmarks in *files*, without the interpreter."""

    @abstractmethod
    def session_of(self, item: Item) -> str:
        """Return what *item* shares a traced process with: items with the same session run in one process."""

    @abstractmethod
    def items(self, collected: Sequence[Mapping[str, Any]]) -> list[Item]:
        """Return the benchmarks that an agent collected, named as in the tool's own result file."""
