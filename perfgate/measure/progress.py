"""What a measurement reports while it runs: a plain record, which the caller may print, draw or ignore."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from perfgate.stats.pairs import Pair
from perfgate.stats.remaining import Remaining


@dataclass(frozen=True, kw_only=True)
class MeasurementProgress:
    """What is being done at the moment."""

    stage: str
    """In a few words, such as ``checking out base`` or ``confirming``."""
    benchmarks: int | None = None
    """How many benchmarks are measured in pairs; None before that is known."""
    undecided: int | None = None
    """How many of them still need pairs."""
    seconds_left: float | None = None
    """Estimate of the time until all are decided; None before the first pair."""


ProgressCallback = Callable[[MeasurementProgress], None]
"""Is called with the present state, possibly from several threads; what it raises ends the measurement."""


def ignore(_: MeasurementProgress) -> None:
    """Report nothing."""


def report_stages(report: ProgressCallback) -> Callable[[str], None]:
    """Return a function that reports what begins, given in a few words."""
    return lambda stage: report(MeasurementProgress(stage=stage))


class PairProgress:
    """Reports after every pair how many benchmarks are undecided and how long they will take.

    Args:
        report: Receives the state.
        benchmarks: All that are judged.
        max_seconds: Limit of the time for all pairs; None: there is none.
    """

    def __init__(self, report: ProgressCallback, benchmarks: Collection[str], max_seconds: float | None) -> None:
        self._report = report
        self._count = len(benchmarks)
        self._remaining = Remaining(max_seconds)
        self._stage, self._undecided = "measuring", self._count

    def begin_pass(self, stage: str, undecided: Collection[str]) -> None:
        """Note what `perfgate.stats.sequential.judge_suite` tells before each pass."""
        self._stage, self._undecided = stage, len(undecided)
        self._remaining.watch(stage, undecided)
        self._update()

    def observing(self, take_pair: Callable[[str], Pair]) -> Callable[[str], Pair]:
        """Return *take_pair* with a report after every pair."""

        def observed(benchmark: str) -> Pair:
            pair = take_pair(benchmark)
            self._remaining.took(benchmark, pair.seconds)
            self._update()
            return pair

        return observed

    def _update(self) -> None:
        self._report(
            MeasurementProgress(
                stage=self._stage,
                benchmarks=self._count,
                undecided=self._undecided,
                seconds_left=self._remaining.seconds(),
            )
        )
