"""`perfgate upload`: what it needs, and what it prints; tests/webapp/api uploads to a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from perfgate.cli import main

STORED = {
    "run": 7,
    "created": True,
    "url": "http://server/runs/7/",
    "stored": {"measured": 2},
    "refused": [{"where": "$.benchmarks[1]", "reason": "it has no value"}],
}


class Handler(BaseHTTPRequestHandler):
    """Stores every file but those that hold the word ``bad``."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_good = "bad" not in self.path
        body = json.dumps(STORED if is_good else {"error": {"reason": "it is no result", "path": "$"}}).encode()
        self.send_response(201 if is_good else 422)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PERFGATE_TOKEN", "token")
    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name in ("good.json", "bad.json"):
        (tmp_path / name).write_text("{}")
    return [str(tmp_path / name) for name in ("good.json", "bad.json", "missing.json")]


def test_each_file_is_told_what_became_of_it(server: str, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Stored with its address and what was refused in it, or refused with the reason; one failure is exit code 2."""
    assert 2 == main(["upload", *files, "--server", server])
    text = capsys.readouterr().out

    assert "stored: run 7 (2 measured) http://server/runs/7/\n  refused $.benchmarks[1]: it has no value\n" in text
    assert text.count("it is no result") == 1
    assert "No such file" in text


def test_json_is_one_line_per_file(server: str, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read the server's response, or the error and whether a retry can help."""
    assert 0 == main(["upload", files[0], "--server", server, "--json"])
    assert {"file": files[0], **STORED} == json.loads(capsys.readouterr().out)
    main(["upload", files[1], "--server", server, "--json"])
    assert not json.loads(capsys.readouterr().out)["error"]["retry"]


def test_server_and_token_are_needed(
    files: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names what is not set."""
    monkeypatch.delenv("PERFGATE_TOKEN", raising=False)
    monkeypatch.delenv("PERFGATE_SERVER", raising=False)

    assert 2 == main(["upload", files[0]])
    assert "--server or $PERFGATE_SERVER is not set" in capsys.readouterr().err
    assert 2 == main(["upload", files[0], "--server", "http://127.0.0.1:9"])
    assert "$PERFGATE_TOKEN is not set" in capsys.readouterr().err
