"""The bodies of GitHub's responses, reduced to the fields that are read, and their conversion to models."""

from __future__ import annotations

from typing import Any

import msgspec

from perfgate.github.models import Artifact, PullRequest, RangeCommit, WorkflowRun


class EmptyResponse(msgspec.Struct):
    """A response of which nothing is read."""


class RepositoryResponse(msgspec.Struct):
    """A repository."""

    default_branch: str


class CommitResponse(msgspec.Struct):
    """A commit, of which only the hash is read."""

    sha: str


class FileResponse(msgspec.Struct):
    """A file at some commit."""

    content: str = ""
    encoding: str = ""


class RepositoryName(msgspec.Struct):
    """A repository as part of another object."""

    full_name: str


class WorkflowRunResponse(msgspec.Struct):
    """A run of a workflow."""

    id: int
    path: str
    event: str
    head_sha: str
    head_branch: str | None = None
    head_repository: RepositoryName | None = None

    def workflow_run(self) -> WorkflowRun:
        """Return the model."""
        return WorkflowRun(
            id=self.id,
            path=self.path.partition("@")[0],
            event=self.event,
            head_sha=self.head_sha,
            head_branch=self.head_branch or "",
            head_repository=self.head_repository.full_name if self.head_repository else "",
        )


class ArtifactPage(msgspec.Struct):
    """One page of the artifacts of a run."""

    artifacts: list[Artifact]


class PermissionResponse(msgspec.Struct):
    """The role of a user in a repository."""

    permission: str


class CommitAuthor(msgspec.Struct):
    """Who wrote a commit."""

    name: str | None = None


class CommitMessage(msgspec.Struct):
    """The part of a commit that its author wrote."""

    message: str
    author: CommitAuthor | None = None


class ComparedCommit(msgspec.Struct):
    """A commit in a comparison."""

    sha: str
    commit: CommitMessage
    parents: list[CommitResponse] = []

    def range_commit(self, pull_requests: tuple[int, ...] = ()) -> RangeCommit:
        """Return the model."""
        return RangeCommit(
            sha=self.sha,
            subject=self.commit.message.partition("\n")[0],
            author=(self.commit.author and self.commit.author.name) or "",
            pull_requests=pull_requests,
        )


class ComparisonPage(msgspec.Struct):
    """One page of the commits between two commits."""

    total_commits: int
    commits: list[ComparedCommit]


class ListedPullRequest(msgspec.Struct):
    """A pull request in a list."""

    number: int
    merged_at: str | None = None


class UserResponse(msgspec.Struct):
    """A person or a bot."""

    login: str


class CommentResponse(msgspec.Struct):
    """A comment on an issue or pull request."""

    id: int
    body: str | None = None
    user: UserResponse | None = None


class IssueResponse(msgspec.Struct):
    """An issue; a pull request is listed as one, too."""

    number: int
    title: str
    state: str
    body: str | None = None
    user: UserResponse | None = None
    pull_request: dict[str, Any] | None = None


class AppSlug(msgspec.Struct):
    """The App that wrote a check run."""

    slug: str = ""


class CheckRunOutput(msgspec.Struct):
    """The texts of a check run."""

    title: str | None = None
    summary: str | None = None


class CheckRunResponse(msgspec.Struct):
    """A check run."""

    id: int
    name: str
    head_sha: str
    status: str
    output: CheckRunOutput
    conclusion: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    app: AppSlug | None = None


class CheckRunPage(msgspec.Struct):
    """One page of check runs."""

    check_runs: list[CheckRunResponse]


class PullRequestSide(msgspec.Struct):
    """Head or base of a pull request."""

    sha: str
    ref: str
    repo: RepositoryName | None = None


class PullRequestResponse(msgspec.Struct):
    """A pull request."""

    number: int
    title: str
    state: str
    head: PullRequestSide
    base: PullRequestSide

    def pull_request(self) -> PullRequest:
        """Return the model."""
        return PullRequest(
            number=self.number,
            title=self.title,
            state=self.state,
            head_sha=self.head.sha,
            head_repository=self.head.repo.full_name if self.head.repo else "",
            base_sha=self.base.sha,
            base_ref=self.base.ref,
        )
