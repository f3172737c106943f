"""One repository on GitHub: its pull requests as they are, our comment, check run and issue as they should be."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Self
from urllib.parse import quote

from perfgate.errors import InvalidInput, NotFound, PermissionDenied
from perfgate.github import responses
from perfgate.github.connection import API_URL, Connection
from perfgate.github.responses import Artifact, Change, Changes, Conclusion, PullRequest, Status, WorkflowRun

MAX_CHARACTERS = 60_000
"""Longest body that is sent. GitHub refuses comments and issues above 65,536 and summaries above 65,535."""

MAX_TITLE_CHARACTERS = 255
"""Longest title that is sent; GitHub refuses issues above 256."""

COMPARED_PER_PAGE = 100
"""Commits of a comparison in one answer; GitHub's most."""
COMPARED_PAGES = 5
"""Of a longer comparison only the end is read."""

MAX_STATUS_CHARACTERS = 140
"""Of a commit status' description."""

CUT_NOTE = "\n\n*Cut here: the text is longer than GitHub shows.*\n"


class Repository:
    """One repository on GitHub, seen with one token. Close it, or use it in a ``with``.

    Every method raises, besides what it names:

    - `PermissionDenied`: the token is refused or may not do this. A retry cannot help.
    - `NotFound`: there is no such thing, or the token cannot see it. A retry cannot help.
    - `Rejected`: GitHub declined the request. A retry cannot help.
    - `RateLimited`: retry after its ``retry_after_seconds``.
    - `Unavailable`: no answer, or none that makes sense. A write may have happened all the same; retry.

    Args:
        full_name: ``owner/name``.
        token: Personal token, App installation token or the ``GITHUB_TOKEN`` of a workflow.
        api_url: Root of the API: GitHub Enterprise or a stand-in.
        author: Login under which the token writes: ``slug[bot]`` for an App, ``github-actions[bot]`` in a workflow.
            Empty: GitHub is asked when it matters, which it answers for personal tokens only.
        before_write: Called before every request that changes something; may wait, or raise `RateLimited`.

    Raises:
        InvalidInput: One of the arguments cannot be such a thing.
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
            raise InvalidInput(f"{full_name!r} is no GitHub repository: write it as owner/name")
        self.full_name = full_name
        self._author = author
        self._connection = Connection(token, api_url, before_write=before_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def default_branch(self) -> tuple[str, str]:
        """Read the name of the default branch and its newest commit."""
        name = self._connection.read(self._path, responses.RepositoryFacts).default_branch
        return name, self._connection.read(f"{self._path}/commits/{quote(name, safe='')}", responses.CommitHash).sha

    def read_file(self, path: str, ref: str) -> str | None:
        """Read a text file at a branch, tag or commit; None: there is none."""
        found = self._connection.read_if_there(
            f"{self._path}/contents/{quote(path)}?ref={quote(ref, safe='')}", responses.FileAnswer
        )
        if found is None or found.encoding != "base64":
            return None
        return base64.b64decode(found.content).decode("utf-8", "replace")

    def pull_request(self, number: int) -> PullRequest:
        """Read one pull request."""
        return self._connection.read(f"{self._path}/pulls/{number}", responses.PullAnswer).pull_request()

    def pull_requests_from(self, head_repository: str, branch: str) -> list[PullRequest]:
        """Read the open pull requests that a branch of some repository, a fork as a rule, is offered by."""
        owner = head_repository.partition("/")[0]
        pages = self._connection.pages(
            f"{self._path}/pulls", list[responses.PullAnswer], head=f"{owner}:{branch}", state="open"
        )
        found = [each.pull_request() for page in pages for each in page]
        return [each for each in found if each.head_repository.casefold() == head_repository.casefold()]

    def workflow_run(self, run_id: int) -> WorkflowRun:
        """Read what GitHub attests of a run."""
        return self._connection.read(f"{self._path}/actions/runs/{run_id}", responses.RunAnswer).workflow_run()

    def artifacts(self, run_id: int) -> list[Artifact]:
        """List what a run left; at most a page of it."""
        path = f"{self._path}/actions/runs/{run_id}/artifacts"
        return self._connection.read(path, responses.ArtifactPage, per_page="100").artifacts

    def download_artifact(self, artifact_id: int, *, max_bytes: int) -> bytes:
        """Return the zip file of an artifact, read no further than *max_bytes*."""
        return self._connection.download(f"{self._path}/actions/artifacts/{artifact_id}/zip", max_bytes=max_bytes)

    def permission(self, login: str) -> str:
        """Return what somebody may do here: admin, write, read or none."""
        path = f"{self._path}/collaborators/{quote(login, safe='')}/permission"
        return self._connection.read(path, responses.PermissionAnswer).permission

    def react(self, comment_id: int, content: Literal["+1", "-1", "confused", "eyes", "rocket"]) -> None:
        """Put our reaction under a comment; nothing happens where it is there."""
        path = f"{self._path}/issues/comments/{comment_id}/reactions"
        self._connection.write("POST", path, {"content": content}, responses.Nothing)

    def set_status(
        self, sha: str, context: str, state: Literal["success", "failure", "pending"], title: str, details_url: str
    ) -> None:
        """Set a commit status: what is left of a check run where a token is no App's.

        Args:
            sha: Whole hash.
            context: Stable name; the newest of that name counts.
            state: There is no neutral one: what is undecided is pending.
            title: One line; cut at `MAX_STATUS_CHARACTERS`.
            details_url: Where its "Details" lead.
        """
        line = " ".join(title.split())
        cut = line if len(line) <= MAX_STATUS_CHARACTERS else line[: MAX_STATUS_CHARACTERS - 1] + "…"
        wanted = {"state": state, "context": context, "description": cut, "target_url": details_url}
        self._connection.write("POST", f"{self._path}/statuses/{quote(sha, safe='')}", wanted, responses.Nothing)

    def changes(self, base: str, head: str, *, limit: int) -> Changes:
        """Read the commits that *head* has and *base* has not.

        Args:
            base: Whole hash.
            head: Whole hash.
            limit: How many are told one by one, 1 to `COMPARED_PER_PAGE`; each costs one request more.
        """
        path = f"{self._path}/compare/{quote(base, safe='')}...{quote(head, safe='')}"
        size = str(COMPARED_PER_PAGE)
        first = self._connection.read(path, responses.Comparison, per_page=size)
        commits, last = first.commits, -(-first.total_commits // COMPARED_PER_PAGE)
        # Oldest first: of a very long range only the end is wanted, and the last page may hold too few.
        for page in range(2 if last <= COMPARED_PAGES else last - 1, last + 1):
            commits = commits + self._connection.read(path, responses.Comparison, per_page=size, page=str(page)).commits
        return Changes(
            count=first.total_commits,
            newest=tuple(each.change(self._merged_pull_requests(each.sha)) for each in reversed(commits[-limit:])),
            line=_line(commits, base, head),
        )

    def _merged_pull_requests(self, sha: str) -> tuple[int, ...]:
        found = self._connection.read(f"{self._path}/commits/{quote(sha, safe='')}/pulls", list[responses.ListedPull])
        # Open ones that merely hold the commit did not bring it in.
        return tuple(sorted(each.number for each in found if each.merged_at is not None))

    def has_comment(self, pull_request: int, marker: str) -> bool:
        """Return whether our comment with this marker stands on a pull request or issue."""
        return bool(self._own_comments(pull_request, marker))

    def upsert_comment(self, pull_request: int, marker: str, markdown: str, *, comment_id: int | None = None) -> int:
        """Create our one comment on a pull request or issue, or make it read *markdown*.

        Where it has to be searched for and several of ours are found, as after a race, the oldest is kept and the
        others are deleted.

        Args:
            pull_request: Number of the pull request or issue.
            marker: Stable key of the comment, such as ``perfgate:report``; put as an HTML comment into the first line.
            markdown: Body without the marker; cut with a note at `MAX_CHARACTERS`.
            comment_id: What this call returned earlier. A comment deleted since then is created again.

        Returns:
            GitHub's id of the comment: keep it.

        Raises:
            InvalidInput: The marker has characters that would end an HTML comment.
        """
        body = _marked(marker, markdown)
        comments = f"{self._path}/issues/comments"
        known = None
        if comment_id is not None:
            known = self._connection.read_if_there(f"{comments}/{comment_id}", responses.Comment)
        ours = [known] if known else self._own_comments(pull_request, marker)
        for double in ours[1:]:
            with suppress(NotFound):
                self._connection.request("DELETE", f"{comments}/{double.id}")
        if not ours:
            path = f"{self._path}/issues/{pull_request}/comments"
            return self._connection.write("POST", path, {"body": body}, responses.Comment).id
        if not _same(ours[0].body, body):
            self._connection.write("PATCH", f"{comments}/{ours[0].id}", {"body": body}, responses.Comment)
        return ours[0].id

    def upsert_check_run(
        self,
        head_sha: str,
        name: str,
        external_id: str,
        *,
        status: Status,
        title: str,
        summary: str,
        details_url: str,
        conclusion: Conclusion | None = None,
        actions: Sequence[Mapping[str, str]] = (),
        check_run_id: int | None = None,
    ) -> int:
        """Create our check run on a commit, or make it say this.

        Args:
            head_sha: Whole hash of the commit.
            name: What stands in the list of checks; a required check is required by this name.
            external_id: Stable key of the check run among those of this name on this commit.
            status: How far it is.
            title: One line; cut at `MAX_TITLE_CHARACTERS`.
            summary: Markdown; cut with a note at `MAX_CHARACTERS`.
            details_url: Where its "Details" lead.
            conclusion: Given if, and only if, *status* is ``completed``.
            actions: Up to three buttons: ``label`` (20 characters), ``description`` (40), ``identifier`` (20).
            check_run_id: What this call returned earlier. One of another commit is left alone.

        Returns:
            GitHub's id of the check run: keep it.
        """
        wanted: dict[str, Any] = {
            "name": name,
            "external_id": external_id,
            "status": status,
            "details_url": details_url,
            "output": {"title": _cut_line(title), "summary": _cut(summary)},
        }
        if conclusion is not None:
            wanted["conclusion"] = conclusion
        if actions:
            wanted["actions"] = [dict(each) for each in actions]
        path = f"{self._path}/check-runs"
        check_run = None
        if check_run_id is not None:
            check_run = self._connection.read_if_there(f"{path}/{check_run_id}", responses.CheckRun)
        if check_run is None or check_run.head_sha != head_sha:
            check_run = self._own_check_run(head_sha, name, external_id)
        if check_run is None:
            return self._connection.write("POST", path, {"head_sha": head_sha, **wanted}, responses.CheckRun).id
        if not _shows(check_run, wanted):
            self._connection.write("PATCH", f"{path}/{check_run.id}", wanted, responses.CheckRun)
        return check_run.id

    def upsert_issue(
        self, marker: str, title: str, body: str, labels: Sequence[str], *, issue_number: int | None = None
    ) -> int:
        """Create our issue, or make it read *title* and *body*; whether it is open is left as it is.

        Args:
            marker: Stable key of the issue, such as ``perfgate:alert:17``; put as an HTML comment into the first line.
            title: One line; cut at `MAX_TITLE_CHARACTERS`.
            body: Markdown without the marker; cut with a note at `MAX_CHARACTERS`.
            labels: Given to a new issue. Those of an existing one belong to its readers. GitHub drops them silently
                when the token may not push.
            issue_number: What this call returned earlier. A deleted issue is created again.

        Returns:
            The issue's number: keep it.

        Raises:
            InvalidInput: The marker has characters that would end an HTML comment.
        """
        wanted = {"title": _cut_line(title), "body": _marked(marker, body)}
        path = f"{self._path}/issues"
        issue = None
        if issue_number is not None:
            issue = self._connection.read_if_there(f"{path}/{issue_number}", responses.Issue)
        if issue is None:
            issue = self._own_issue(marker)
        if issue is None:
            return self._connection.write("POST", path, {**wanted, "labels": list(labels)}, responses.Issue).number
        if issue.title != wanted["title"] or not _same(issue.body, wanted["body"]):
            self._connection.write("PATCH", f"{path}/{issue.number}", wanted, responses.Issue)
        return issue.number

    def close_issue(self, number: int, *, reason: Literal["completed", "not_planned"], comment: str) -> None:
        """Say why in a comment and close the issue; nothing happens to one that is closed already.

        Args:
            number: The issue's number.
            reason: ``completed``: the level returned; ``not_planned``: the change was accepted.
            comment: Markdown.
        """
        self._set_state(number, {"state": "closed", "state_reason": reason}, comment)

    def reopen_issue(self, number: int, *, comment: str) -> None:
        """Say why in a comment and open the issue again; nothing happens to one that is open.

        Args:
            number: The issue's number.
            comment: Markdown.
        """
        self._set_state(number, {"state": "open", "state_reason": "reopened"}, comment)

    def dispatch_workflow(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Ask for one run of a workflow.

        The only write here that must not be made twice: nothing that GitHub shows tells one run from another that was
        asked for alike. After `Unavailable` it may have been obeyed, and it is the caller who knows what is worse.

        Args:
            workflow: Its file name below ``.github/workflows``; it must listen to ``workflow_dispatch``.
            ref: answers.Branch or tag whose version of it runs.
            inputs: At most 25, all of which it must declare.

        Raises:
            NotFound: There is no such workflow on the default branch.
            Rejected: It does not listen, or does not declare one of the inputs.
        """
        path = f"{self._path}/actions/workflows/{quote(workflow, safe='')}/dispatches"
        self._connection.request("POST", path, json={"ref": ref, "inputs": dict(inputs)})

    def _set_state(self, number: int, wanted: Mapping[str, str], comment: str) -> None:
        path = f"{self._path}/issues/{number}"
        if self._connection.read(path, responses.Issue).state == wanted["state"]:
            return
        # The comment goes first: a state that is reached proves that it was written, whichever answer got lost.
        key = hashlib.sha256(comment.encode("utf-8", "replace")).hexdigest()[:16]
        self.upsert_comment(number, f"perfgate:state:{key}", comment)
        self._connection.write("PATCH", path, wanted, responses.Issue)

    @property
    def _path(self) -> str:
        return f"/repos/{self.full_name}"

    def _own_comments(self, number: int, marker: str) -> list[responses.Comment]:
        pages = self._connection.pages(f"{self._path}/issues/{number}/comments", list[responses.Comment])
        ours = [comment for page in pages for comment in page if self._is_ours(comment, marker)]
        return sorted(ours, key=lambda comment: comment.id)

    def _own_issue(self, marker: str) -> responses.Issue | None:
        # Listed, not searched: the search index lags behind, and a retry would file the issue a second time.
        pages = self._connection.pages(f"{self._path}/issues", list[responses.Issue], state="all", creator=self.login)
        issues = (issue for page in pages for issue in page if issue.pull_request is None)
        return next((issue for issue in issues if self._is_ours(issue, marker)), None)

    def _own_check_run(self, head_sha: str, name: str, external_id: str) -> responses.CheckRun | None:
        path = f"{self._path}/commits/{quote(head_sha, safe='')}/check-runs"
        pages = self._connection.pages(path, responses.CheckRunPage, check_name=name, filter="all")
        runs = (run for page in pages for run in page.check_runs if (run.name, run.external_id) == (name, external_id))
        return next((run for run in runs if run.app is not None and self._is_me(f"{run.app.slug}[bot]")), None)

    def _is_ours(self, thing: responses.Comment | responses.Issue, marker: str) -> bool:
        starts = (thing.body or "").startswith(_first_line(marker))
        return starts and thing.user is not None and self._is_me(thing.user.login)

    def _is_me(self, login: str) -> bool:
        return login.casefold() == self.login.casefold()

    @property
    def login(self) -> str:
        """Return whom the token writes as; GitHub is asked once, where nobody said it."""
        if not self._author:
            try:
                self._author = self._connection.read("/user", responses.User).login
            except PermissionDenied as error:
                raise PermissionDenied(
                    f"{error} The login behind this token is needed to tell our texts from others: "
                    "give it as the author, for an App as its-slug[bot], in a workflow as github-actions[bot]."
                ) from error
        return self._author


def _line(commits: Sequence[responses.CommitAnswer], base: str, head: str) -> tuple[Change, ...]:
    """Return the first-parent line from *base*, left out, to *head*; empty where it does not lead there."""
    known = {each.sha: each for each in commits}
    line, at = [], head
    while (commit := known.pop(at, None)) is not None:
        line.append(commit.change())
        at = commit.parents[0].sha if commit.parents else ""
    return tuple(reversed(line)) if at == base else ()


def _first_line(marker: str) -> str:
    if not re.fullmatch(r"[\w.:/-]+", marker, re.ASCII):
        raise InvalidInput(f"{marker!r} is no marker: use letters, digits and . : / - _ only")
    return f"<!-- {marker} -->"


def _marked(marker: str, markdown: str) -> str:
    return _cut(f"{_first_line(marker)}\n{markdown}")


def _cut(markdown: str) -> str:
    if len(markdown) <= MAX_CHARACTERS:
        return markdown
    kept = markdown[: MAX_CHARACTERS - len(CUT_NOTE)]
    # At the end of a line where there is one nearby, so that no table row is torn.
    line_end = kept.rfind("\n", len(kept) // 2)
    return (kept[:line_end] if line_end > 0 else kept) + CUT_NOTE


def _cut_line(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= MAX_TITLE_CHARACTERS else line[: MAX_TITLE_CHARACTERS - 1] + "…"


def _same(there: str | None, wanted: str) -> bool:
    # GitHub may have changed line ends and trimmed; that is no reason to write the same text for ever.
    return (there or "").replace("\r\n", "\n").strip() == wanted.replace("\r\n", "\n").strip()


def _shows(check_run: responses.CheckRun, wanted: Mapping[str, Any]) -> bool:
    plain = ("name", "external_id", "status", "details_url")
    return (
        all(getattr(check_run, field) == wanted[field] for field in plain)
        and check_run.conclusion == wanted.get("conclusion")
        and check_run.output.title == wanted["output"]["title"]
        and _same(check_run.output.summary, wanted["output"]["summary"])
    )
