"""What is written to one repository: our comment, check run and issue as they should be, and requests for workflows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import quote

from perfgate.errors import NotFound
from perfgate.github import responses, text
from perfgate.github.models import Conclusion, Status
from perfgate.github.reader import RepositoryReader


class Repository(RepositoryReader):
    """One repository on GitHub, accessed with one token that may write; see `RepositoryReader`."""

    def has_comment(self, pull_request: int, marker: str) -> bool:
        """Return whether a pull request or issue has our comment with this marker."""
        return bool(self._own_comments(pull_request, marker))

    def upsert_comment(self, pull_request: int, marker: str, markdown: str, *, comment_id: int | None = None) -> int:
        """Create our comment on a pull request or issue, or change its text to *markdown*.

        Where the comment has to be searched for and several are found, as after a race, the oldest is kept and the others
        are deleted.

        Args:
            pull_request: Number of the pull request or issue.
            marker: Stable key of the comment, such as ``perfgate:report``; put as an HTML comment into the first line.
            markdown: Body without the marker; shortened with a note to `text.MAX_CHARACTERS`.
            comment_id: What this call returned earlier. A comment deleted since then is created again.

        Returns:
            GitHub's id of the comment; store it.

        Raises:
            InvalidInput: The marker has characters that would end an HTML comment.
        """
        body = text.marked(marker, markdown)
        comments = f"{self._path}/issues/comments"
        known = None
        if comment_id is not None:
            known = self._connection.read_if_there(f"{comments}/{comment_id}", responses.CommentResponse)
        ours = [known] if known else self._own_comments(pull_request, marker)
        for duplicate in ours[1:]:
            with suppress(NotFound):
                self._connection.request("DELETE", f"{comments}/{duplicate.id}")
        if not ours:
            path = f"{self._path}/issues/{pull_request}/comments"
            return self._connection.write("POST", path, {"body": body}, responses.CommentResponse).id
        if not text.is_same(ours[0].body, body):
            self._connection.write("PATCH", f"{comments}/{ours[0].id}", {"body": body}, responses.CommentResponse)
        return ours[0].id

    def react(self, comment_id: int, content: Literal["+1", "-1", "confused", "eyes", "rocket"]) -> None:
        """Add our reaction to a comment; nothing happens where it exists."""
        path = f"{self._path}/issues/comments/{comment_id}/reactions"
        self._connection.write("POST", path, {"content": content}, responses.EmptyResponse)

    def set_status(
        self, sha: str, context: str, state: Literal["success", "failure", "pending"], title: str, details_url: str
    ) -> None:
        """Set a commit status, for tokens that cannot write check runs because they belong to no App.

        Args:
            sha: Whole hash.
            context: Stable name; the newest status of that name counts.
            state: There is no neutral state; an undecided verdict is pending.
            title: One line; shortened to `text.MAX_STATUS_CHARACTERS`.
            details_url: Target of its "Details" link.
        """
        description = text.one_line(title, text.MAX_STATUS_CHARACTERS)
        wanted = {"state": state, "context": context, "description": description, "target_url": details_url}
        self._connection.write("POST", f"{self._path}/statuses/{quote(sha, safe='')}", wanted, responses.EmptyResponse)

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
        """Create our check run on a commit, or change it.

        Args:
            head_sha: Whole hash of the commit.
            name: Name in the list of checks; branch protection requires a check by this name.
            external_id: Stable key of the check run among those of this name on this commit.
            status: How far it is.
            title: One line; shortened to `text.MAX_TITLE_CHARACTERS`.
            summary: Markdown; shortened with a note to `text.MAX_CHARACTERS`.
            details_url: Target of its "Details" link.
            conclusion: Given if, and only if, *status* is ``completed``.
            actions: Up to three buttons: ``label`` (20 characters), ``description`` (40), ``identifier`` (20).
            check_run_id: What this call returned earlier. A check run of another commit is left alone.

        Returns:
            GitHub's id of the check run; store it.
        """
        wanted: dict[str, Any] = {
            "name": name,
            "external_id": external_id,
            "status": status,
            "details_url": details_url,
        }
        wanted["output"] = {"title": text.one_line(title), "summary": text.shortened(summary)}
        if conclusion is not None:
            wanted["conclusion"] = conclusion
        if actions:
            wanted["actions"] = [dict(action) for action in actions]
        path = f"{self._path}/check-runs"
        check_run = self._find_check_run(head_sha, name, external_id, check_run_id)
        if check_run is None:
            body = {"head_sha": head_sha, **wanted}
            return self._connection.write("POST", path, body, responses.CheckRunResponse).id
        if not _shows(check_run, wanted):
            self._connection.write("PATCH", f"{path}/{check_run.id}", wanted, responses.CheckRunResponse)
        return check_run.id

    def upsert_issue(
        self, marker: str, title: str, body: str, labels: Sequence[str], *, issue_number: int | None = None
    ) -> int:
        """Create our issue, or change its title and body; whether it is open is left as it is.

        Args:
            marker: Stable key of the issue, such as ``perfgate:alert:17``; put as an HTML comment into the first line.
            title: One line; shortened to `text.MAX_TITLE_CHARACTERS`.
            body: Markdown without the marker; shortened with a note to `text.MAX_CHARACTERS`.
            labels: For a new issue; people may change those of an existing one. GitHub drops them without an error when
                the token may not push.
            issue_number: What this call returned earlier. A deleted issue is created again.

        Returns:
            The issue's number; store it.

        Raises:
            InvalidInput: The marker has characters that would end an HTML comment.
        """
        wanted = {"title": text.one_line(title), "body": text.marked(marker, body)}
        path = f"{self._path}/issues"
        issue = None
        if issue_number is not None:
            issue = self._connection.read_if_there(f"{path}/{issue_number}", responses.IssueResponse)
        if issue is None:
            issue = self._own_issue(marker)
        if issue is None:
            new = {**wanted, "labels": list(labels)}
            return self._connection.write("POST", path, new, responses.IssueResponse).number
        if issue.title != wanted["title"] or not text.is_same(issue.body, wanted["body"]):
            self._connection.write("PATCH", f"{path}/{issue.number}", wanted, responses.IssueResponse)
        return issue.number

    def close_issue(self, number: int, *, reason: Literal["completed", "not_planned"], comment: str) -> None:
        """Comment on an issue and close it; nothing happens where it is closed.

        Args:
            number: The issue's number.
            reason: ``completed``: the level returned; ``not_planned``: the change was accepted.
            comment: Markdown.
        """
        self._set_state(number, {"state": "closed", "state_reason": reason}, comment)

    def reopen_issue(self, number: int, *, comment: str) -> None:
        """Comment on an issue and reopen it; nothing happens where it is open.

        Args:
            number: The issue's number.
            comment: Markdown.
        """
        self._set_state(number, {"state": "open", "state_reason": "reopened"}, comment)

    def dispatch_workflow(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Request one run of a workflow.

        The only write here that must not be repeated: nothing on GitHub tells two runs with the same inputs apart. After
        `Unavailable` the run may have been started, and the caller decides which is worse, no run or two.

        Args:
            workflow: Its file name in ``.github/workflows``; it must listen to ``workflow_dispatch``.
            ref: Branch or tag whose version of the workflow runs.
            inputs: At most 25, all of which the workflow must declare.

        Raises:
            NotFound: There is no such workflow on the default branch.
            Rejected: It does not listen, or does not declare one of the inputs.
        """
        path = f"{self._path}/actions/workflows/{quote(workflow, safe='')}/dispatches"
        self._connection.request("POST", path, json={"ref": ref, "inputs": dict(inputs)})

    def _set_state(self, number: int, wanted: Mapping[str, str], comment: str) -> None:
        path = f"{self._path}/issues/{number}"
        if self._connection.read(path, responses.IssueResponse).state == wanted["state"]:
            return
        # The comment goes first: an issue in the wanted state then proves that it was written, whichever response is lost.
        key = hashlib.sha256(comment.encode("utf-8", "replace")).hexdigest()[:16]
        self.upsert_comment(number, f"perfgate:state:{key}", comment)
        self._connection.write("PATCH", path, wanted, responses.IssueResponse)

    def _own_comments(self, number: int, marker: str) -> list[responses.CommentResponse]:
        path = f"{self._path}/issues/{number}/comments"
        pages = self._connection.pages(path, list[responses.CommentResponse])
        ours = [comment for page in pages for comment in page if self._is_ours(comment, marker)]
        return sorted(ours, key=lambda comment: comment.id)

    def _own_issue(self, marker: str) -> responses.IssueResponse | None:
        # Listed, not searched: the search index lags behind, and a retry would create the issue a second time.
        path, kind = f"{self._path}/issues", list[responses.IssueResponse]
        pages = self._connection.pages(path, kind, state="all", creator=self.login)
        issues = (issue for page in pages for issue in page if issue.pull_request is None)
        return next((issue for issue in issues if self._is_ours(issue, marker)), None)

    def _find_check_run(
        self, head_sha: str, name: str, external_id: str, check_run_id: int | None
    ) -> responses.CheckRunResponse | None:
        """Return our check run on a commit: by its id, or by name and external id where the id is unknown or stale."""
        if check_run_id is not None:
            known = self._connection.read_if_there(
                f"{self._path}/check-runs/{check_run_id}", responses.CheckRunResponse
            )
            if known is not None and known.head_sha == head_sha:
                return known
        path = f"{self._commit_path(head_sha)}/check-runs"
        pages = self._connection.pages(path, responses.CheckRunPage, check_name=name, filter="all")
        runs = (run for page in pages for run in page.check_runs if (run.name, run.external_id) == (name, external_id))
        return next((run for run in runs if run.app is not None and self._is_me(f"{run.app.slug}[bot]")), None)

    def _is_ours(self, item: responses.CommentResponse | responses.IssueResponse, marker: str) -> bool:
        starts = (item.body or "").startswith(text.marker_line(marker))
        return starts and item.user is not None and self._is_me(item.user.login)

    def _is_me(self, login: str) -> bool:
        return login.casefold() == self.login.casefold()


def _shows(check_run: responses.CheckRunResponse, wanted: Mapping[str, Any]) -> bool:
    """Return whether a check run is as wanted; its buttons cannot be read."""
    plain = ("name", "external_id", "status", "details_url")
    return (
        all(getattr(check_run, field) == wanted[field] for field in plain)
        and check_run.conclusion == wanted.get("conclusion")
        and check_run.output.title == wanted["output"]["title"]
        and text.is_same(check_run.output.summary, wanted["output"]["summary"])
    )
