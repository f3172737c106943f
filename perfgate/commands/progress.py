"""The progress bar of the measuring subcommands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import TaskID

from perfgate.formatting import roughly
from perfgate.measure.progress import MeasurementProgress, ProgressCallback
from perfgate.report import terminal


@contextmanager
def progress_bar() -> Iterator[ProgressCallback]:
    """Show a progress bar on standard error; the yielded function updates it."""
    with terminal.progress(has_steady_steps=False) as bar:
        shown: dict[int | None, TaskID] = {None: bar.add_task("starting", total=None)}

        def show(progress: MeasurementProgress) -> None:
            if progress.benchmarks not in shown:
                for task in shown.values():
                    bar.remove_task(task)
                shown.clear()
                shown[progress.benchmarks] = bar.add_task("", total=progress.benchmarks)
            decided = (progress.benchmarks or 0) - (progress.undecided or 0)
            bar.update(shown[progress.benchmarks], completed=decided, description=describe(progress))

        yield show


def describe(progress: MeasurementProgress) -> str:
    """Return what the bar says.

    >>> describe(MeasurementProgress(stage="measuring", benchmarks=9, undecided=4, seconds_left=20.0))
    'measuring, 4 of 9 undecided, about 20 s left'
    """
    text = progress.stage
    if progress.benchmarks is not None:
        text += f", {progress.undecided} of {progress.benchmarks} undecided"
    if progress.seconds_left is not None:
        text += f", {roughly(progress.seconds_left)} left"
    return text
