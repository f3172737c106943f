"""Child processes are run as one, see supervisor.py and child_process.py; test_serve.py runs the real ones."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from webapp.worker.supervisor import SIGNALS, ChildProcess, supervise

VERSION = ChildProcess("web", ("--version",))
"""The web server's program when it only prints its version and ends."""
IDLE = ChildProcess("scheduler", ("--loglevel", "WARNING", "--schedule", os.devnull))


def test_a_process_that_ends_ends_all() -> None:
    """The exit code is 1, the process is named, and its output is forwarded with its name."""
    lines: list[str] = []

    assert 1 == supervise([VERSION, IDLE], lines.append)

    assert any(line.startswith("web       | ") and "version" in line for line in lines), lines
    assert "web ended by itself with exit code 0: everything is stopped" == lines[-1]


def test_a_signal_ends_all() -> None:
    """The exit code is 0, the signal is named, and the handlers that were there before are there again."""
    before = [signal.getsignal(number) for number in SIGNALS]
    lines: list[str] = []
    is_over = threading.Event()

    def interrupt() -> None:
        while not is_over.is_set() and signal.getsignal(signal.SIGTERM) is before[1]:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code = supervise([IDLE], lines.append)
    is_over.set()
    thread.join()

    assert (0, "stopped by SIGTERM") == (code, lines[-1])
    assert before == [signal.getsignal(number) for number in SIGNALS]


def test_a_process_gets_its_own_environment(tmp_path: Path) -> None:
    """Variables that are named for a process reach it."""
    lines: list[str] = []
    variables = {
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "PERFGATE_DATA_DIR": str(tmp_path),
        "PERFGATE_DEBUG": "perhaps",
    }

    supervise([ChildProcess("web", ("webapp.wsgi", "--check-config"), tuple(variables.items()))], lines.append)

    assert any("PERFGATE_DEBUG: 'perhaps' is not valid" in line for line in lines), lines
