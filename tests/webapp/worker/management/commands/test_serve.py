"""`manage.py serve` runs the whole server, and nothing of it is left when it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from perfgate import client
from perfgate.results import result_file
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Run, Sample
from tests.paths import ROOT
from tests.webapp.serving import Server, alive, wait_for

RESULT = result_file.write(
    Run(
        suite="bench",
        tool="t 1",
        commit=Commit(sha="a" * 40),
        environment=Environment(name="runner"),
        samples=(Sample(benchmark=Benchmark(name="parse"), metric=CPU_TIME, value=1.0),),
    )
)


def upload_and_wait(server: Server) -> None:
    """Upload a run as CI does, and wait until the worker has processed it."""
    server.manage("create_project", "hello")
    token = server.manage("create_token", "hello", "--name", "CI")
    stored = client.upload(server.url, token, RESULT, name="result.json")
    wait_for(lambda: server.get(f"/api/v1/runs/{stored['run']}")["processed_at"], "the run to be processed")


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_serve_is_the_whole_server(tmp_path: Path) -> None:
    """It answers, takes a run and processes it; SIGTERM ends every process of it, and its port is free again."""
    with Server(tmp_path) as server:
        assert "ok" == server.get("/api/v1/health")["status"]
        upload_and_wait(server)
        processes = server.descendants()
        assert len(processes) >= 4

        server.stop(signal.SIGTERM)

        assert 0 == server.process.wait(timeout=30), server.told()
        assert set() == alive(processes)
        assert "stopped by SIGTERM" in server.told()
        assert str(tmp_path / "data") in server.told()
        assert "Traceback" not in server.told()
        assert "Warning" not in server.told()
    port = int(server.url.rpartition(":")[2])
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_no_child_process_outlives_its_parent(tmp_path: Path) -> None:
    """When the parent is killed with SIGKILL, its child processes end by themselves."""
    with Server(tmp_path) as server:
        assert "ok" == server.get("/api/v1/health")["status"]
        processes = server.descendants()

        server.stop(signal.SIGKILL)

        wait_for(lambda: not alive(processes), "the child processes to end")


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("child", ["web", "worker"])
def test_a_process_that_dies_ends_all(tmp_path: Path, child: str) -> None:
    """When a child process dies, the others are stopped, it is named, and the exit code is 1."""
    with Server(tmp_path) as server:
        assert "ok" == server.get("/api/v1/health")["status"]
        processes = server.descendants()
        (victim,) = (
            process
            for process in processes
            if Path(f"/proc/{process}/cmdline").read_text().split("\0")[2:4] == ["webapp.worker.child_process", child]
            and f"PPid:\t{server.process.pid}" in Path(f"/proc/{process}/status").read_text()
        )

        os.kill(victim, signal.SIGKILL)

        assert 1 == server.process.wait(timeout=30)
        assert set() == alive(processes)
        assert re.search(rf"{child} ended by itself", server.told())


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    """A port that another program listens on is an error that names both, with exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "serve", "--port", port],
            env={**os.environ, "PERFGATE_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "webapp.settings"},
            check=False,
            capture_output=True,
            text=True,
        )

    assert 2 == done.returncode
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("address", ["redis://127.0.0.1:6379/15", "amqp://guest:guest@127.0.0.1:5672//"])
def test_every_broker_brings_an_upload_to_the_worker(tmp_path: Path, address: str) -> None:
    """Over each broker, an uploaded run is processed because its message arrived; Ctrl-C ends it as well."""
    require(address)
    with Server(tmp_path, CELERY_BROKER_URL=address) as server:
        upload_and_wait(server)
        assert re.search(r"process_run\[", server.told())

        server.stop(signal.SIGINT)

        assert 0 == server.process.wait(timeout=30)
        assert "Traceback" not in server.told()


def require(address: str) -> None:
    """Skip where the broker is not reachable; on CI it must be."""
    port = urlsplit(address).port
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"nothing listens at 127.0.0.1:{port}")
