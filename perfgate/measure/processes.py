"""Child processes that never outlive the call: each leads a process group, which is killed at the end.

Nothing here installs a signal handler. A program that must clean up on SIGTERM turns the signal into an exception, as
`perfgate.cli` does.
"""

from __future__ import annotations

import contextlib
import contextvars
import math
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

from perfgate.errors import MeasurementFailed
from perfgate.measure.deadline import refuse_if_over, seconds_left

TAIL_LINES = 15
"""Lines of a failed program's output that an error shows."""

_WARNING, _NOTICE = re.compile(r":\d+: \w*(?:Deprecation|Future)Warning: "), ("DEPRECATION: ", "[notice] ")
"""Lines of Python's and of pip's that say what will not work one day: not why something failed today."""

_MAX_TAIL_BYTES = 64 * 1024
_POLL_SECONDS = 0.02

T = TypeVar("T")

_canceled: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("canceled", default=None)
"""In a thread of `run_parallel`: set when its result is not needed any more."""


class _Canceled(BaseException):
    """Ends a thread of `run_parallel`. Not an `Exception`, so that no error handling in the thread catches it."""


def run_parallel(calls: Mapping[str, Callable[[], T]], *, in_threads: bool) -> dict[str, T]:
    """Return the result of each call under its name.

    If one call raises, or the wait for them is interrupted (KeyboardInterrupt, SystemExit), the programs that the other
    calls run are killed. Nothing is running any more when this function returns or raises.

    Args:
        calls: What to do, by name.
        in_threads: Use one thread for each call; else make the calls one after the other.
    """
    if not in_threads or len(calls) < 2:
        return {name: call() for name, call in calls.items()}
    cancel = threading.Event()

    def cancelable(call: Callable[[], T]) -> T:
        _canceled.set(cancel)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        try:
            running = {
                name: pool.submit(contextvars.copy_context().run, cancelable, call) for name, call in calls.items()
            }
            wait(running.values(), return_when=FIRST_EXCEPTION)
        finally:
            cancel.set()  # has no effect on calls that are done
    failures = [failure for done in running.values() if (failure := done.exception())]
    for failure in sorted(failures, key=lambda failure: isinstance(failure, _Canceled)):
        raise failure
    return {name: done.result() for name, done in running.items()}


def run_tool(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    output: Path,
    allowed: Sequence[int] = (0,),
    timeout_seconds: float | None = None,
) -> int:
    """Run a program to its end and return its exit status.

    Args:
        command: The program and its arguments.
        cwd: Its working folder.
        environment: All of its environment variables.
        output: File that receives its standard output and standard error.
        allowed: Exit statuses that are no failure.
        timeout_seconds: Kill the program after this time; None: never.

    Raises:
        MeasurementFailed: The program cannot be started, took too long, or its exit status is not *allowed*. The message
            has its last lines.
        OutOfTime: The time limit of the command is over.
    """
    refuse_if_over(f"before {Path(command[0]).name} could run")
    words = [str(word) for word in command]
    with output.open("wb") as file, _process_group(words, cwd, environment, file.fileno()) as process:
        is_in_time = wait_for_end(process, timeout_seconds)
        status = end_group(process)
    if not is_in_time:
        refuse_if_over(f"while this ran: {_shortened(words)}")
        raise MeasurementFailed(f"{_shortened(words)} took longer than {timeout_seconds} s:\n{tail(output)}")
    if status not in allowed:
        raise MeasurementFailed(f"{_shortened(words)} ended with status {status}:\n{tail(output)}")
    return status


@contextlib.contextmanager
def _process_group(
    words: Sequence[str], cwd: Path, environment: Mapping[str, str], output: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program as the leader of a new process group; the whole group is killed when the block is left."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the purpose of this module
            words,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise MeasurementFailed(f"cannot start {words[0]}: {error}") from error
    try:
        yield process
    finally:
        end_group(process)


def wait_for_end(process: subprocess.Popen[bytes], timeout_seconds: float | None) -> bool:
    """Wait until *process* ended and return whether it did; its process id is not released yet.

    The wait ends with the time limit of the command, too.
    """
    deadline = time.monotonic() + min(math.inf if timeout_seconds is None else timeout_seconds, seconds_left())
    canceled = _canceled.get()
    while not has_ended(process):
        if canceled is not None and canceled.is_set():
            raise _Canceled
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether *process* ended, without releasing its process id: its group can still be addressed safely."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):  # macOS: the process id is released, and its group is killed right after
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_group(process: subprocess.Popen[bytes]) -> int:
    """Kill what is left of the process group that *process* leads, and return its exit status."""
    if process.returncode is None or not hasattr(os, "waitid"):
        # The leader is alive or not yet waited for, so its id cannot belong to another group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def tail(output: Path, lines: int = TAIL_LINES) -> str:
    """Return the last non-empty lines of a file that a process wrote to, without warnings about old interfaces."""
    with output.open("rb") as file:
        file.seek(max(0, output.stat().st_size - _MAX_TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return "\n".join(_without_noise(line.rstrip() for line in text.splitlines() if line.strip())[-lines:])


def _without_noise(lines: Iterable[str]) -> list[str]:
    """Return the lines without other people's deprecations, and the source lines that follow these."""
    kept: list[str] = []
    follows_warning = False
    for line in lines:
        is_warning = bool(_WARNING.search(line))
        if not (is_warning or line.startswith(_NOTICE) or (follows_warning and line.startswith("  "))):
            kept.append(line)
        follows_warning = is_warning
    return kept


def _shortened(words: Sequence[str]) -> str:
    text = " ".join(" ".join(words).split())
    return text if len(text) <= 200 else text[:200] + " …"
