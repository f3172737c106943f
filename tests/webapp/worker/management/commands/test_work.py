"""`manage.py work` runs worker and scheduler without a web server."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT
from tests.webapp.serving import Server, wait_for


def test_work_processes_what_is_pending(tmp_path: Path) -> None:
    """Without a web server it is ready for tasks, has swept, and ends on SIGTERM with exit code 0."""
    server = Server(tmp_path)
    server.manage("migrate", "--verbosity", "0")
    with server.log.open("wb") as log:
        work = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "work"],
            env=server.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: "sweep" in server.told() and "succeeded" in server.told(), "the sweep at the start")
    finally:
        work.send_signal(signal.SIGTERM)

    assert 0 == work.wait(timeout=30)
    assert "stopped by SIGTERM" in server.told()
    assert "web" not in {line.partition("|")[0].strip() for line in server.told().splitlines()}
