"""Our stand-in compared with an independent emulator of GitHub: the same calls, and a reason for every difference.

`emulate` (npm, Apache-2.0) was written by others from GitHub's documentation.
"""

from __future__ import annotations

import base64
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from perfgate.errors import PerfgateError
from perfgate.github import App, Repository
from standin import Change, StandIn
from tests import node
from tests.webapp.issuer import new_key, pem

OWNER, NAME = "octocat", "hello-world"
FULL = f"{OWNER}/{NAME}"
APP, SLUG = 12_345, "perfgate"
PERSON = "test_token_admin"
KEY = new_key()
MARKER = "perfgate:pull:hello"

DIFFERENCES = {
    "reaction": "emulate has no reactions",
    "status": "emulate has no commit statuses",
    "pull requests of a commit": "emulate has no commits/{sha}/pulls, so the commits of a range cannot be listed",
    "one check run": "emulate does not say which App created a check run, so ours is not found again and a second one is created",
    "unknown commit": "emulate responds 404 to check runs on unknown commits; GitHub, and ours, 422",
}
"""Step of the scenario, and why the two differ there; any other difference is a defect of one of them."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the emulator with one repository and one App, and return its address."""
    folder = tmp_path_factory.mktemp("emulate")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = {
        "app_id": APP,
        "slug": SLUG,
        "name": SLUG,
        "private_key": pem(KEY)[0],
        "permissions": {
            "actions": "write",
            "checks": "write",
            "contents": "read",
            "issues": "write",
            "metadata": "read",
            "pull_requests": "write",
            "statuses": "write",
        },
        "events": ["pull_request"],
        "installations": [{"installation_id": 100, "account": OWNER, "repository_selection": "all"}],
    }
    seed = {
        "tokens": {PERSON: {"login": OWNER, "scopes": ["repo"]}},
        "github": {
            "users": [{"login": OWNER, "name": "Octo", "email": "octo@example.org"}],
            "repos": [{"owner": OWNER, "name": NAME, "auto_init": True}],
            "apps": [app],
        },
    }
    (folder / "seed.yaml").write_text(yaml.safe_dump(seed))
    url = f"http://127.0.0.1:{port}"
    program = node.installed() / "emulate/dist/index.js"
    command: list[str | Path] = [node.NODE, program, "start", "--service", "github", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--base-url", url, "--seed", folder / "seed.yaml"], cwd=folder, stdout=log, stderr=log
        )
    try:
        _wait_for(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            requests.get(f"{url}/repos/{FULL}", timeout=2)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


class Ours:
    """The stand-in, with a pull request."""

    def __init__(self, github: StandIn) -> None:
        self.url = github.url
        github.add_repository(FULL)
        github.add_app(APP, SLUG, pem(KEY)[1])
        github.add_token(PERSON, OWNER)
        github.set_permission(FULL, OWNER, "admin")
        self.base, self.head = "a" * 40, "b" * 40
        github.add_line(FULL, Change(self.base, "Initial commit", OWNER), Change(self.head, "Change", OWNER))
        github.add_file(FULL, self.base, "README.md", b"# hello-world\n")
        self.number = github.open_pull_request(
            FULL, title="Change", head_sha=self.head, base_sha=self.base, author=OWNER
        )

    def comment(self, body: str) -> None:
        _person(self.url, "POST", f"issues/{self.number}/comments", {"body": body})


class Theirs:
    """The emulator, with a pull request made over its own API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.base = _person(url, "GET", "commits/main")["sha"]
        _person(url, "POST", "git/refs", {"ref": "refs/heads/change", "sha": self.base})
        content = base64.b64encode(b"x = 1\n").decode()
        _person(url, "PUT", "contents/a.py", {"message": "Change", "content": content, "branch": "change"})
        pull = _person(url, "POST", "pulls", {"title": "Change", "head": "change", "base": "main"})
        self.number, self.head = pull["number"], pull["head"]["sha"]

    def comment(self, body: str) -> None:
        _person(self.url, "POST", f"issues/{self.number}/comments", {"body": body})


def _person(url: str, method: str, path: str, body: object = None) -> Any:
    headers = {"Authorization": f"Bearer {PERSON}", "X-GitHub-Api-Version": "2022-11-28"}
    response = requests.request(method, f"{url}/repos/{FULL}/{path}", json=body, headers=headers, timeout=10)
    assert response.ok, (method, path, response.status_code, response.text[:300])
    return response.json()


def tried(call: Callable[[], object]) -> object:
    """Return what a call gives, or the kind of its error."""
    try:
        return call()
    except PerfgateError as error:
        return type(error).__name__


def scenario(world: Ours | Theirs) -> dict[str, object]:
    """Do everything that perfgate does on GitHub, and return the result of each step, without ids and times."""
    app = App(str(APP), pem(KEY)[0], api_url=world.url)
    found: dict[str, object] = {"login": app.login}
    found["another key"] = tried(lambda: App(str(APP), pem(new_key())[0], api_url=world.url).token(FULL))
    with Repository(FULL, app.token(FULL), api_url=world.url, author=app.login) as repository:
        found |= _comments(repository, world)
        found |= _checks(repository, world)
        found |= _issues(repository)
        branch, _ = repository.default_branch()
        found["default branch"] = branch
        found["pull request"] = repository.pull_request(world.number).head_sha == world.head
        found["no such pull request"] = tried(lambda: repository.pull_request(9_999))
        found["a file"] = (repository.read_file("README.md", world.base) or "").startswith("#")
        found["no such file"] = tried(lambda: repository.read_file("none.txt", world.base))
        found["pull requests of a commit"] = tried(
            lambda: repository.commits_between(world.base, world.head, limit=5).count
        )
        found["permission"] = tried(lambda: repository.permission(OWNER))
        found["status"] = tried(
            lambda: repository.set_status(world.head, "perfgate", "success", "t", "https://x.invalid")
        )
        found["dispatch"] = tried(lambda: repository.dispatch_workflow("perfgate.yml", "main", {}))
    return found


def _comments(repository: Repository, world: Ours | Theirs) -> dict[str, object]:
    number = world.number
    first = repository.upsert_comment(number, MARKER, "one")
    again = repository.upsert_comment(number, MARKER, "one")
    world.comment(f"<!-- {MARKER} -->\npasted by somebody")
    edited = repository.upsert_comment(number, MARKER, "two")
    headers = {"Authorization": f"Bearer {PERSON}", "X-GitHub-Api-Version": "2022-11-28"}
    url = f"{world.url}/repos/{FULL}/issues/{number}/comments"
    there = requests.get(url, headers=headers, timeout=10).json()
    return {
        "one comment": first == again == edited,
        "texts": [(comment["user"]["login"], comment["body"].splitlines()[-1]) for comment in there],
        "reaction": tried(lambda: repository.react(first, "eyes")),
        "no such thread": tried(lambda: repository.upsert_comment(9_999, MARKER, "x")),
        "too long is cut": tried(lambda: repository.upsert_comment(number, MARKER, "x" * 100_000) == first),
    }


def _checks(repository: Repository, world: Ours | Theirs) -> dict[str, object]:
    def write(sha: str, title: str) -> int:
        return repository.upsert_check_run(
            sha,
            "perfgate",
            "x",
            status="completed",
            conclusion="failure",
            title=title,
            summary="s",
            details_url="https://example.org/",
        )

    first = write(world.head, "one")
    return {
        "one check run": {write(world.head, "one"), write(world.head, "two")} == {first},
        "unknown commit": tried(lambda: bool(write("f" * 40, "x"))),
    }


def _issues(repository: Repository) -> dict[str, object]:
    number = repository.upsert_issue("perfgate:alert:1", "Slower", "body", ["performance-regression"])
    again = repository.upsert_issue("perfgate:alert:1", "Slower still", "body", ["performance-regression"])
    repository.close_issue(number, reason="not_planned", comment="Accepted.")
    repository.close_issue(number, reason="not_planned", comment="Accepted.")
    repository.reopen_issue(number, comment="It is back.")
    return {"one issue": number == again}


def test_both_behave_alike(emulator: str) -> None:
    """Every step has the same result in both, unless a reason for the difference is listed."""
    theirs = scenario(Theirs(emulator))
    with StandIn() as github:
        ours = scenario(Ours(github))
    differing = {step for step in ours if ours[step] != theirs[step]}
    assert differing == set(DIFFERENCES), {step: (ours[step], theirs[step]) for step in differing ^ set(DIFFERENCES)}
    assert ours["one comment"]
    assert ours["one check run"]
    assert ours["one issue"]
