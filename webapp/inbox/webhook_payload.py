"""The fields that are used of a webhook's payload; everything else is dropped."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

_Sha = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40,64}$")]


class PayloadRepository(msgspec.Struct):
    """A repository."""

    full_name: str


class PayloadUser(msgspec.Struct):
    """A person or a bot."""

    login: str = ""


class PayloadWorkflowRun(msgspec.Struct):
    """A run of a workflow."""

    id: int
    event: str = ""


class PayloadIssue(msgspec.Struct):
    """An issue or a pull request."""

    number: int
    pull_request: Any = None
    """Given for a pull request."""


class PayloadComment(msgspec.Struct):
    """A comment."""

    id: int
    user: PayloadUser | None = None
    body: str | None = None


class PayloadHead(msgspec.Struct):
    """The head of a pull request."""

    sha: _Sha
    repo: PayloadRepository | None = None
    """None: the fork was deleted."""


class PayloadPullRequest(msgspec.Struct):
    """A pull request."""

    number: int
    head: PayloadHead


class PayloadNumber(msgspec.Struct):
    """A pull request of a check run."""

    number: int


class PayloadCheckRun(msgspec.Struct):
    """A check run."""

    name: str
    head_sha: _Sha
    pull_requests: list[PayloadNumber] = []
    """Empty for pull requests of forks."""


class PayloadAction(msgspec.Struct):
    """A button of a check run."""

    identifier: str


class WebhookPayload(msgspec.Struct):
    """The payload of any event."""

    repository: PayloadRepository | None = None
    action: str = ""
    workflow_run: PayloadWorkflowRun | None = None
    issue: PayloadIssue | None = None
    comment: PayloadComment | None = None
    pull_request: PayloadPullRequest | None = None
    check_run: PayloadCheckRun | None = None
    requested_action: PayloadAction | None = None
    sender: PayloadUser | None = None
