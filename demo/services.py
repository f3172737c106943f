"""The services that the demonstration uses: a perfgate server with its worker, and the stand-in for GitHub."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standin import StandIn

ROOT = Path(__file__).parents[1]
PROJECT = "textstats"
REPOSITORY = "example/textstats"
TOKEN = "demo-token"
LOGIN = "perfgate[bot]"
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Services:
    """The running server and stand-in, and the environment variables of commands that use them."""

    folder: Path
    url: str
    github: StandIn
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        """Return what ``manage.py`` prints."""
        return self._run(str(ROOT / "manage.py"), *arguments).stdout.strip()

    def perfgate(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run the ``perfgate`` command as a developer would."""
        return self._run("-m", "perfgate", *arguments, allowed=allowed)

    def _run(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        pipe = subprocess.PIPE
        with (
            subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=pipe, stderr=pipe, text=True) as process,
            terminating(process),
        ):
            output, errors = process.communicate()
        if process.returncode not in allowed:
            raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}:\n{output}{errors}")
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def answers(self, path: str) -> int:
        """Return the HTTP status of a GET request."""
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            response.read()
            return int(response.status)


@contextlib.contextmanager
def start_services(folder: Path) -> Iterator[Services]:
    """Start the stand-in and the server, and stop both at the end."""
    port = _free_port()
    with StandIn() as github:
        github.add_repository(REPOSITORY)
        github.add_token(TOKEN, LOGIN)
        environment = {
            **os.environ,
            "COLUMNS": "124",
            "PERFGATE_DATA_DIR": str(folder / "data"),
            "PERFGATE_CACHE_DIR": str(folder / "cache"),
            "PERFGATE_BASE_URL": f"http://127.0.0.1:{port}",
            "PERFGATE_GITHUB_API_URL": github.url,
            "PERFGATE_GITHUB_TOKEN": TOKEN,
            "PERFGATE_GITHUB_LOGIN": LOGIN,
            "PERFGATE_SERVER": f"http://127.0.0.1:{port}",
        }
        for elsewhere in ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"):
            environment.pop(elsewhere, None)
        services = Services(folder, f"http://127.0.0.1:{port}", github, environment)
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                with terminating(server):
                    wait_for("the server", lambda: _is_up(services.url, server), START_SECONDS)
                    yield services
            except SystemExit as end:
                if isinstance(end.code, str):  # an error message; a signal leaves a number
                    text = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
                    print(text[-3_000:], file=sys.stderr)
                raise


@contextlib.contextmanager
def terminating(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Send SIGTERM to *process* at the end and wait for it, so that it ends the processes that it started."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(what: str, condition: Callable[[], bool], seconds: float) -> None:
    """Wait until *condition* holds, or exit with an error that names *what*."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {seconds:.0f} s for {what}, without success")
        time.sleep(0.2)


def _is_up(url: str, server: subprocess.Popen[bytes]) -> bool:
    if server.poll() is not None:
        raise SystemExit(f"the server ended with {server.returncode}")
    try:
        with urllib.request.urlopen(f"{url}/api/v1/health", timeout=5) as response:
            return bool(json.load(response))
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
