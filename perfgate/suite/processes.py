"""Processes that never outlive us: run a tool and keep its last words, turn SIGTERM into an exception, end groups."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from perfgate.errors import MeasurementFailed

TAIL_LINES = 15
"""Lines of a failed tool's output that an error shows."""

_MAX_TAIL_BYTES = 64 * 1024
_POLL_SECONDS = 0.02


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `SystemExit` in the main thread, so that every ``finally`` on the way out runs.

    A second one is ignored while the first is being obeyed. Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGTERM, signal.SIGHUP)

    def leave(number: int, _: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
    while not has_ended(process):
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
