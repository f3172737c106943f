"""GitHub's objects in JSON: the known fields, completed to whole objects from the description."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from standin.contract import Contract
from standin.state import App, Change, CheckRun, Comment, Issue, PullRequest, Repository, Status, WorkflowRun

Json = dict[str, Any]


class Shapes:
    """Formats the objects of the state as GitHub does.

    Args:
        contract: Completes the required fields of an object.
        url: Root of the API.
    """

    def __init__(self, contract: Contract, url: str) -> None:
        self._filled = contract.filled
        self._url = url

    def user(self, login: str) -> Json:
        """Return a user or a bot."""
        kind = "Bot" if login.endswith("[bot]") else "User"
        number = int(hashlib.sha256(login.encode()).hexdigest()[:7], 16)
        return self._filled(
            "simple-user", {"login": login, "id": number, "type": kind, "url": f"{self._url}/users/{login}"}
        )

    def own_user(self, login: str) -> Json:
        """Return the user behind a token."""
        return self._filled("public-user", {**self.user(login), "user_view_type": "public"})

    def repository(self, repository: Repository) -> Json:
        """Return a repository, whole."""
        return self._filled("full-repository", self._repository_values(repository))

    def pull_request(self, repository: Repository, pull: PullRequest) -> Json:
        """Return a pull request, whole."""
        values = self._thread_values(repository, pull)
        links = ("comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self")
        base = self._filled("repository", self._repository_values(repository))
        same = pull.head_repository == repository.full_name
        head = base if same else {**base, "full_name": pull.head_repository, "fork": True}
        return self._filled(
            "pull-request",
            {
                **{key: value for key, value in values.items() if key not in {"state_reason", "comments"}},
                "html_url": self._html_url(repository, pull),
                "base": self._branch(repository.full_name, pull.base_ref, pull.base_sha, base),
                "head": self._branch(pull.head_repository, pull.head_ref, pull.head_sha, head),
                "_links": {name: {"href": f"{self._url}/"} for name in links},
                "author_association": "CONTRIBUTOR",
                "comments": len(pull.comments),
            },
        )

    def issue(self, repository: Repository, issue: Issue) -> Json:
        """Return an issue; a pull request has the field ``pull_request``."""
        values = self._thread_values(repository, issue)
        if isinstance(issue, PullRequest):
            url = f"{self._repository_url(repository)}/pulls/{issue.number}"
            html_url = self._html_url(repository, issue)
            values["pull_request"] = {"url": url, "html_url": html_url, "diff_url": url, "patch_url": url}
        return self._filled("issue", values)

    def comment(self, repository: Repository, thread: Issue, comment: Comment) -> Json:
        """Return a comment."""
        return self._filled(
            "issue-comment",
            {
                "id": comment.id,
                "body": comment.body,
                "user": self.user(comment.author),
                "url": f"{self._repository_url(repository)}/issues/comments/{comment.id}",
                "html_url": f"{self._html_url(repository, thread)}#issuecomment-{comment.id}",
                "issue_url": f"{self._repository_url(repository)}/issues/{thread.number}",
                "author_association": "CONTRIBUTOR",
                "created_at": comment.created_at,
                "updated_at": comment.updated_at,
            },
        )

    def check_run(self, repository: Repository, run: CheckRun) -> Json:
        """Return a check run; its annotations have a list of their own."""
        url = f"{self._repository_url(repository)}/check-runs/{run.id}"
        app = self._filled("integration", {"slug": run.app, "name": run.app, "owner": self.user(run.app)})
        return self._filled(
            "check-run",
            {
                "id": run.id,
                "name": run.name,
                "head_sha": run.head_sha,
                "status": run.status,
                "conclusion": run.conclusion,
                "external_id": run.external_id,
                "details_url": run.details_url,
                "url": url,
                "html_url": f"{self._url}/{repository.full_name}/runs/{run.id}",
                "app": app,
                "output": {
                    "title": run.title,
                    "summary": run.summary,
                    "text": run.text,
                    "annotations_count": len(run.annotations),
                    "annotations_url": f"{url}/annotations",
                },
            },
        )

    def annotation(self, annotation: Mapping[str, Any]) -> Json:
        """Return one annotation of a check run."""
        return self._filled("check-annotation", annotation)

    def commit(self, repository: Repository, change: Change) -> Json:
        """Return a commit without its files."""
        url = f"{self._repository_url(repository)}/commits/{change.sha}"
        account = self.user("web-flow")
        names = {"sha": change.sha, "url": url, "html_url": url, "author": account, "committer": account}
        whole = self._filled("commit", names)
        author = {"name": change.author, "email": "", "date": "2026-01-01T00:00:00Z"}
        whole["commit"] = {**whole["commit"], "message": change.message, "author": author}
        line = [commit.sha for commit in repository.line]
        before = line[: line.index(change.sha)][-1:]
        whole["parents"] = [{"sha": sha, "url": f"{self._repository_url(repository)}/commits/{sha}"} for sha in before]
        return whole

    def comparison(self, repository: Repository, base: Change, *, ahead: int, behind: int) -> Json:
        """Return the comparison of two commits, without the commits between them."""
        there = self.commit(repository, base)
        status = "ahead" if ahead else "behind" if behind else "identical"
        counts = {"status": status, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead}
        return self._filled("commit-comparison", {"base_commit": there, "merge_base_commit": there, **counts})

    def app(self, app: App) -> Json:
        """Return the App that asks who it is."""
        return self._filled(
            "integration", {"id": app.id, "slug": app.slug, "name": app.slug, "owner": self.user(app.slug)}
        )

    def installation(self, app: App, repository: Repository) -> Json:
        """Return the installation of the App that covers a repository."""
        owner = self.user(repository.full_name.partition("/")[0])
        return self._filled(
            "installation", {"id": app.id + 1, "app_id": app.id, "app_slug": app.slug, "account": owner}
        )

    def workflow_run(self, repository: Repository, run: WorkflowRun) -> Json:
        """Return one run of a workflow."""
        own = self._filled("minimal-repository", self._repository_values(repository))
        head = {**own, "full_name": run.head_repository}
        values = {
            "id": run.id,
            "path": run.path,
            "event": run.event,
            "head_sha": run.head_sha,
            "head_branch": run.head_branch,
            "head_repository": head,
            "repository": own,
            "status": "completed",
            "conclusion": "success",
            # As documented: of a fork's run it is empty.
            "pull_requests": [],
        }
        return self._filled("workflow-run", values)

    def artifact(self, repository: Repository, number: int, name: str, size: int) -> Json:
        """Return one artifact of a run."""
        url = f"{self._repository_url(repository)}/actions/artifacts/{number}"
        values = {
            "id": number,
            "name": name,
            "size_in_bytes": size,
            "expired": False,
            "archive_download_url": f"{url}/zip",
        }
        return self._filled("artifact", values)

    def status(self, status: Status, creator: str) -> Json:
        """Return one commit status."""
        values = {"context": status.context, "state": status.state, "description": status.description}
        return self._filled("status", {**values, "target_url": status.target_url, "creator": self.user(creator)})

    def reaction(self, login: str, content: str) -> Json:
        """Return one reaction to a comment."""
        return self._filled("reaction", {"content": content, "user": self.user(login)})

    def permission(self, login: str, permission: str) -> Json:
        """Return the role of a user in a repository."""
        user = self._filled("nullable-collaborator", {**self.user(login), "role_name": permission})
        values = {"permission": permission, "role_name": permission, "user": user}
        return self._filled("repository-collaborator-permission", values)

    def listed_pull(self, repository: Repository, pull: PullRequest) -> Json:
        """Return an open pull request as an item of a list."""
        whole = self.pull_request(repository, pull)
        kept = ("id", "number", "title", "state", "user", "head", "base", "html_url", "_links")
        return self._filled("pull-request-simple", {name: whole[name] for name in kept})

    def listed_pull_request(self, number: int, *, merged: bool) -> Json:
        """Return a pull request as an item of a list, with the least that GitHub sends."""
        state = {"state": "closed", "merged_at": "2026-01-01T00:00:00Z"} if merged else {"state": "open"}
        return self._filled("pull-request-simple", {"number": number, "merged_at": None, **state})

    def file(self, path: str, data: bytes) -> Json:
        """Return a file with its content."""
        content = base64.encodebytes(data).decode()
        name = path.rpartition("/")[2]
        values = {
            "type": "file",
            "encoding": "base64",
            "size": len(data),
            "name": name,
            "path": path,
            "content": content,
        }
        return self._filled("content-file", values)

    def _repository_url(self, repository: Repository) -> str:
        return f"{self._url}/repos/{repository.full_name}"

    def _html_url(self, repository: Repository, thread: Issue) -> str:
        kind = "pull" if isinstance(thread, PullRequest) else "issues"
        return f"{self._url}/{repository.full_name}/{kind}/{thread.number}"

    def _repository_values(self, repository: Repository) -> Json:
        owner, _, name = repository.full_name.partition("/")
        return {
            "id": repository.id,
            "name": name,
            "full_name": repository.full_name,
            "owner": self.user(owner),
            "url": self._repository_url(repository),
            "default_branch": repository.default_branch,
        }

    def _thread_values(self, repository: Repository, thread: Issue) -> Json:
        return {
            "id": thread.id,
            "number": thread.number,
            "title": thread.title,
            "body": thread.body,
            "user": self.user(thread.author),
            "state": thread.state,
            "state_reason": thread.state_reason,
            "labels": [{"name": name, "color": "ededed"} for name in thread.labels],
            "comments": len(thread.comments),
            "url": f"{self._repository_url(repository)}/issues/{thread.number}",
            "html_url": self._html_url(repository, thread),
            "repository_url": self._repository_url(repository),
            "created_at": thread.created_at,
            "updated_at": thread.updated_at,
            "closed_at": thread.closed_at,
        }

    def _branch(self, full_name: str, ref: str, sha: str, repository: Json) -> Json:
        owner = full_name.partition("/")[0]
        return {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "user": self.user(owner), "repo": repository}
