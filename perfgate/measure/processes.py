"""Processes that never outlive us: run a tool and keep its last words, end process groups."""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

from perfgate.errors import MeasurementFailed

TAIL_LINES = 15
"""Lines of a failed tool's output that an error shows."""

_MAX_TAIL_BYTES = 64 * 1024
_POLL_SECONDS = 0.02

T = TypeVar("T")

_given_up: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("given_up", default=None)
"""Is set, in a thread of `together`, when what it does is wanted no longer."""


class _GivenUp(BaseException):
    """Ends a thread whose result nobody wants any more; no handler of errors is meant to catch it."""


def together(calls: Mapping[str, Callable[[], T]], *, at_once: bool) -> dict[str, T]:
    """Return what each of *calls* returns, under its name.

    The first that raises, or whatever interrupts the wait for them (SIGTERM included), ends the programs that the
    others run; nothing goes on after this returned or raised.

    Args:
        calls: What to do, by name.
        at_once: In a thread each; else one after the other.
    """
    if not at_once or len(calls) < 2:
        return {name: call() for name, call in calls.items()}
    stop = threading.Event()

    def one(call: Callable[[], T]) -> T:
        _given_up.set(stop)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        try:
            running = {name: pool.submit(contextvars.copy_context().run, one, call) for name, call in calls.items()}
            wait(running.values(), return_when=FIRST_EXCEPTION)
        finally:
            stop.set()  # nothing runs any more unless something went wrong
    failures = [failure for done in running.values() if (failure := done.exception())]
    for failure in sorted(failures, key=lambda one: isinstance(one, _GivenUp)):
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
    """Run a program to its end in a process group of its own.

    Args:
        command: The program and its arguments.
        cwd: Where it runs.
        environment: All of its environment variables.
        output: File that receives what it prints.
        allowed: Exit statuses that are no failure.
        timeout_seconds: End it after so long; None: never.

    Returns:
        Its exit status.

    Raises:
        MeasurementFailed: It cannot be started, took too long, or its exit status is not *allowed*; carries its last
            lines.
    """
    words = [str(word) for word in command]
    with output.open("wb") as file:
        try:
            process = subprocess.Popen(  # noqa: S603 - the point of this function
                words,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise MeasurementFailed(f"cannot start {words[0]}: {error}") from error
        is_in_time = False
        try:
            is_in_time = wait_for_end(process, timeout_seconds)
        finally:
            status = end_group(process)
    if not is_in_time:
        raise MeasurementFailed(f"{_shown(words)} took longer than {timeout_seconds} s:\n{tail(output)}")
    if status not in allowed:
        raise MeasurementFailed(f"{_shown(words)} ended with status {status}:\n{tail(output)}")
    return status


def wait_for_end(process: subprocess.Popen[bytes], timeout_seconds: float | None) -> bool:
    """Wait until *process* ended and tell whether it did; its process id is not given free yet."""
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    given_up = _given_up.get()
    while not has_ended(process):
        if given_up is not None and given_up.is_set():
            raise _GivenUp
        if deadline is not None and time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether *process* ended, without giving its process id free: its group can still be addressed safely."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_group(process: subprocess.Popen[bytes]) -> int:
    """Kill whatever is left of the process group that *process* leads, and return its exit status."""
    if process.returncode is None:
        # The leader is alive or not yet waited for, so its id cannot mean anybody else's group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def tail(output: Path, lines: int = TAIL_LINES) -> str:
    """Return the last non-empty lines of a file that a process wrote to."""
    with output.open("rb") as file:
        file.seek(max(0, output.stat().st_size - _MAX_TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-lines:])


def _shown(words: Sequence[str]) -> str:
    text = " ".join(words)
    return text if len(text) <= 200 else text[:200] + " …"
