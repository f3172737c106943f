"""Delivers publications to GitHub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from perfgate.errors import PerfgateError, PermissionDenied, Rejected
from perfgate.github import Repository
from webapp.github import account
from webapp.history.models import Project
from webapp.publishing.channels.github import check_runs, dispatches, issues, pull_requests, replies
from webapp.publishing.channels.interface import Channel
from webapp.publishing.models import Publication

MAX_REJECTIONS = 4
"""Attempts after which a rejection counts. GitHub also rejects requests that come too fast, or that name a commit which
has not reached all of its servers."""

Kind = Publication.Kind

_DELIVER: dict[str, Callable[[Repository, Publication], int | None]] = {
    Kind.PULL_REQUEST: pull_requests.deliver_comment,
    Kind.COMMIT: check_runs.deliver,
    Kind.ALERT: issues.deliver,
    Kind.REPLY: replies.deliver,
    Kind.MEASUREMENT: dispatches.deliver,
}


@dataclass(frozen=True)
class GitHubConnection:
    """A project's repository, opened with the server's account."""

    repository: Repository

    def deliver(self, publication: Publication) -> int | None:
        """Write one publication; return GitHub's id of it, None if it has none or nothing was written."""
        return _DELIVER[publication.kind](self.repository, publication)


class GitHubChannel:
    """The channel GitHub, see `webapp.publishing.channels.interface.Channel`."""

    @property
    def spacing_seconds(self) -> float:
        """Time between two writes of the account."""
        return settings.GITHUB_SPACING_SECONDS

    def reachable(self, publications: QuerySet[Publication]) -> QuerySet[Publication]:
        """Return the publications of projects with a repository; none without an account."""
        return publications.exclude(project__repository="") if account.is_configured() else publications.none()

    def opens_something(self, publication: Publication) -> bool:
        """Return whether an issue is to be opened or a workflow to be started."""
        return publication.kind == Kind.MEASUREMENT or publication.payload.get("state") == "open"

    @contextmanager
    def connect(self, project: Project) -> Iterator[GitHubConnection]:
        """Open the project's repository.

        Raises:
            Unavailable, RateLimited: See `webapp.github.account.connect`.
        """
        with account.connect(project) as repository:
            yield GitHubConnection(repository)

    def may_pass_later(self, publication: Publication, error: PerfgateError) -> bool:
        """Return whether a rejection may be temporary, or a new token may have the permission."""
        if isinstance(error, Rejected) and publication.kind != Kind.MEASUREMENT:
            return publication.attempts + 1 < MAX_REJECTIONS or publication.error != str(error)
        is_first = publication.attempts == 0
        return isinstance(error, PermissionDenied) and is_first and account.renew_token(publication.project)


CHANNEL: Channel = GitHubChannel()
