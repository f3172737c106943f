"""What the progress bar says while pairs are taken: the stage, what is open, and about how long it still takes."""

from __future__ import annotations

from collections.abc import Callable, Collection

from rich.progress import Progress, TaskID

from perfgate.formatting import roughly
from perfgate.stats.pairs import Pair
from perfgate.stats.remaining import Remaining


class Watch:
    """Keeps one bar at what a judgement is about.

    Args:
        bar: Where it is shown.
        task: The bar's task.
        benchmarks: All that are judged.
        max_seconds: What the pairs may cost; None: as much as they do.
    """

    def __init__(self, bar: Progress, task: TaskID, benchmarks: Collection[str], max_seconds: float | None) -> None:
        self._bar = bar
        self._task = task
        self._count = len(benchmarks)
        self._remaining = Remaining(max_seconds)
        self._stage, self._open = "measuring", self._count
        bar.reset(task, total=self._count)

    def begins(self, stage: str, still_open: Collection[str]) -> None:
        """Learn what `judge_suite` tells before each pass."""
        self._stage, self._open = stage, len(still_open)
        self._remaining.watch(stage, still_open)
        self._show()

    def taking(self, take_pair: Callable[[str], Pair]) -> Callable[[str], Pair]:
        """Return *take_pair*, watched: the estimate follows every pair."""

        def watched(benchmark: str) -> Pair:
            pair = take_pair(benchmark)
            self._remaining.took(benchmark, pair.seconds)
            self._show()
            return pair

        return watched

    def _show(self) -> None:
        left = self._remaining.seconds()
        text = f"{self._stage}, {self._open} of {self._count} open"
        text += f", {roughly(left)} left" if left is not None else ""
        self._bar.update(self._task, completed=self._count - self._open, description=text)
