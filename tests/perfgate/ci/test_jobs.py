"""What a job was started for: read from the runner's variables and the event's file, and nothing else believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfgate.ci import jobs
from perfgate.ci.jobs import JobKind
from perfgate.errors import InvalidInput

HEAD, BASE = "a" * 40, "b" * 40


def read(folder: Path, name: str, event: object, **variables: str) -> jobs.Job:
    file = folder / "event.json"
    file.write_text(json.dumps(event) if not isinstance(event, str) else event)
    given = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": "octocat/shop"}
    return jobs.read({**given, "GITHUB_SHA": HEAD, **variables})


def pull(head_repository: object = None) -> dict[str, Any]:
    own = {"full_name": "octocat/shop"}
    head = {"sha": HEAD, "repo": own if head_repository is None else head_repository}
    return {"pull_request": {"number": 7, "head": head, "base": {"sha": BASE, "repo": own}}}


def test_a_pull_request(tmp_path: Path) -> None:
    """Its own head counts, not the merge that the runner checks out."""
    job = read(tmp_path, "pull_request", pull(), GITHUB_SHA="c" * 40)
    assert (job.kind, job.head, job.base, job.pull_request) == (JobKind.PULL_REQUEST, HEAD, BASE, 7)
    assert not job.is_fork


@pytest.mark.parametrize("repository", [{"full_name": "mallory/shop"}, False])
def test_a_fork_is_known_by_its_repository(tmp_path: Path, repository: object) -> None:
    """Also one that was deleted since."""
    assert read(tmp_path, "pull_request", pull(repository or {"full_name": ""})).is_fork


def test_the_other_events(tmp_path: Path) -> None:
    group = read(tmp_path, "merge_group", {"merge_group": {"head_sha": HEAD, "base_sha": BASE}})
    assert (group.kind, group.head, group.base) == (JobKind.MERGE_GROUP, HEAD, BASE)
    release = read(tmp_path, "release", {"release": {"tag_name": "v1.2"}})
    assert (release.kind, release.head, release.tag) == (JobKind.RELEASE, HEAD, "v1.2")
    inputs = {"base": "v1", "head": "main", "suite": "asv", "select": "time_*"}
    asked = read(tmp_path, "workflow_dispatch", {"inputs": inputs})
    assert (asked.kind, asked.base, asked.head, asked.suite, asked.select) == (JobKind.RANGE, *inputs.values())
    assert read(tmp_path, "push", {}).head == HEAD
    assert read(tmp_path, "schedule", {}).kind is JobKind.CANARY


@pytest.mark.parametrize(
    ("name", "event", "why"),
    [
        ("pull_request_target", pull(), "secrets, next to untrusted code"),
        ("issues", {}, "measures nothing for the event 'issues'"),
        ("pull_request", {}, "does not say what to measure"),
        ("workflow_dispatch", {}, "must declare the inputs"),
        ("workflow_dispatch", {"inputs": {"base": "--upload-pack=x", "head": "main"}}, "inputs.base"),
        ("workflow_dispatch", {"inputs": {"base": "v1", "head": "$(reboot)"}}, "inputs.head"),
        ("pull_request", {"pull_request": {**pull()["pull_request"], "number": "7; rm -rf"}}, "number"),
        ("pull_request", {"pull_request": {**pull()["pull_request"], "head": {"sha": "HEAD"}}}, "sha"),
        ("release", {"release": {"tag_name": "-v"}}, "tag_name"),
        ("push", "[" * 100_000, "no event as GitHub writes it"),
        ("push", "\x00", "no event as GitHub writes it"),
    ],
)
def test_what_cannot_be_believed_is_refused(tmp_path: Path, name: str, event: object, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read(tmp_path, name, event)


def test_a_laptop_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="perfgate check"):
        jobs.read({})
    with pytest.raises(InvalidInput, match="No such file"):
        jobs.read({"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(tmp_path / "none")})


def test_a_self_hosted_runner_has_its_own_name_in_the_history(tmp_path: Path) -> None:
    """GitHub's runners get a new host name every day: the history follows the name of their image instead."""
    facts = {"RUNNER_NAME": "bench-1", "RUNNER_ENVIRONMENT": "self-hosted", "ImageOS": "ubuntu24", "RUNNER_ARCH": "X64"}

    assert "bench-1" == read(tmp_path, "push", {}, **facts).environment
    assert (
        "github-ubuntu24-X64"
        == read(tmp_path, "push", {}, **{**facts, "RUNNER_ENVIRONMENT": "github-hosted"}).environment
    )
