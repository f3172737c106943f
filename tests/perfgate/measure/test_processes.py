"""Programs run in groups of their own, say why they failed, and leave nobody behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.processes import run_tool, tail


def run(tmp_path: Path, script: str, *, timeout_seconds: float | None = None) -> int:
    command = [sys.executable, "-c", script]
    output = tmp_path / "output"
    return run_tool(command, cwd=tmp_path, environment=os.environ, output=output, timeout_seconds=timeout_seconds)


def test_a_failure_carries_the_last_lines(tmp_path: Path) -> None:
    """The status and what was printed last are in the error."""
    with pytest.raises(MeasurementFailed, match=r"(?s)ended with status 3:\nhello"):
        run(tmp_path, "print('hello'); raise SystemExit(3)")


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """With a reason."""
    with pytest.raises(MeasurementFailed, match=r"took longer than 0\.3 s"):
        run(tmp_path, "import time; time.sleep(600)", timeout_seconds=0.3)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Not a crash."""
    with pytest.raises(MeasurementFailed, match="cannot start /no/such/program"):
        run_tool(["/no/such/program"], cwd=tmp_path, environment={}, output=tmp_path / "output")


def test_children_of_a_program_end_with_it(tmp_path: Path) -> None:
    """A child that a tool left in the background is killed with its group."""
    script = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)"
    )
    run(tmp_path, script)

    child = Path(f"/proc/{tail(tmp_path / 'output')}/stat")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    assert time.monotonic() < deadline
