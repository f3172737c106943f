"""Why a benchmark could not be measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.stats.pairs import CannotMeasure


class AgentFailed(MeasurementFailed):
    """A measured process ended, or did not answer, in the middle of a benchmark.

    Args:
        reason: The side and what is known, in one line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BenchmarkEndedEarly(AgentFailed):
    """The benchmark ended before it was told to: it failed, was skipped, or never called the fixture.

    Args:
        role: The side.
        message: The agent's message about it.
    """

    def __init__(self, role: str, message: dict[str, Any]) -> None:
        outcome, reason = message["outcome"], message["reason"]
        super().__init__(f"{role}: {outcome}: {reason}" if reason else f"{role}: {outcome} without being measured")
        self.is_skip = outcome == "skipped"


class PairFailed(MeasurementFailed, CannotMeasure):
    """One benchmark gives no pair; the others are not affected.

    Args:
        reason: What happened, with the side.
        is_skip: The benchmark itself asked not to be run.
        has_raised: The benchmark raised an exception, and its process is still alive.
    """

    def __init__(self, reason: str, *, is_skip: bool = False, has_raised: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_skip = is_skip
        self.has_raised = has_raised

    @classmethod
    def from_agents(cls, failures: Sequence[AgentFailed]) -> PairFailed:
        """Return the failure of a pair whose agents failed, on one side or on both."""
        is_skip = all(isinstance(failure, BenchmarkEndedEarly) and failure.is_skip for failure in failures)
        has_raised = not is_skip and all(isinstance(failure, BenchmarkEndedEarly) for failure in failures)
        return cls("; ".join(failure.reason for failure in failures), is_skip=is_skip, has_raised=has_raised)
