"""The stand-in as a server: takes requests, holds them against the contract, and does on purpose what goes wrong.

Requests are obeyed one at a time.
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

import jwt

from standin.contract import ContractBroken, Operation, github
from standin.operations import BEHAVIOURS, Answer, Call, Refused
from standin.shapes import Shapes
from standin.state import (
    App,
    Change,
    CheckRun,
    Comment,
    Dispatch,
    Issue,
    PullRequest,
    Repository,
    State,
    Status,
    Token,
    WorkflowRun,
)

API_VERSION = "2022-11-28"

MAX_APP_TOKEN_SECONDS = 720
"""GitHub takes ten minutes, and a token may begin a little in the past."""


@dataclass(frozen=True)
class Exchange:
    """One request that came in, and what it got."""

    operation: str
    """GitHub's name, such as ``issues/create-comment``; empty: GitHub has no such operation."""
    method: str
    path: str
    status: int
    """0: the connection was closed without an answer."""
    at: float = 0.0
    """When, by the stand-in's clock."""


@dataclass(frozen=True)
class _Fault:
    answer: Answer | None
    after: bool
    seconds: float = 0.0
    """Above 0: the answer is the right one, and late."""


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


class StandIn:
    """GitHub on loopback, from ``with`` to its end.

    Args:
        port: 0 takes a free one.
        clock: Tells the time of each exchange, in seconds.

    Raises:
        ContractBroken: On leaving: something in the traffic was not GitHub's.
    """

    def __init__(self, *, port: int = 0, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._state = State()
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
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering; what is remembered can still be looked at."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def writes(self) -> list[str]:
        """Return the names of the operations that were to change something, oldest first."""
        return [one.operation for one in self.exchanges if one.method != "GET"]

    def add_token(self, token: str, login: str, *, may_write: bool = True) -> None:
        """Let *token* in.

        Args:
            token: What the client sends.
            login: Who that is; ``slug[bot]`` makes it an App's, ``github-actions[bot]`` a workflow's.
            may_write: False: it may only read, like a workflow's in a pull request from a fork.
        """
        self._state.tokens[token] = Token(login, may_write)

    def add_repository(self, full_name: str, *, default_branch: str = "main") -> None:
        """Create a repository that knows no commit yet."""
        repository = Repository(next(self._state.ids), full_name, default_branch)
        self._state.repositories[full_name.lower()] = repository

    def add_commits(self, full_name: str, *shas: str) -> None:
        """Make commits known; check runs can be written on known ones only."""
        self._repository(full_name).shas.update(shas)

    def add_line(self, full_name: str, *changes: Change) -> None:
        """Put commits onto the end of the default branch; ranges of them can be compared."""
        repository = self._repository(full_name)
        repository.line.extend(changes)
        repository.shas.update(change.sha for change in changes)

    def add_file(self, full_name: str, ref: str, path: str, data: bytes) -> None:
        """Put a file where ``GET contents`` finds it at *ref*."""
        self._repository(full_name).files[ref, path] = data

    def add_workflow(self, full_name: str, file: str, *inputs: str) -> None:
        """Put a workflow there that can be asked for with *inputs*."""
        self._repository(full_name).workflows[file] = frozenset(inputs)

    def add_app(self, number: int, slug: str, public_key: str) -> None:
        """Let an App in that is installed everywhere: *public_key*, as PEM, is that of its tokens."""
        self._state.app = App(number, slug, public_key)

    def let(self, full_name: str, login: str, permission: str) -> None:
        """Give somebody a role in a repository: admin, write or read."""
        self._repository(full_name).permissions[login] = permission

    def add_workflow_run(
        self,
        full_name: str,
        *,
        path: str,
        event: str,
        head_sha: str,
        head_branch: str,
        head_repository: str,
        artifacts: Mapping[str, bytes],
    ) -> int:
        """Let a run of a workflow have ended and return its id; *artifacts* are zip files by name."""
        repository = self._repository(full_name)
        ids = {name: next(self._state.ids) for name in artifacts}
        repository.artifacts.update({ids[name]: content for name, content in artifacts.items()})
        number = next(self._state.ids)
        repository.workflow_runs[number] = WorkflowRun(number, path, event, head_sha, head_branch, head_repository, ids)
        return number

    def statuses(self, full_name: str) -> list[Status]:
        """Return the commit statuses, oldest first."""
        return list(self._repository(full_name).statuses)

    def dispatches(self, full_name: str) -> list[Dispatch]:
        """Return the runs of workflows that were asked for, oldest first."""
        return list(self._repository(full_name).dispatches)

    def open_pull_request(
        self,
        full_name: str,
        *,
        title: str,
        head_sha: str,
        base_sha: str,
        head_ref: str = "change",
        base_ref: str = "main",
        head_repository: str = "",
        author: str = "contributor",
    ) -> int:
        """Open a pull request and return its number; *head_repository* is given for one from a fork."""
        repository = self._repository(full_name)
        repository.shas.update((head_sha, base_sha))
        number = repository.next_number()
        repository.threads[number] = PullRequest(
            next(self._state.ids),
            number,
            author,
            title,
            "",
            head_sha=head_sha,
            head_ref=head_ref,
            head_repository=head_repository or repository.full_name,
            base_sha=base_sha,
            base_ref=base_ref,
        )
        return number

    def push(self, full_name: str, number: int, head_sha: str) -> None:
        """Move the head of a pull request."""
        repository = self._repository(full_name)
        pull = repository.threads[number]
        assert isinstance(pull, PullRequest)
        repository.shas.add(head_sha)
        pull.head_sha = head_sha

    def add_comment(self, full_name: str, number: int, author: str, body: str) -> int:
        """Let *author* comment and return the comment's id."""
        comment = Comment(next(self._state.ids), author, body)
        self._repository(full_name).threads[number].comments.append(comment)
        return comment.id

    def comments(self, full_name: str, number: int) -> list[Comment]:
        """Return the comments on an issue or pull request, oldest first."""
        return list(self._repository(full_name).threads[number].comments)

    def issues(self, full_name: str) -> list[Issue]:
        """Return the issues, oldest first, without the pull requests."""
        threads = self._repository(full_name).threads.values()
        return [thread for thread in threads if not isinstance(thread, PullRequest)]

    def check_runs(self, full_name: str, sha: str) -> list[CheckRun]:
        """Return the check runs on a commit, oldest first."""
        return [run for run in self._repository(full_name).check_runs.values() if run.head_sha == sha]

    def delete_comment(self, full_name: str, comment_id: int) -> None:
        """Let somebody delete a comment."""
        found = self._repository(full_name).find_comment(comment_id)
        assert found is not None
        thread, comment = found
        thread.comments.remove(comment)

    def set_body(self, full_name: str, number: int, body: str) -> None:
        """Let somebody edit the text of an issue or pull request."""
        self._repository(full_name).threads[number].body = body

    def delete_issue(self, full_name: str, number: int) -> None:
        """Let somebody delete an issue."""
        del self._repository(full_name).threads[number]

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
        """Answer the next request for *operation* with something else, an error usually.

        Args:
            operation: GitHub's name of it, such as ``issues/create-comment``.
            status: HTTP status.
            message: GitHub's words.
            headers: Of the answer.
            body: In place of one with the message.
            after: Whether the request is obeyed all the same, as with a 502 from the load balancer.
        """
        answer = Answer(status, {"message": message} if body is None else body, dict(headers or {}))
        self._faults.setdefault(operation, []).append(_Fault(answer, after))

    def delay(self, operation: str, seconds: float) -> None:
        """Take so long to answer the next request for *operation*."""
        self._faults.setdefault(operation, []).append(_Fault(None, after=True, seconds=seconds))

    def lose_answer(self, operation: str) -> None:
        """Obey the next request for *operation*, but close the connection instead of answering."""
        self._faults.setdefault(operation, []).append(_Fault(None, after=True))

    def take(self, request: _Request) -> Answer | None:
        """Obey a request and return the answer, None for none."""
        with self._lock:
            found = self._contract.find(request.method, request.path)
            unknown = f"{request.method} {request.path}: GitHub has no such operation"
            answer = self._take(request, *found) if found else self._broken(unknown)
            name, status = found[0].id if found else "", 0 if answer is None else answer.status
            self.exchanges.append(Exchange(name, request.method, request.path, status, self._clock()))
            return answer

    def _take(self, request: _Request, operation: Operation, path: dict[str, str]) -> Answer | None:
        fault = self._faults[operation.id].pop(0) if self._faults.get(operation.id) else None
        if fault is not None and fault.seconds:
            time.sleep(fault.seconds)
            fault = None
        try:
            body = self._checked_body(request, operation)
            if fault is not None and not fault.after:
                return fault.answer
            answer = self._obey(request, operation, path, body)
        except Refused as refused:
            answer = refused.answer
        errors = self._contract.answer_errors(operation, answer.status, answer.body)
        if errors:
            return self._broken(*(f"{operation.id}: the stand-in's own {error}" for error in errors))
        return answer if fault is None else fault.answer

    def _checked_body(self, request: _Request, operation: Operation) -> Any:
        """Return the decoded body, after everything that the contract can say about the request."""
        try:
            body = json.loads(request.body) if request.body else None
        except ValueError as error:
            self.violations.append(f"{operation.id}: the body is no JSON")
            raise Refused(400, "Problems parsing JSON") from error
        ignored = self._contract.query_errors(operation, request.query)
        ignored += self._contract.unknown_fields(operation, body)
        if request.headers.get("x-github-api-version") != API_VERSION:
            ignored.append(f"the header X-GitHub-Api-Version is not {API_VERSION}")
        behaviour = BEHAVIOURS.get(operation.id)
        fields = {*request.query, *(body if isinstance(body, dict) else ())}
        if behaviour is None:
            ignored.append("the stand-in has not learnt it")
        elif not ignored and fields - behaviour.obeys:
            ignored.append(f"the stand-in does not obey {sorted(fields - behaviour.obeys)}")
        refused = self._contract.body_errors(operation, body)
        found = [f"{operation.id}: {error}" for error in ignored + refused]
        if ignored:
            # GitHub would pass over it in silence, so only a loud answer gets noticed.
            raise Refused(500, self._broken(*found).body["message"])
        if refused:
            self.violations += found
            raise Refused(422, f"Invalid request. {'; '.join(refused)}")
        return body

    def _obey(self, request: _Request, operation: Operation, path: dict[str, str], body: Any) -> Answer:
        token = self._token(request.headers.get("authorization", "").partition(" ")[2])
        if request.method != "GET" and not (token.may_write and self._covers(token, operation, request)):
            raise Refused(403, "Resource not accessible by integration")
        if token.repository and not f"{request.path}/".lower().startswith(f"/repos/{token.repository.lower()}/"):
            raise Refused(404, "Not Found")
        parameters = {name: unquote(value) for name, value in path.items()}
        url = f"{self.url}{request.path}"
        call = Call(self._state, self._shapes, token, url, parameters, request.query, body or {})
        return BEHAVIOURS[operation.id].answer(call)

    def _token(self, secret: str) -> Token:
        """Return whose a token is, an App's own signed one among them."""
        known, app = self._state.tokens.get(secret), self._state.app
        if known is None and app is not None and secret.count(".") == 2:
            try:
                claims = jwt.decode(
                    secret, app.public_key, algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]}
                )
            except jwt.InvalidTokenError as error:
                raise Refused(401, "A JSON web token could not be decoded") from error
            if claims["iss"] != str(app.id) or claims["exp"] - claims["iat"] > MAX_APP_TOKEN_SECONDS:
                raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
            known = Token(f"app {app.id}")
        if known is None:
            raise Refused(401, "Bad credentials")
        return known

    def _covers(self, token: Token, operation: Operation, request: _Request) -> bool:
        """Tell whether a narrowed token may write what an operation writes."""
        if token.permissions is None:
            return True
        family = operation.id.partition("/")[0]
        needed = {"checks": {"checks"}, "actions": {"actions"}, "repos": {"statuses"}}.get(
            family, {"issues", "pull_requests"}
        )
        return bool(token.permissions & needed) or not request.path.startswith("/repos/")

    def stored(self, path: str, *, has_token: bool) -> bytes | None:
        """Return a file of the store that artifacts are sent on to; it refuses whoever shows it a token of GitHub's."""
        with self._lock:
            self.exchanges.append(Exchange("", "GET", path, 400 if has_token else 200))
            owner, name, number = path.removeprefix("/_storage/").split("/")
            found = self._repository(f"{owner}/{name}").artifacts.get(int(number))
            return None if has_token else found

    def _broken(self, *violations: str) -> Answer:
        self.violations += violations
        return Answer(500, {"message": f"Contract broken: {'; '.join(violations)}"})

    def _repository(self, full_name: str) -> Repository:
        return self._state.repositories[full_name.lower()]


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
        """Say nothing: `StandIn.exchanges` tells more."""

    def _serve(self) -> None:
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if target.path.startswith("/_storage/"):
            data = self.server.stand_in.stored(target.path, has_token="Authorization" in self.headers)
            self.send_response_only(400 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")
            return
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.stand_in.take(_Request(self.command, target.path, query, headers, body))
        if answer is None:
            self.close_connection = True
            return
        data = b"" if answer.body is None else json.dumps(answer.body).encode()
        common = {"Date": formatdate(usegmt=True), "Content-Type": "application/json; charset=utf-8"}
        self.send_response_only(answer.status)
        for name, value in {**common, **answer.headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
