"""Programs run in groups of their own, say why they failed, and leave no process behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.processes import run_parallel, run_tool, tail


def run(tmp_path: Path, script: str, *, timeout_seconds: float | None = None) -> int:
    command = [sys.executable, "-c", script]
    output = tmp_path / "output"
    return run_tool(command, cwd=tmp_path, environment=os.environ, output=output, timeout_seconds=timeout_seconds)


def test_a_failure_carries_the_last_lines(tmp_path: Path) -> None:
    """The error has the status and the last lines of output."""
    with pytest.raises(MeasurementFailed, match=r"(?s)ended with status 3:\nhello"):
        run(tmp_path, "print('hello'); raise SystemExit(3)")


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """It is killed, and the error says so."""
    with pytest.raises(MeasurementFailed, match=r"took longer than 0\.3 s"):
        run(tmp_path, "import time; time.sleep(600)", timeout_seconds=0.3)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The error names the program."""
    with pytest.raises(MeasurementFailed, match="cannot start /no/such/program"):
        run_tool(["/no/such/program"], cwd=tmp_path, environment={}, output=tmp_path / "output")


def test_child_processes_of_a_program_end_with_it(tmp_path: Path) -> None:
    """A process that a tool left in the background is killed with its group."""
    script = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)"
    )
    run(tmp_path, script)

    child = Path(f"/proc/{tail(tmp_path / 'output')}/stat")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    assert time.monotonic() < deadline


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_wait_kills_the_program(tmp_path: Path, exception: type[BaseException]) -> None:
    """Ctrl-C, or a signal that raises SystemExit, leaves no process behind."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise exception

    script = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(exception):
            run(tmp_path, script)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert not Path(f"/proc/{tail(tmp_path / 'output')}").exists()


def test_parallel_calls_return_their_results(tmp_path: Path) -> None:
    """Under their names, in their order, in threads or not."""
    for in_threads in (True, False):
        results = run_parallel({"first": lambda: 1, "second": lambda: 2}, in_threads=in_threads)
        assert [("first", 1), ("second", 2)] == list(results.items())
    assert not list(tmp_path.iterdir())


def test_the_first_failure_ends_the_other_calls(tmp_path: Path) -> None:
    """The program that another call runs is killed; the error is that of the call that failed."""
    (tmp_path / "slow").mkdir()

    def fail() -> int:
        while not (tmp_path / "slow/output").exists():
            time.sleep(0.01)
        raise KeyError("the reason")

    def wait() -> int:
        return run(tmp_path / "slow", "import time; time.sleep(600)")

    threads, began = threading.active_count(), time.monotonic()
    with pytest.raises(KeyError, match="the reason"):
        run_parallel({"slow": wait, "failing": fail}, in_threads=True)
    assert time.monotonic() - began < 300
    assert threads == threading.active_count()


NOISE = """Traceback (most recent call last):
/env/lib/pkg/old.py:7: PendingDeprecationWarning: go elsewhere
  import old
DEPRECATION: Configuring installation scheme with distutils is deprecated
  File "conftest.py", line 1, in <module>
[notice] A new release of pip is available
ModuleNotFoundError: No module named 'helper'
"""


def test_the_last_lines_are_about_the_failure(tmp_path: Path) -> None:
    """Deprecations of third parties would push the cause out of the lines that are shown."""
    (tmp_path / "log").write_text(NOISE)

    shown = tail(tmp_path / "log", lines=3).splitlines()
    assert "ModuleNotFoundError: No module named 'helper'" == shown[-1]
    assert '  File "conftest.py", line 1, in <module>' in tail(tmp_path / "log")
    assert "Traceback (most recent call last):" == shown[0]
