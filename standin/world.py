"""The Python side of the stand-in: what a test prepares on GitHub, and what it looks at afterwards. No HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from standin.state import (
    App,
    Change,
    CheckRun,
    Comment,
    Dispatch,
    Issue,
    PullRequest,
    Repository,
    State,
    Status,
    Token,
    WorkflowRun,
)


class World:
    """Everything that exists on this GitHub."""

    def __init__(self) -> None:
        self._state = State()

    def add_token(self, token: str, login: str, *, may_write: bool = True) -> None:
        """Accept *token*.

        Args:
            token: What the client sends.
            login: Its owner; ``slug[bot]`` makes it an App's, ``github-actions[bot]`` a workflow's.
            may_write: False: it may only read, like a workflow's in a pull request from a fork.
        """
        self._state.tokens[token] = Token(login, may_write)

    def add_app(self, number: int, slug: str, public_key: str) -> None:
        """Install an App in every repository; *public_key*, as PEM, verifies the tokens that it signs."""
        self._state.app = App(number, slug, public_key)

    def add_repository(self, full_name: str, *, default_branch: str = "main") -> None:
        """Create a repository without commits."""
        repository = Repository(next(self._state.ids), full_name, default_branch)
        self._state.repositories[full_name.lower()] = repository

    def add_commits(self, full_name: str, *shas: str) -> None:
        """Add commits; check runs can be written only on commits that exist."""
        self._repository(full_name).shas.update(shas)

    def add_line(self, full_name: str, *changes: Change) -> None:
        """Append commits to the default branch; ranges of them can be compared."""
        repository = self._repository(full_name)
        repository.line.extend(changes)
        repository.shas.update(change.sha for change in changes)

    def add_file(self, full_name: str, ref: str, path: str, data: bytes) -> None:
        """Add a file at *ref*."""
        self._repository(full_name).files[ref, path] = data

    def add_workflow(self, full_name: str, file: str, *inputs: str) -> None:
        """Add a workflow that can be started with *inputs*."""
        self._repository(full_name).workflows[file] = frozenset(inputs)

    def add_workflow_run(
        self,
        full_name: str,
        *,
        path: str,
        event: str,
        head_sha: str,
        head_branch: str,
        head_repository: str,
        artifacts: Mapping[str, bytes],
    ) -> int:
        """Add a finished run of a workflow and return its id; *artifacts* are zip files by name."""
        repository = self._repository(full_name)
        ids = {name: next(self._state.ids) for name in artifacts}
        repository.artifacts.update({ids[name]: content for name, content in artifacts.items()})
        number = next(self._state.ids)
        repository.workflow_runs[number] = WorkflowRun(number, path, event, head_sha, head_branch, head_repository, ids)
        return number

    def set_permission(self, full_name: str, login: str, permission: str) -> None:
        """Give a user a role in a repository: admin, write or read."""
        self._repository(full_name).permissions[login] = permission

    def open_pull_request(
        self,
        full_name: str,
        *,
        title: str,
        head_sha: str,
        base_sha: str,
        head_ref: str = "change",
        base_ref: str = "main",
        head_repository: str = "",
        author: str = "contributor",
    ) -> int:
        """Open a pull request and return its number; *head_repository* is given for one from a fork."""
        repository = self._repository(full_name)
        repository.shas.update((head_sha, base_sha))
        number = repository.next_number()
        repository.threads[number] = PullRequest(
            next(self._state.ids),
            number,
            author,
            title,
            "",
            head_sha=head_sha,
            head_ref=head_ref,
            head_repository=head_repository or repository.full_name,
            base_sha=base_sha,
            base_ref=base_ref,
        )
        return number

    def push(self, full_name: str, number: int, head_sha: str) -> None:
        """Move the head of a pull request."""
        repository = self._repository(full_name)
        pull = repository.threads[number]
        assert isinstance(pull, PullRequest)
        repository.shas.add(head_sha)
        pull.head_sha = head_sha

    def add_comment(self, full_name: str, number: int, author: str, body: str) -> int:
        """Add a comment of *author* and return its id."""
        comment = Comment(next(self._state.ids), author, body)
        self._repository(full_name).threads[number].comments.append(comment)
        return comment.id

    def delete_comment(self, full_name: str, comment_id: int) -> None:
        """Delete a comment."""
        found = self._repository(full_name).find_comment(comment_id)
        assert found is not None
        thread, comment = found
        thread.comments.remove(comment)

    def set_body(self, full_name: str, number: int, body: str) -> None:
        """Change the text of an issue or pull request."""
        self._repository(full_name).threads[number].body = body

    def delete_issue(self, full_name: str, number: int) -> None:
        """Delete an issue."""
        del self._repository(full_name).threads[number]

    def comments(self, full_name: str, number: int) -> list[Comment]:
        """Return the comments on an issue or pull request, oldest first."""
        return list(self._repository(full_name).threads[number].comments)

    def issues(self, full_name: str) -> list[Issue]:
        """Return the issues, oldest first, without the pull requests."""
        threads = self._repository(full_name).threads.values()
        return [thread for thread in threads if not isinstance(thread, PullRequest)]

    def check_runs(self, full_name: str, sha: str) -> list[CheckRun]:
        """Return the check runs on a commit, oldest first."""
        return [run for run in self._repository(full_name).check_runs.values() if run.head_sha == sha]

    def statuses(self, full_name: str) -> list[Status]:
        """Return the commit statuses, oldest first."""
        return list(self._repository(full_name).statuses)

    def dispatches(self, full_name: str) -> list[Dispatch]:
        """Return the requested runs of workflows, oldest first."""
        return list(self._repository(full_name).dispatches)

    def _repository(self, full_name: str) -> Repository:
        return self._state.repositories[full_name.lower()]
