"""The progress of the measuring subcommands: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import TaskID

from perfgate.formatting import plain, roughly
from perfgate.measure.progress import MeasurementProgress, ProgressCallback
from perfgate.report import terminal

LINE_SECONDS = 30.0
"""Longest silence where standard error is no terminal: many CI systems end a job that says nothing."""

_LOOK_SECONDS = 1.0


@contextmanager
def progress_bar() -> Iterator[ProgressCallback]:
    """Show the progress on standard error; the yielded function updates it."""
    if not sys.stderr.isatty():
        with _lines() as show:
            yield show
        return
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


class ProgressLines:
    """Writes the present state as a line when `LINE_SECONDS` have passed since the last one.

    Args:
        write: Receives each line.
        clock: Returns seconds.
    """

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._began = self._written = clock()
        self._state = MeasurementProgress(stage="starting")

    def show(self, progress: MeasurementProgress) -> None:
        """Note the present state."""
        self._state = progress

    def write_if_due(self) -> None:
        """Write a line if it is time."""
        now = self._clock()
        if now - self._written >= LINE_SECONDS:
            self._written = now
            self._write(f"perfgate, after {now - self._began:.0f} s: {plain(describe(self._state), 200)}")


@contextmanager
def _lines() -> Iterator[ProgressCallback]:
    """Write lines to standard error from a thread, because a build may take minutes without any report."""
    lines = ProgressLines(lambda line: print(line, file=sys.stderr, flush=True))
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_LOOK_SECONDS):
            lines.write_if_due()

    thread = threading.Thread(target=watch, name="progress", daemon=True)
    thread.start()
    try:
        yield lines.show
    finally:
        is_over.set()
        thread.join()


def describe(progress: MeasurementProgress) -> str:
    """Return what bar and lines say.

    >>> describe(MeasurementProgress(stage="measuring", benchmarks=9, undecided=4, seconds_left=20.0))
    'measuring, 4 of 9 undecided, about 20 s left'
    """
    text = progress.stage
    if progress.benchmarks is not None:
        text += f", {progress.undecided} of {progress.benchmarks} undecided"
    if progress.seconds_left is not None:
        text += f", {roughly(progress.seconds_left)} left"
    return text
