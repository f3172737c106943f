"""The demonstration ends with everything that it started: demo/__main__.py and demo/stage.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.paths import ROOT

PATIENCE_SECONDS = 120


@pytest.mark.parametrize(
    ("number", "whole_group"), [(signal.SIGTERM, False), (signal.SIGINT, True)], ids=["SIGTERM", "Ctrl-C"]
)
def test_a_signal_ends_every_process_of_the_demonstration(
    tmp_path: Path, number: signal.Signals, *, whole_group: bool
) -> None:
    """While a commit is measured, the server with its workers and the measuring command end, and no folder stays."""
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    with (tmp_path.parent / f"{tmp_path.name}.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "demo"],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        _wait_until_measuring(tmp_path, demo)
        os.kill(-demo.pid if whole_group else demo.pid, number)

        assert 128 + number == demo.wait(PATIENCE_SECONDS)
    assert [] == _processes(tmp_path)
    assert [] == list(tmp_path.iterdir())


def _wait_until_measuring(folder: Path, demo: subprocess.Popen[bytes]) -> None:
    """Wait until a tool runs inside a workspace of `perfgate run`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any("perfgate-measures-" in command for command in _processes(folder)):
        assert demo.poll() is None
        assert time.monotonic() < deadline, _processes(folder)
        time.sleep(0.02)


def _processes(folder: Path) -> list[str]:
    """Return the command lines of all processes that were started with *folder* as their temporary folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
