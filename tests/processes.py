"""Finds the processes that a test started, directly or through others."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 120


def commands_using(folder: Path) -> list[str]:
    """Return the command lines of all processes that were started with *folder* as their temporary folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_for_command(folder: Path, part: str, is_running: Callable[[], bool]) -> None:
    """Wait until a process that uses *folder* has *part* in its command line."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(part in command for command in commands_using(folder)):
        assert is_running()
        assert time.monotonic() < deadline, commands_using(folder)
        time.sleep(0.02)
