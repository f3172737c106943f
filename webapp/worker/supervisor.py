"""Child processes that live and die together: started, their lines forwarded, all stopped when one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from types import FrameType

STOP_SECONDS = 8.0
"""How long the children together may take to stop; tasks may be cut off anywhere and are done again."""

ROOT = str(Path(__file__).parents[2])
"""Where the children find us, from whichever folder we were started."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Child:
    """What to start."""

    name: str
    """``web``, ``worker`` or ``scheduler``, see `webapp.worker.child_process`."""
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    pass_descriptors: tuple[int, ...] = ()


def supervise(children: Sequence[Child], say: Callable[[str], None]) -> int:
    """Run *children* until a signal arrives or one of them ends, then stop them all.

    Args:
        children: What to start.
        say: Takes one line of output at a time, from several threads.

    Returns:
        Exit code: 0 after a signal, 1 where a child ended by itself.
    """
    events: Queue[str] = Queue()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        events.put(signal.Signals(number).name)

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    processes: dict[str, subprocess.Popen[str]] = {}
    threads: list[threading.Thread] = []
    try:
        for child in children:
            processes[child.name] = _started(child)
        for name, process in processes.items():
            threads.append(threading.Thread(target=_forward, args=(name, process, say, events), daemon=True))
            threads[-1].start()
        event = events.get()
    finally:
        _stop(list(processes.values()))
        for thread in threads:
            thread.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    if event in processes:
        say(f"{event} ended by itself with exit code {processes[event].returncode}: everything is stopped")
        return 1
    say(f"stopped by {event}")
    return 0


def _started(child: Child) -> subprocess.Popen[str]:
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
        # Ctrl-C reaches the parent only, which then stops the children in order.
        process_group=0,
    )


def _forward(name: str, process: subprocess.Popen[str], say: Callable[[str], None], events: Queue[str]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if text := line.rstrip():
                say(f"{name:<9} | {text}")
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
        # What a child left behind is in its process group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
