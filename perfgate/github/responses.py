"""What GitHub answers, as far as it is read, and what of it is told: fields that nobody needs are not even looked at."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Status = Literal["queued", "in_progress", "completed"]
Conclusion = Literal["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"]


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One pull request as it stands now."""

    number: int
    title: str
    state: str
    """``open`` or ``closed``; a merged one is closed."""
    head_sha: str
    """Last commit of the proposed branch."""
    head_repository: str
    """``owner/name`` of the repository that holds it, another one for a fork; empty: that one was deleted."""
    base_sha: str
    """Tip of the base branch when GitHub last looked; not the merge base."""
    base_ref: str
    """Branch to be merged into."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of a range, as GitHub tells it: every text may be a stranger's."""

    sha: str
    subject: str
    """First line of the message."""
    author: str
    """Name of the author; empty: unknown."""
    pull_requests: tuple[int, ...] = ()
    """The merged ones that brought it in."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """The commits of a range."""

    count: int
    """All of them."""
    newest: tuple[Change, ...]
    """The last few, the newest first."""
    line: tuple[Change, ...] = ()
    """Those on the first-parent line of the range, the oldest first, without their pull requests; empty where its base
    is not on it, or there are more than `COMPARED_PAGES` pages of commits."""


class WorkflowRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a workflow, as GitHub attests it."""

    id: int
    path: str
    """Of the workflow's file."""
    event: str
    head_sha: str
    head_branch: str
    head_repository: str
    """``owner/name``; empty: it was deleted."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A zip file that a run left."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool = False


class RepositoryFacts(msgspec.Struct):
    """A repository."""

    default_branch: str


class CommitHash(msgspec.Struct):
    """A commit, of which only the hash is wanted."""

    sha: str


class FileAnswer(msgspec.Struct):
    """A file at some commit."""

    content: str = ""
    encoding: str = ""


class RunAnswer(msgspec.Struct):
    """A run of a workflow."""

    id: int
    path: str
    event: str
    head_sha: str
    head_branch: str | None = None
    head_repository: NamedRepository | None = None

    def workflow_run(self) -> WorkflowRun:
        """Return what is told of it."""
        return WorkflowRun(
            id=self.id,
            path=self.path.partition("@")[0],
            event=self.event,
            head_sha=self.head_sha,
            head_branch=self.head_branch or "",
            head_repository=self.head_repository.full_name if self.head_repository else "",
        )


class ArtifactPage(msgspec.Struct):
    """One page of what a run left."""

    artifacts: list[Artifact]


class PermissionAnswer(msgspec.Struct):
    """What somebody may do."""

    permission: str


class Nothing(msgspec.Struct):
    """An answer of which nothing is read."""


class Signature(msgspec.Struct):
    """Who wrote a commit."""

    name: str | None = None


class CommitMessage(msgspec.Struct):
    """What a commit says of itself."""

    message: str
    author: Signature | None = None


class Parent(msgspec.Struct):
    """A commit's parent."""

    sha: str


class CommitAnswer(msgspec.Struct):
    """A commit in a comparison."""

    sha: str
    commit: CommitMessage
    parents: list[Parent] = []

    def change(self, pull_requests: tuple[int, ...] = ()) -> Change:
        """Return what is told of it."""
        return Change(
            sha=self.sha,
            subject=self.commit.message.partition("\n")[0],
            author=(self.commit.author and self.commit.author.name) or "",
            pull_requests=pull_requests,
        )


class Comparison(msgspec.Struct):
    """One page of the commits between two."""

    total_commits: int
    commits: list[CommitAnswer]


class ListedPull(msgspec.Struct):
    """A pull request in a list."""

    number: int
    merged_at: str | None = None


class User(msgspec.Struct):
    """A person or a bot."""

    login: str


class Comment(msgspec.Struct):
    """A comment on an issue or pull request."""

    id: int
    body: str | None = None
    user: User | None = None


class Issue(msgspec.Struct):
    """An issue; a pull request is listed as one, too."""

    number: int
    title: str
    state: str
    body: str | None = None
    user: User | None = None
    pull_request: dict[str, Any] | None = None


class AppName(msgspec.Struct):
    """The App behind a check run."""

    slug: str = ""


class Output(msgspec.Struct):
    """What a check run shows."""

    title: str | None = None
    summary: str | None = None


class CheckRun(msgspec.Struct):
    """A check run."""

    id: int
    name: str
    head_sha: str
    status: str
    output: Output
    conclusion: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    app: AppName | None = None


class CheckRunPage(msgspec.Struct):
    """One page of check runs."""

    check_runs: list[CheckRun]


class NamedRepository(msgspec.Struct):
    """A repository, by its name."""

    full_name: str


class Branch(msgspec.Struct):
    """One side of a pull request."""

    sha: str
    ref: str
    repo: NamedRepository | None = None


class PullAnswer(msgspec.Struct):
    """A pull request."""

    number: int
    title: str
    state: str
    head: Branch
    base: Branch

    def pull_request(self) -> PullRequest:
        """Return what is told of it."""
        return PullRequest(
            number=self.number,
            title=self.title,
            state=self.state,
            head_sha=self.head.sha,
            head_repository=self.head.repo.full_name if self.head.repo else "",
            base_sha=self.base.sha,
            base_ref=self.base.ref,
        )
