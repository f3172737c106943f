"""Try once, on the real GitHub, everything that perfgate does there: what ``perfgate selftest`` does, for any program.

One check run (or status) is written on the newest commit of the default branch, and one issue with one comment, which is
closed again. A second self-test finds all of these and creates nothing.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from perfgate.ci.templates import WORKFLOW
from perfgate.errors import PerfgateError, PermissionDenied
from perfgate.github import Repository

NAME = "perfgate selftest"
MARKER = "perfgate:selftest"
BODY = "perfgate tried here whether it may file issues and comment. This issue can be deleted."
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class SelftestStep:
    """One thing that was tried."""

    name: str
    is_good: bool
    details: str
    """What was found; for a failure, why it failed and what to do."""


class _StepFailed(Exception):
    """Something is missing; the message says what to do."""


class Selftest:
    """Tries one step after the other; a failure does not end it.

    Args:
        report: Receives each step when it is done.
    """

    def __init__(self, report: Callable[[SelftestStep], None] | None = None) -> None:
        self.steps: list[SelftestStep] = []
        self._report = report or (lambda _: None)

    @property
    def failures(self) -> int:
        """Return how many steps failed."""
        return sum(not step.is_good for step in self.steps)

    def try_repository(self, repository: Repository) -> None:
        """Try everything that needs GitHub alone."""
        branch, head = "", ""
        with self._step("the token is known") as details:
            details.append(f"it writes as {repository.login}")
        with self._step("the repository can be read") as details:
            branch, head = repository.default_branch()
            details.append(f"{branch} is at {head[:10]}")
        if not head:
            return
        with self._step("the workflow is there") as details:
            details.append(_check_workflow(repository, branch))
        with self._step("a check run can be written") as details:
            details.append(_write_check_run(repository, head))
        self._try_issue(repository)

    def try_server(self, server: str, repository_name: str) -> None:
        """Try whether a perfgate server answers and knows the repository."""
        with self._step("the server answers") as details:
            details.append(f"perfgate {_get(server, 'health')['version']}")
        with self._step("the server has a project for it") as details:
            projects = _get(server, "projects?size=1000")["results"]
            found = [
                project["slug"]
                for project in projects
                if str(project.get("repository", "")).casefold() == repository_name.casefold()
            ]
            if not found:
                raise _StepFailed(f"none: run 'manage.py create_project NAME --repository {repository_name}' there")
            details.append(", ".join(found))

    def _try_issue(self, repository: Repository) -> None:
        number = 0
        with self._step("an issue can be filed") as details:
            number = repository.upsert_issue(MARKER, NAME, BODY, ["performance-regression"])
            details.append(f"issue {number}")
        if not number:
            return
        with self._step("a comment can be written, and is found again") as details:
            first = repository.upsert_comment(number, MARKER, "It works.")
            if repository.upsert_comment(number, MARKER, "It works.") != first:
                raise _StepFailed(
                    f"a second comment was written: the token does not write as {repository.login} (--login)"
                )
            details.append(f"comment {first}")
        with self._step("the issue can be closed"):
            repository.close_issue(number, reason="completed", comment="Tried, and done.")

    @contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Try one thing; the yielded list receives what is worth telling."""
        details: list[str] = []
        is_good = True
        try:
            yield details
        except (PerfgateError, _StepFailed, OSError, ValueError) as error:
            is_good, details = False, [str(error)]
        step = SelftestStep(name=name, is_good=is_good, details="; ".join(details))
        self.steps.append(step)
        self._report(step)


def _check_workflow(repository: Repository, branch: str) -> str:
    """Return the path of the workflow, which must exist and accept dispatches."""
    text = repository.read_file(WORKFLOW, branch)
    if text is None:
        raise _StepFailed(f"{branch} has no {WORKFLOW}: run 'perfgate init' and merge what it wrote")
    if "workflow_dispatch" not in text:
        raise _StepFailed(f"{WORKFLOW} does not listen to workflow_dispatch: the server cannot ask for measurements")
    return WORKFLOW


def _write_check_run(repository: Repository, head: str) -> str:
    """Write a check run, or a commit status where the token may not; return what was written."""
    url = f"https://github.com/{repository.full_name}"
    try:
        repository.upsert_check_run(
            head,
            NAME,
            MARKER,
            status="completed",
            conclusion="neutral",
            title="perfgate may write check runs here",
            summary=BODY.partition(".")[0] + ".",
            details_url=url,
        )
    except PermissionDenied as error:
        try:
            repository.set_status(head, NAME, "success", "perfgate may write statuses here", url)
        except PermissionDenied:
            raise error from None
        return "no: only the token of an App may. A commit status can be written instead"
    return f"on {head[:10]}"


def _get(server: str, path: str) -> dict[str, Any]:
    if urlsplit(server).scheme not in {"http", "https"}:
        raise _StepFailed(f"{server!r} is not the address of a server: write it as https://host")
    with urllib.request.urlopen(f"{server.rstrip('/')}/api/v1/{path}", timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - the scheme was checked above
        found: dict[str, Any] = json.load(response)
        return found
