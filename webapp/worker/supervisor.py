"""Run several child processes as one: forward their output, and stop all of them when one ends or a signal arrives.

docs/decisions/0007-own-supervisor-broker-tracer.md compares this with supervisor libraries.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from types import FrameType

STOP_SECONDS = 8.0
"""Time that all child processes together have to shut down. A task that is interrupted runs again later."""

ROOT = str(Path(__file__).parents[2])
"""Folder from which the child processes import `webapp`, whatever the current folder is."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class ChildProcess:
    """A child process to start."""

    name: str
    """``web``, ``worker`` or ``scheduler``, see `webapp.worker.child_process`."""
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that are added to our own."""
    pass_descriptors: tuple[int, ...] = ()
    """Open files that it inherits."""


def supervise(programs: Sequence[ChildProcess], print_line: Callable[[str], None]) -> int:
    """Run *programs* until a signal arrives or one of them ends, then stop them all.

    Args:
        programs: What to start.
        print_line: Called with one line of output at a time, from several threads.

    Returns:
        Exit code: 0 after a signal, 1 if a child process ended by itself.
    """
    events: Queue[str] = Queue()
    processes: dict[str, subprocess.Popen[str]] = {}
    with _signals(events), ExitStack() as threads:
        try:
            for program in programs:
                processes[program.name] = _start(program)
            for name, process in processes.items():
                thread = Thread(target=_forward, args=(name, process, print_line, events), daemon=True)
                thread.start()
                threads.callback(thread.join)
            event = events.get()
        finally:
            _stop(list(processes.values()))
    if event in processes:
        print_line(f"{event} ended by itself with exit code {processes[event].returncode}: everything is stopped")
        return 1
    print_line(f"stopped by {event}")
    return 0


@contextmanager
def _signals(events: Queue[str]) -> Iterator[None]:
    """Put the names of signals into *events* until the end of the block."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        events.put(signal.Signals(number).name)

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(child: ChildProcess) -> subprocess.Popen[str]:
    environment: Mapping[str, str] = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH")))),
        **dict(child.environment),
    }
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "webapp.worker.child_process", child.name, *child.arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        errors="replace",
        pass_fds=child.pass_descriptors,
        # A terminal sends Ctrl-C to the parent's group only; the parent then stops the others.
        process_group=0,
    )


def _forward(name: str, process: subprocess.Popen[str], print_line: Callable[[str], None], events: Queue[str]) -> None:
    """Print the lines of a child process until it ends, then report its end."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if text := line.rstrip():
                print_line(f"{name:<9} | {text}")
    process.wait()
    events.put(name)


def _stop(processes: Sequence[subprocess.Popen[str]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
    for process in processes:
        # Processes that a child started and left behind are in its process group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
