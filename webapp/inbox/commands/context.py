"""What a command is given, and how it is declined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perfgate.github import PullRequest, RangeCommit
from webapp.history.models import Project

MAX_CHARACTERS = 2_000
"""Characters of a comment that are read."""


class CommandDeclined(Exception):
    """The command cannot be followed; the message says why and what to do, and is the reply."""


@dataclass(frozen=True)
class CommentCommand:
    """One command, as somebody wrote it. Its text is untrusted."""

    pull_request: int
    comment_id: int
    login: str
    text: str


@dataclass(frozen=True)
class CommandContext:
    """What a command can use."""

    project: Project
    command: CommentCommand
    pull_request: PullRequest
    """As GitHub reports it now."""
    arguments: str
    """The comment after the command's name, without surrounding white space."""
    commits: Sequence[RangeCommit] = ()
    """The pull request's commits since the baseline, oldest first; only for ``bisect``."""
