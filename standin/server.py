"""The stand-in as a server: it checks every request against the contract, carries it out, and injects faults.

Requests are carried out one at a time.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from standin import access
from standin.contract import ContractBroken, Operation, github
from standin.operations import BEHAVIORS, Call, Refused, Response
from standin.shapes import Shapes
from standin.world import World

API_VERSION = "2022-11-28"

STORAGE = "/_storage/"
"""Where the files of artifacts are; on GitHub that is another host."""


@dataclass(frozen=True)
class Exchange:
    """One request and its response."""

    operation: str
    """GitHub's name, such as ``issues/create-comment``; empty: GitHub has no such operation."""
    method: str
    path: str
    status: int
    """0: the connection was closed without a response."""
    at: float = 0.0
    """When, by the stand-in's clock."""


@dataclass(frozen=True)
class _Fault:
    response: Response | None
    """None: the connection is closed without a response."""
    after: bool
    """Whether the request is carried out."""
    seconds: float = 0.0
    """Above 0: the response is the regular one, this much later."""


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


class StandIn(World):
    """GitHub on loopback, for the length of a ``with`` statement.

    Args:
        port: 0 takes a free one.
        clock: Returns the time of each exchange, in seconds.

    Raises:
        ContractBroken: On leaving: some of the traffic was not as GitHub describes it.
    """

    def __init__(self, *, port: int = 0, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._faults: dict[str, list[_Fault]] = {}
        self._contract = github()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        """Root of the API."""
        self._shapes = Shapes(self._contract, self.url)
        self.violations: list[str] = []
        """What was not as GitHub describes it; clear it if you provoked that."""
        self.exchanges: list[Exchange] = []
        """All requests, oldest first."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop()
        if kind is None and self.violations:
            raise ContractBroken("\n".join(self.violations))

    def start(self) -> None:
        """Start to respond."""
        self._thread.start()

    def stop(self) -> None:
        """Stop responding; what exists can still be looked at."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def writes(self) -> list[str]:
        """Return the names of the requested operations that change something, oldest first."""
        return [exchange.operation for exchange in self.exchanges if exchange.method != "GET"]

    def fail(
        self,
        operation: str,
        status: int,
        message: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        after: bool = False,
    ) -> None:
        """Give the next request for *operation* another response, usually an error.

        Args:
            operation: GitHub's name of it, such as ``issues/create-comment``.
            status: HTTP status.
            message: GitHub's message.
            headers: Of the response.
            body: In place of one with the message.
            after: Whether the request is carried out all the same, as with a 502 from the load balancer.
        """
        response = Response(status, {"message": message} if body is None else body, dict(headers or {}))
        self._faults.setdefault(operation, []).append(_Fault(response, after))

    def delay(self, operation: str, seconds: float) -> None:
        """Delay the response to the next request for *operation*."""
        self._faults.setdefault(operation, []).append(_Fault(None, after=True, seconds=seconds))

    def lose_response(self, operation: str) -> None:
        """Carry out the next request for *operation*, but close the connection instead of responding."""
        self._faults.setdefault(operation, []).append(_Fault(None, after=True))

    def handle(self, request: _Request) -> Response | None:
        """Carry out a request and return the response, None for none."""
        with self._lock:
            found = self._contract.find(request.method, request.path)
            unknown = f"{request.method} {request.path}: GitHub has no such operation"
            response = self._handle(request, *found) if found else self._broken(unknown)
            name, status = found[0].id if found else "", 0 if response is None else response.status
            self.exchanges.append(Exchange(name, request.method, request.path, status, self._clock()))
            return response

    def _handle(self, request: _Request, operation: Operation, path: dict[str, str]) -> Response | None:
        fault = self._faults[operation.id].pop(0) if self._faults.get(operation.id) else None
        if fault is not None and fault.seconds:
            time.sleep(fault.seconds)
            fault = None
        try:
            body = self._checked_body(request, operation)
            if fault is not None and not fault.after:
                return fault.response
            response = self._respond(request, operation, path, body)
        except Refused as refused:
            response = refused.response
        errors = self._contract.response_errors(operation, response.status, response.body)
        if errors:
            return self._broken(*(f"{operation.id}: the stand-in's own {error}" for error in errors))
        return response if fault is None else fault.response

    def _checked_body(self, request: _Request, operation: Operation) -> Any:
        """Return the decoded body, after everything in the request is checked against the contract."""
        try:
            body = json.loads(request.body) if request.body else None
        except ValueError as error:
            self.violations.append(f"{operation.id}: the body is no JSON")
            raise Refused(400, "Problems parsing JSON") from error
        if ignored := self._ignored(request, operation, body):
            refused = self._contract.body_errors(operation, body)
            # GitHub would ignore it without an error, so the response must be one.
            raise Refused(
                500, self._broken(*(f"{operation.id}: {error}" for error in ignored + refused)).body["message"]
            )
        if refused := self._contract.body_errors(operation, body):
            self.violations += [f"{operation.id}: {error}" for error in refused]
            raise Refused(422, f"Invalid request. {'; '.join(refused)}")
        return body

    def _ignored(self, request: _Request, operation: Operation, body: Any) -> list[str]:
        """Return what GitHub, or the stand-in, would ignore in a request."""
        ignored = self._contract.query_errors(operation, request.query)
        ignored += self._contract.unknown_fields(operation, body)
        if request.headers.get("x-github-api-version") != API_VERSION:
            ignored.append(f"the header X-GitHub-Api-Version is not {API_VERSION}")
        behavior = BEHAVIORS.get(operation.id)
        fields = {*request.query, *(body if isinstance(body, dict) else ())}
        if behavior is None:
            ignored.append("the stand-in does not implement it")
        elif not ignored and fields - behavior.supports:
            ignored.append(f"the stand-in does not support {sorted(fields - behavior.supports)}")
        return ignored

    def _respond(self, request: _Request, operation: Operation, path: dict[str, str], body: Any) -> Response:
        token = access.authenticate(self._state, request.headers.get("authorization", ""))
        access.authorize(token, operation, request.path)
        parameters = {name: unquote(value) for name, value in path.items()}
        url = f"{self.url}{request.path}"
        call = Call(self._state, self._shapes, token, url, parameters, request.query, body or {})
        return BEHAVIORS[operation.id].respond(call)

    def artifact(self, path: str, *, has_token: bool) -> bytes | None:
        """Return the file of an artifact; a request that carries a token of GitHub's is refused."""
        with self._lock:
            self.exchanges.append(Exchange("", "GET", path, 400 if has_token else 200))
            owner, name, number = path.removeprefix(STORAGE).split("/")
            found = self._repository(f"{owner}/{name}").artifacts.get(int(number))
            return None if has_token else found

    def _broken(self, *violations: str) -> Response:
        self.violations += violations
        return Response(500, {"message": f"Contract broken: {'; '.join(violations)}"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        super().__init__(address, _Handler)
        self.stand_in = stand_in


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Log nothing: `StandIn.exchanges` has more."""

    def _serve(self) -> None:
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if target.path.startswith(STORAGE):
            data = self.server.stand_in.artifact(target.path, has_token="Authorization" in self.headers)
            self._send(400 if data is None else 200, {}, data or b"")
            return
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        response = self.server.stand_in.handle(_Request(self.command, target.path, query, headers, body))
        if response is None:
            self.close_connection = True
            return
        data = b"" if response.body is None else json.dumps(response.body).encode()
        common = {"Date": formatdate(usegmt=True), "Content-Type": "application/json; charset=utf-8"}
        self._send(response.status, {**common, **response.headers}, data)

    def _send(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
