"""The client tells apart what a retry can help and what it cannot."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from perfgate import client
from perfgate.errors import (
    InvalidInput,
    InvalidResult,
    NotFound,
    PerfgateError,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)


class Answering(BaseHTTPRequestHandler):
    """A server of fixed answers: only how the client reads them is under test here."""

    status: ClassVar[int] = 201
    body: ClassVar[bytes] = b"{}"
    headers_out: ClassVar[dict[str, str]] = {}
    seen: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, dict(self.headers), data))
        self.send_response(self.status)
        for name, value in self.headers_out.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()
    Answering.status, Answering.body, Answering.headers_out = 201, b"{}", {}
    Answering.seen.clear()


def test_the_body_is_the_file(server: str) -> None:
    """What is uploaded is the result file itself, compressed on the way, under its own name."""
    client.upload(server, "pgt_x", b'{"a": 1}', name="a b/é.json")
    ((path, headers, data),) = Answering.seen

    assert "/api/v1/runs?name=a%20b/%C3%A9.json" == path
    assert "Bearer pgt_x" == headers["Authorization"]
    assert b'{"a": 1}' == gzip.decompress(data)


@pytest.mark.parametrize(
    ("status", "kind", "retry"),
    [
        (400, InvalidResult, False),
        (401, PermissionDenied, False),
        (403, PermissionDenied, False),
        (404, NotFound, False),
        (413, Rejected, False),
        (422, InvalidResult, False),
        (429, RateLimited, True),
        (500, Unavailable, True),
        (503, Unavailable, True),
    ],
)
@pytest.mark.parametrize(
    "body", [b'{"error": {"reason": "because", "path": "$.run"}}', b"<html>", b"[]", b'{"error": 1}']
)
def test_every_refusal_becomes_the_right_error(
    server: str, status: int, kind: type[PerfgateError], retry: bool, body: bytes
) -> None:
    """The server's reason is kept where it gives one; whether to retry follows from the status."""
    Answering.status, Answering.body = status, body
    with pytest.raises(kind) as caught:
        client.upload(server, "pgt_x", b"{}", name="r.json")

    assert type(caught.value) is kind
    assert retry == caught.value.can_retry
    assert ("because" in str(caught.value)) == (b"because" in body)


def test_a_server_that_is_not_there_may_be_tried_again() -> None:
    """Connection refused is no verdict on the file."""
    with pytest.raises(Unavailable, match="is it running"):
        client.upload("http://127.0.0.1:9", "pgt_x", b"{}", name="r.json")


def test_an_answer_that_is_no_json_may_be_tried_again(server: str) -> None:
    """A proxy's page instead of the server's answer is an outage."""
    Answering.body = b"<html>"
    with pytest.raises(Unavailable):
        client.upload(server, "pgt_x", b"{}", name="r.json")


def test_only_http_addresses_are_used() -> None:
    """A file:// address is refused before anything is opened."""
    with pytest.raises(InvalidInput, match="file:///etc/passwd"):
        client.upload("file:///etc/passwd", "pgt_x", b"{}", name="r.json")
