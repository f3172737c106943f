"""A whole server as its users start it: `manage.py serve` in a data directory of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.paths import ROOT

PATIENCE_SECONDS = 60
"""After this a test fails; what it waits for takes a second or two."""


def wait_for(ready: Callable[[], object], what: str) -> None:
    """Return as soon as *ready* says so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s for {what}"
        time.sleep(0.05)


class Server:
    """From ``with`` to its end, with its output in *log*."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        self.environment = {
            **kept,
            # gunicorn 27 leaves a socket object open when it is handed one.
            "PYTHONWARNINGS": "error,ignore::ResourceWarning",
            "PERFGATE_DATA_DIR": str(folder / "data"),
            **environment,
        }
        self.log = folder / "log"
        self.url = ""

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command("serve", "--port", "0", "--workers", "1"),
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: self._address() or self.process.poll() is not None, "the address")
        self.url = self._address()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGTERM)
        self.process.wait()

    def manage(self, *arguments: str) -> str:
        """Run another command of ``manage.py`` on the same data; return what it prints."""
        done = subprocess.run(
            self._command(*arguments), env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def get(self, path: str) -> Any:
        """Return the JSON at *path*."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=PATIENCE_SECONDS) as response:
            return json.load(response)

    def stop(self, number: signal.Signals) -> None:
        """Send a signal to the parent, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def descendants(self) -> set[int]:
        """Return the ids of all processes that it started, directly or not."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(stat.parent.name)] = int(fields[1])
        found = {self.process.pid}
        while more := {child for child, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def told(self) -> str:
        """Return everything printed so far."""
        return self.log.read_text()

    def _address(self) -> str:
        found = re.search(r"perfgate is at (http://[^/]+)/", self.told())
        return found[1] if found else ""

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]


def alive(processes: set[int]) -> set[int]:
    """Return those of *processes* that still run."""
    return {number for number in processes if _runs(number)}


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
