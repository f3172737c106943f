"""Requests, responses and refusals, and the registry of what each operation does.

An operation is a function registered under GitHub's name of it. It lists the query parameters and body fields that it
supports. Any other would be ignored, so the server refuses it with a violation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from standin.shapes import Json, Shapes
from standin.state import CheckRun, Comment, Issue, Repository, State, Token

MAX_BODY_CHARACTERS = 65_536
"""Of a comment or issue; not in GitHub's description."""
MAX_TITLE_CHARACTERS = 256
MAX_STATUS_CHARACTERS = 140
"""Of the description of a status; not in GitHub's description."""
MAX_PER_PAGE = 100

Item = TypeVar("Item")


@dataclass(frozen=True)
class Response:
    """An HTTP response; a body of None is none."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """GitHub refuses the request."""

    def __init__(self, status: int, message: str, errors: Sequence[Json] = ()) -> None:
        super().__init__(message)
        body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        self.response = Response(status, {**body, "errors": list(errors)} if errors else body)


@dataclass(frozen=True)
class Call:
    """One request that matches an operation."""

    state: State
    shapes: Shapes
    token: Token
    url: str
    """Without the query."""
    path: dict[str, str]
    """Parameters in the path."""
    query: dict[str, str]
    body: Json

    @property
    def repository(self) -> Repository:
        """The repository named in the path."""
        full_name = f"{self.path['owner']}/{self.path['repo']}"
        return found(self.state.repositories.get(full_name.lower()))

    @property
    def thread(self) -> Issue:
        """The issue or pull request named in the path."""
        return found(self.repository.threads.get(int(self.path["issue_number"])))

    @property
    def comment(self) -> tuple[Issue, Comment]:
        """The comment named in the path, and its thread."""
        return found(self.repository.find_comment(int(self.path["comment_id"])))

    @property
    def check_run(self) -> CheckRun:
        """The check run named in the path."""
        return found(self.repository.check_runs.get(int(self.path["check_run_id"])))

    def page(self, items: Sequence[Json]) -> tuple[list[Json], dict[str, str]]:
        """Return the requested page of *items*, and the header that links to the others."""
        size = min(int(self.query.get("per_page", "30")), MAX_PER_PAGE)
        number = int(self.query.get("page", "1"))
        last = max(1, -(-len(items) // size))
        relations = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        if number >= last:
            del relations["next"], relations["last"]
        if number == 1:
            del relations["prev"], relations["first"]
        links = [
            f'<{self.url}?{urlencode({**self.query, "page": str(target)})}>; rel="{name}"'
            for name, target in relations.items()
        ]
        return list(items[(number - 1) * size : number * size]), {"Link": ", ".join(links)} if links else {}


@dataclass(frozen=True)
class Behavior:
    """What an operation does and which parameters it supports."""

    respond: Callable[[Call], Response]
    supports: frozenset[str]
    """Query parameters and body fields."""


BEHAVIORS: dict[str, Behavior] = {}
"""By GitHub's name of the operation."""

Function = TypeVar("Function", bound=Callable[[Call], Response])


def operation(name: str, *supports: str) -> Callable[[Function], Function]:
    """Register what the operation *name* does; *supports* are its query parameters and body fields."""

    def register(function: Function) -> Function:
        BEHAVIORS[name] = Behavior(function, frozenset(supports))
        return function

    return register


def found(item: Item | None) -> Item:
    """Return *item*; refuse the request with 404 where it is None."""
    if item is None:
        raise Refused(404, "Not Found")
    return item


def check_text(resource: str, name: str, text: str | None, limit: int, *, required: bool = True) -> None:
    """Refuse a text that is too long, or missing although it is required."""
    problem = ""
    if required and not (text or "").strip():
        problem = f"{name} can't be blank"
    if len(text or "") > limit:
        problem = f"{name} is too long (maximum is {limit} characters)"
    if problem:
        error = {"resource": resource, "code": "custom", "field": name, "message": problem}
        raise Refused(422, "Validation Failed", [error])
