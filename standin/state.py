"""The state of the stand-in: repositories, pull requests, issues, comments, check runs, tokens and permissions.

Plain records without HTTP and without JSON; tests look at them directly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FIRST_ID = 2_500_000_000
"""GitHub's ids exceed 32 bits."""


def now() -> str:
    """Return the time as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Token:
    """A bearer token and what it permits."""

    login: str
    """``slug[bot]`` for an App's installation token, ``github-actions[bot]`` for a workflow's."""
    may_write: bool = True
    repository: str = ""
    """The only repository that it can access; empty: any."""
    permissions: frozenset[str] | None = None
    """Families of objects that it may write, such as ``issues``; None: all."""

    @property
    def is_app(self) -> bool:
        """Whether it is an installation token: these may write check runs, and ``GET /user`` refuses them."""
        return self.login.endswith("[bot]")


@dataclass
class Comment:
    """One comment on an issue or pull request."""

    id: int
    author: str
    body: str
    reactions: list[tuple[str, str]] = field(default_factory=list)
    """Login and content."""
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Issue:
    """One issue; a pull request is an issue, too."""

    id: int
    number: int
    author: str
    title: str
    body: str
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    comments: list[Comment] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    closed_at: str | None = None


@dataclass(kw_only=True)
class PullRequest(Issue):
    """One pull request."""

    head_sha: str
    head_ref: str
    head_repository: str
    base_sha: str
    base_ref: str


@dataclass
class CheckRun:
    """One check run on one commit."""

    id: int
    app: str
    """Slug of the App that created it."""
    name: str
    head_sha: str
    status: str = "queued"
    conclusion: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)
    """Buttons; GitHub shows them, and its API does not return them."""


@dataclass(frozen=True)
class Change:
    """One commit of the default branch."""

    sha: str
    message: str = ""
    author: str = ""
    pull_requests: tuple[int, ...] = ()
    """The merged pull requests that contain it."""


@dataclass(frozen=True)
class Dispatch:
    """One requested run of a workflow."""

    workflow: str
    ref: str
    inputs: dict[str, str]


@dataclass(frozen=True)
class Status:
    """One commit status."""

    sha: str
    context: str
    state: str
    description: str
    target_url: str


@dataclass(frozen=True)
class WorkflowRun:
    """One finished run of a workflow, with its artifacts."""

    id: int
    path: str
    event: str
    head_sha: str
    head_branch: str
    head_repository: str
    artifacts: dict[str, int]
    """Ids by name."""


@dataclass(frozen=True)
class App:
    """A GitHub App, installed in every repository."""

    id: int
    slug: str
    public_key: str
    """PEM; verifies the tokens that it signs."""


@dataclass
class Repository:
    """One repository; issues and pull requests share their numbers."""

    id: int
    full_name: str
    default_branch: str
    shas: set[str] = field(default_factory=set)
    """All commits."""
    line: list[Change] = field(default_factory=list)
    """The commits of the default branch, which can be compared, oldest first."""
    threads: dict[int, Issue] = field(default_factory=dict)
    """Issues and pull requests by number."""
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Contents by ref and path."""
    workflows: dict[str, frozenset[str]] = field(default_factory=dict)
    """Names of the inputs, by file name."""
    dispatches: list[Dispatch] = field(default_factory=list)
    workflow_runs: dict[int, WorkflowRun] = field(default_factory=dict)
    artifacts: dict[int, bytes] = field(default_factory=dict)
    """Zip files."""
    statuses: list[Status] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    """Role of each user, by login: admin, write or read."""

    def next_number(self) -> int:
        """Return the number of the next issue or pull request."""
        return max(self.threads, default=0) + 1

    def find_comment(self, comment_id: int) -> tuple[Issue, Comment] | None:
        """Return a comment and its thread."""
        for thread in self.threads.values():
            for comment in thread.comments:
                if comment.id == comment_id:
                    return thread, comment
        return None


@dataclass
class State:
    """Everything that exists."""

    tokens: dict[str, Token] = field(default_factory=dict)
    app: App | None = None
    repositories: dict[str, Repository] = field(default_factory=dict)
    """By ``owner/name`` in lower case, as GitHub finds them."""
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_ID))
