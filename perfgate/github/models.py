"""What callers get from a repository: facts as GitHub states them, reduced to what perfgate uses."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["queued", "in_progress", "completed"]
"""How far a check run is."""

Conclusion = Literal["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"]
"""How a check run ended."""


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One pull request as it is now."""

    number: int
    title: str
    state: str
    """``open`` or ``closed``; a merged one is closed."""
    head_sha: str
    """Last commit of the proposed branch."""
    head_repository: str
    """``owner/name`` of the repository that holds it, another one for a fork; empty: that repository was deleted."""
    base_sha: str
    """Tip of the base branch when GitHub last looked; not the merge base."""
    base_ref: str
    """Branch to be merged into."""


class RangeCommit(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of a range. Every text is untrusted."""

    sha: str
    subject: str
    """First line of the message."""
    author: str
    """Name of the author; empty: unknown."""
    pull_requests: tuple[int, ...] = ()
    """The merged pull requests that contain it."""


class CommitRange(msgspec.Struct, frozen=True, kw_only=True):
    """The commits that one commit has and another has not."""

    count: int
    """Number of all of them."""
    newest: tuple[RangeCommit, ...]
    """The last few, the newest first."""
    line: tuple[RangeCommit, ...] = ()
    """Those on the first-parent line of the range, the oldest first, without their pull requests; empty where its base
    is not on it, or there are more than `perfgate.github.reader.COMPARED_PAGES` pages of commits."""


class WorkflowRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a workflow, as GitHub attests it."""

    id: int
    path: str
    """Path of the workflow's file."""
    event: str
    head_sha: str
    head_branch: str
    head_repository: str
    """``owner/name``; empty: it was deleted."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A zip file that a workflow run uploaded."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool = False
