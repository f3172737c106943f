"""What is read from one repository: pull requests, files, ranges of commits, workflow runs."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import Self
from urllib.parse import quote

from perfgate.errors import InvalidInput, PermissionDenied
from perfgate.github import responses
from perfgate.github.connection import API_URL, Connection
from perfgate.github.models import Artifact, CommitRange, PullRequest, RangeCommit, WorkflowRun

COMPARED_PER_PAGE = 100
"""Commits of a comparison in one response; GitHub's maximum."""

COMPARED_PAGES = 5
"""Largest comparison that is read whole; of a longer one only the end is read."""


class RepositoryReader:
    """One repository on GitHub, accessed with one token. Close it, or use it in a ``with`` statement.

    Every method raises, besides what it names:

    - `PermissionDenied`: the token is refused or may not do this. A retry cannot help.
    - `NotFound`: it does not exist, or the token cannot see it. A retry cannot help.
    - `Rejected`: GitHub declined the request. A retry cannot help.
    - `RateLimited`: retry after its ``retry_after_seconds``.
    - `Unavailable`: no response, or none that makes sense. A write may have happened all the same; retry.

    Args:
        full_name: ``owner/name``.
        token: Personal token, App installation token or the ``GITHUB_TOKEN`` of a workflow.
        api_url: Root of the API: GitHub Enterprise or a stand-in.
        author: Login under which the token writes: ``slug[bot]`` for an App, ``github-actions[bot]`` in a workflow.
            Empty: GitHub is asked when it matters, which works for personal tokens only.
        before_write: Called before every request that changes something; may wait, or raise `RateLimited`.

    Raises:
        InvalidInput: One of the arguments is malformed.
    """

    def __init__(
        self,
        full_name: str,
        token: str,
        *,
        api_url: str = API_URL,
        author: str = "",
        before_write: Callable[[], None] | None = None,
    ) -> None:
        owner, _, name = full_name.partition("/")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", full_name, re.ASCII) or {owner, name} & {".", ".."}:
            raise InvalidInput(f"{full_name!r} is not a GitHub repository: write it as owner/name")
        self.full_name = full_name
        self._author = author
        self._connection = Connection(token, api_url, before_write=before_write)
        self._path = f"/repos/{full_name}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    @property
    def login(self) -> str:
        """The login that the token writes as; GitHub is asked once where the caller did not give it."""
        if not self._author:
            try:
                self._author = self._connection.read("/user", responses.UserResponse).login
            except PermissionDenied as error:
                raise PermissionDenied(
                    f"{error} The login behind this token is needed to tell our texts from others: "
                    "give it as the author, for an App as its-slug[bot], in a workflow as github-actions[bot]."
                ) from error
        return self._author

    def default_branch(self) -> tuple[str, str]:
        """Return the name of the default branch and its newest commit."""
        name = self._connection.read(self._path, responses.RepositoryResponse).default_branch
        return name, self._connection.read(self._commit_path(name), responses.CommitResponse).sha

    def read_file(self, path: str, ref: str) -> str | None:
        """Return a text file at a branch, tag or commit; None: it does not exist."""
        found = self._connection.read_if_there(
            f"{self._path}/contents/{quote(path)}?ref={quote(ref, safe='')}", responses.FileResponse
        )
        if found is None or found.encoding != "base64":
            return None
        return base64.b64decode(found.content).decode("utf-8", "replace")

    def pull_request(self, number: int) -> PullRequest:
        """Return one pull request."""
        return self._connection.read(f"{self._path}/pulls/{number}", responses.PullRequestResponse).pull_request()

    def pull_requests_from(self, head_repository: str, branch: str) -> list[PullRequest]:
        """Return the open pull requests whose head is *branch* of some repository, usually a fork."""
        owner = head_repository.partition("/")[0]
        pages = self._connection.pages(
            f"{self._path}/pulls", list[responses.PullRequestResponse], head=f"{owner}:{branch}", state="open"
        )
        found = [response.pull_request() for page in pages for response in page]
        return [pull for pull in found if pull.head_repository.casefold() == head_repository.casefold()]

    def workflow_run(self, run_id: int) -> WorkflowRun:
        """Return what GitHub attests of a workflow run."""
        path = f"{self._path}/actions/runs/{run_id}"
        return self._connection.read(path, responses.WorkflowRunResponse).workflow_run()

    def artifacts(self, run_id: int) -> list[Artifact]:
        """Return the artifacts of a workflow run; at most one page of them."""
        path = f"{self._path}/actions/runs/{run_id}/artifacts"
        return self._connection.read(path, responses.ArtifactPage, per_page="100").artifacts

    def download_artifact(self, artifact_id: int, *, max_bytes: int) -> bytes:
        """Return the zip file of an artifact.

        Raises:
            InvalidInput: It is larger than *max_bytes*; no more than that is read.
        """
        return self._connection.download(f"{self._path}/actions/artifacts/{artifact_id}/zip", max_bytes=max_bytes)

    def permission(self, login: str) -> str:
        """Return the role of a user in the repository: admin, write, read or none."""
        path = f"{self._path}/collaborators/{quote(login, safe='')}/permission"
        return self._connection.read(path, responses.PermissionResponse).permission

    def commits_between(self, base: str, head: str, *, limit: int) -> CommitRange:
        """Return the commits that *head* has and *base* has not.

        Args:
            base: Whole hash.
            head: Whole hash.
            limit: How many are returned in `CommitRange.newest`, 1 to `COMPARED_PER_PAGE`; each costs one more request.
        """
        path = f"{self._path}/compare/{quote(base, safe='')}...{quote(head, safe='')}"
        first = self._comparison(path, 1)
        commits, last = first.commits, -(-first.total_commits // COMPARED_PER_PAGE)
        # Oldest first. Of a very long range the last two pages are read, because the last one may hold too few.
        for page in range(2 if last <= COMPARED_PAGES else last - 1, last + 1):
            commits = commits + self._comparison(path, page).commits
        return CommitRange(
            count=first.total_commits,
            newest=tuple(
                commit.range_commit(self._merged_pull_requests(commit.sha)) for commit in reversed(commits[-limit:])
            ),
            line=_first_parent_line(commits, base, head),
        )

    def _comparison(self, path: str, page: int) -> responses.ComparisonPage:
        size = str(COMPARED_PER_PAGE)
        return self._connection.read(path, responses.ComparisonPage, per_page=size, page=str(page))

    def _merged_pull_requests(self, sha: str) -> tuple[int, ...]:
        found = self._connection.read(f"{self._commit_path(sha)}/pulls", list[responses.ListedPullRequest])
        # An open pull request may contain the commit without having brought it in.
        return tuple(sorted(pull.number for pull in found if pull.merged_at is not None))

    def _commit_path(self, ref: str) -> str:
        return f"{self._path}/commits/{quote(ref, safe='')}"


def _first_parent_line(commits: Sequence[responses.ComparedCommit], base: str, head: str) -> tuple[RangeCommit, ...]:
    """Return the first-parent line from *base*, excluded, to *head*; empty where it does not lead there."""
    known = {commit.sha: commit for commit in commits}
    line, at = [], head
    while (commit := known.pop(at, None)) is not None:
        line.append(commit.range_commit())
        at = commit.parents[0].sha if commit.parents else ""
    return tuple(reversed(line)) if at == base else ()
