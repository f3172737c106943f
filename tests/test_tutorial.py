"""The tutorial is true: its commands are run in order, and print what it shows."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.paths import ROOT

TEXT = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
PATIENCE_SECONDS = 60


def test_a_newcomer_gets_a_verdict_and_a_history(tmp_path: Path) -> None:
    """Every `sh` block runs; the gate fails as shown; `init` writes what is shown; the server shows the uploaded point."""
    environment = _environment(tmp_path)
    *laptop, upload = SCRIPTS
    printed = _run("\n".join(laptop), tmp_path, environment)

    assert "❌ 1 benchmark beyond the budget" in printed
    assert re.search(r"^test_count +fail +CPU time ", printed, re.MULTILINE)
    assert "exit code 1\n" in printed
    (written,) = re.findall(r"^```text\n(found .*?)```", TEXT, re.MULTILINE | re.DOTALL)
    assert written in printed

    *prepare, serve = re.findall(r"^\$ python manage.py (.*)$", TEXT, re.MULTILINE)
    assert "serve" == serve
    token = [_manage(environment, *arguments.split()) for arguments in prepare][-1].split()[-1]
    with _server(environment) as address:
        _run(upload.replace("pgt_…", token).replace("http://127.0.0.1:8000", address), tmp_path / "words", environment)
        _wait(lambda: "test_count" in _get(f"{address}/projects/words/"), "the uploaded point on the project's page")


def _environment(folder: Path) -> dict[str, str]:
    """Return the variables of somebody who has perfgate installed and whom git knows."""
    ours = ("PERFGATE_", "DJANGO_", "GIT_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*ours, "DATABASE_URL"))}
    (folder / "gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "140",
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PERFGATE_DATA_DIR": str(folder / "data"),
        "PERFGATE_CACHE_DIR": str(folder / "cache"),
    }


def _run(script: str, folder: Path, environment: dict[str, str]) -> str:
    """Return what bash prints; the first command that fails ends it."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def _manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@contextmanager
def _server(environment: dict[str, str]) -> Iterator[str]:
    """Run ``manage.py serve`` on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(lambda: bool(_get(f"http://127.0.0.1:{port}/api/v1/health")), "the server")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s for {what}"
        time.sleep(0.2)


def _get(address: str) -> str:
    """Return a page without the places where a long name may break; empty while the server does not answer."""
    try:
        with urllib.request.urlopen(address, timeout=30) as response:
            return str(response.read().decode()).replace("<wbr>", "")
    except OSError:
        return ""
