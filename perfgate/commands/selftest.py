"""``perfgate selftest --repo OWNER/NAME``: do once, on the real GitHub, all that perfgate does there, and say what is missing.

It writes one check run (or status) on the newest commit of the default branch, and one issue with one comment, which it
closes. Run again, it finds all of these and makes none anew.
"""

from __future__ import annotations

import argparse
import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rich.text import Text

from perfgate.ci.templates import WORKFLOW
from perfgate.errors import InvalidInput, PerfgateError, PermissionDenied
from perfgate.formatting import plain
from perfgate.github import Repository
from perfgate.report import terminal

NAME = "perfgate selftest"
MARKER = "perfgate:selftest"
BODY = "perfgate tried here whether it may file issues and comment. This issue can be deleted."
TIMEOUT_SECONDS = 10.0


class _Missing(Exception):
    """Something is not as it must be; says what to do."""


@dataclass
class _Walk:
    """What was tried, in order."""

    steps: list[dict[str, object]] = field(default_factory=list)
    show: Callable[[str, str, bool], None] = lambda _name, _said, _good: None

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Try one thing; the list that is yielded takes what is worth telling."""
        told: list[str] = []
        good, said = True, ""
        try:
            yield told
            said = "; ".join(told)
        except (PerfgateError, _Missing, OSError, ValueError) as error:
            good, said = False, str(error)
        self.steps.append({"step": name, "good": good, "said": said})
        self.show(name, said, good)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; the token comes from the environment, where no list of processes shows it."""
    parser.add_argument("--repo", required=True, metavar="OWNER/NAME", help="a repository that may be tried on")
    parser.add_argument(
        "--api-url",
        default=os.environ.get("PERFGATE_GITHUB_API_URL", "https://api.github.com"),
        metavar="URL",
        help="root of the API: GitHub Enterprise, or a stand-in",
    )
    parser.add_argument(
        "--login",
        default=os.environ.get("PERFGATE_GITHUB_LOGIN", ""),
        help="whom the token writes as, where it may not ask: slug[bot] for an App",
    )
    parser.add_argument(
        "--server", default=os.environ.get("PERFGATE_SERVER", ""), metavar="URL", help="a perfgate server"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of words")


def run(arguments: argparse.Namespace) -> int:
    """Walk the way; return 0 if nothing is missing, else 2."""
    token = os.environ.get("PERFGATE_GITHUB_TOKEN") or os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise InvalidInput("$PERFGATE_GITHUB_TOKEN is not set: give the token that perfgate is to work with")
    walk = _Walk()
    if not arguments.json:
        out = terminal.console()

        def show(name: str, said: str, good: bool) -> None:  # noqa: FBT001 - a callback
            out.print(Text(f"{'ok     ' if good else 'MISSING'} {name}", style="" if good else "red"))
            if said:
                out.print(Text(f"        {plain(said, 600)}", style="dim"))

        walk.show = show
    with Repository(arguments.repo, token, api_url=arguments.api_url, author=arguments.login) as repository:
        _walk(walk, repository)
    if arguments.server:
        _ask_server(walk, arguments.server, arguments.repo)
    missing = sum(not each["good"] for each in walk.steps)
    if arguments.json:
        print(json.dumps({"missing": missing, "steps": walk.steps}))
    else:
        print(f"\n{'Nothing is missing.' if not missing else f'{missing} of {len(walk.steps)} steps do not work yet.'}")
    return 2 if missing else 0


def _walk(walk: _Walk, repository: Repository) -> None:
    branch, head = "", ""
    with walk.step("the token is known") as told:
        told.append(f"it writes as {repository.login}")
    with walk.step("the repository can be read") as told:
        branch, head = repository.default_branch()
        told.append(f"{branch} stands at {head[:10]}")
    if not head:
        return
    with walk.step("the workflow is there") as told:
        text = repository.read_file(WORKFLOW, branch)
        if text is None:
            raise _Missing(f"{branch} has no {WORKFLOW}: run 'perfgate init' and merge what it wrote")
        if "workflow_dispatch" not in text:
            raise _Missing(f"{WORKFLOW} does not listen to workflow_dispatch: the server cannot ask for measurements")
        told.append(WORKFLOW)
    with walk.step("a check run can be written") as told:
        told.append(_check(repository, head))
    number = 0
    with walk.step("an issue can be filed") as told:
        number = repository.upsert_issue(MARKER, NAME, BODY, ["performance-regression"])
        told.append(f"issue {number}")
    if number:
        with walk.step("a comment can be written, and is found again") as told:
            first = repository.upsert_comment(number, MARKER, "It works.")
            if repository.upsert_comment(number, MARKER, "It works.") != first:
                raise _Missing(
                    f"a second comment was written: {repository.login} is not whom the token writes as (--login)"
                )
            told.append(f"comment {first}")
        with walk.step("the issue can be closed"):
            repository.close_issue(number, reason="completed", comment="Tried, and done.")


def _check(repository: Repository, head: str) -> str:
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
        return "no: this token is no App's. A commit status can be written, and stands in for it"
    return f"on {head[:10]}"


def _ask_server(walk: _Walk, server: str, repo: str) -> None:
    with walk.step("the server answers") as told:
        told.append(f"perfgate {_get(server, 'health')['version']}")
    with walk.step("the server has a project for it") as told:
        page = _get(server, "projects?size=1000")
        found = [
            each["slug"] for each in page["results"] if str(each.get("repository", "")).casefold() == repo.casefold()
        ]
        if not found:
            raise _Missing(f"none: run 'manage.py create_project NAME --repository {repo}' there")
        told.append(", ".join(found))


def _get(server: str, path: str) -> dict[str, Any]:
    if urlsplit(server).scheme not in {"http", "https"}:
        raise _Missing(f"{server!r} is no server address: write it as https://host")
    with urllib.request.urlopen(f"{server.rstrip('/')}/api/v1/{path}", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
        return found
