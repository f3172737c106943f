"""What a job of GitHub Actions was started for, read from the runner's variables and the event's file.

The event of a pull request from a fork is untrusted: hashes, numbers and revisions are validated, and no other text of it
is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from perfgate.errors import InvalidInput

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""Largest event that is read; GitHub limits a payload to 25 MB."""


class JobKind(StrEnum):
    """What is measured, and where the result is shown; the values are GitHub's names of events."""

    PULL_REQUEST = "pull_request"
    """Base and head, side by side; shown as summary, comment and check run."""
    MERGE_GROUP = "merge_group"
    """The same for a merge queue; shown as summary and check run."""
    PUSH = "push"
    """One commit, for the history."""
    RELEASE = "release"
    """A tag and the tag before it, side by side; shown as summary and check run."""
    RANGE = "workflow_dispatch"
    """Two commits named by a person, or by the server to confirm an alert or find its commit."""
    CANARY = "schedule"
    """A planted slowdown, which the gate must find."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a job was started for, and where it runs."""

    kind: JobKind
    repository: str
    """``owner/name``."""
    head: str
    """Full hash of the commit to measure; for a range, the revision as it was named."""
    base: str = ""
    """What to compare with: the tip of the base branch for a pull request, the revision as named for a range; else empty."""
    tag: str = ""
    """Tag of a release."""
    pull_request: int | None = None
    is_fork: bool = False
    """Whether the pull request's code comes from another repository; the job's token cannot write then."""
    suite: str = ""
    select: str = ""
    """For a range: pattern of the benchmarks to measure."""
    token: str = ""
    api_url: str = ""
    url: str = ""
    """The page of the workflow's run."""
    workflow: str = ""
    """Path of the workflow's file in the repository; empty: unknown."""
    environment: str = ""
    """Name of the runner in the history: its own if it is self-hosted, else that of GitHub's image, whose host names
    differ every time."""
    summary: Path | None = None
    """Markdown added to this file is shown on the run's page."""


_Hash = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
_Revision = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}$")]


class _EventRepository(msgspec.Struct):
    full_name: str


class _Side(msgspec.Struct):
    sha: _Hash
    repo: _EventRepository | None = None


class _Pull(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(ge=1)]
    head: _Side
    base: _Side


class _Group(msgspec.Struct):
    head_sha: _Hash
    base_sha: _Hash


class _Release(msgspec.Struct):
    tag_name: _Revision


class _Inputs(msgspec.Struct):
    base: _Revision
    head: _Revision
    suite: str = ""
    select: str = ""
    pull_request: Annotated[str, msgspec.Meta(pattern=r"^(?:[1-9][0-9]{0,8})?$")] = ""


class _Event(msgspec.Struct):
    pull_request: _Pull | None = None
    merge_group: _Group | None = None
    release: _Release | None = None
    inputs: _Inputs | None = None


def read(variables: Mapping[str, str]) -> Job:
    """Return what this job was started for.

    Args:
        variables: The process's environment variables, as GitHub's runner sets them.

    Raises:
        InvalidInput: This is no job of GitHub Actions, perfgate measures nothing for its event, or the event cannot be
            read.

    Source:
        GitHub, "Variables reference", default environment variables; "Events that trigger workflows".
    """
    kind = _kind(variables)
    event = _read_event(Path(variables["GITHUB_EVENT_PATH"]))
    repository = variables.get("GITHUB_REPOSITORY", "")
    server = variables.get("GITHUB_SERVER_URL", "https://github.com")
    job = Job(
        kind=kind,
        repository=repository,
        head=variables.get("GITHUB_SHA", ""),
        token=variables.get("GITHUB_TOKEN", ""),
        api_url=variables.get("GITHUB_API_URL", "https://api.github.com"),
        url=f"{server}/{repository}/actions/runs/{variables.get('GITHUB_RUN_ID', '')}",
        workflow=variables.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].removeprefix(f"{repository}/"),
        environment=_environment(variables),
        summary=Path(variables["GITHUB_STEP_SUMMARY"]) if variables.get("GITHUB_STEP_SUMMARY") else None,
    )
    return replace(job, **_commits(kind, event))


def _kind(variables: Mapping[str, str]) -> JobKind:
    """Return what kind of job this is."""
    name = variables.get("GITHUB_EVENT_NAME", "")
    if not name or "GITHUB_EVENT_PATH" not in variables:
        raise InvalidInput("this is no job of GitHub Actions: on a laptop use 'perfgate check' and 'perfgate run'")
    if name in set(JobKind):
        return JobKind(name)
    known = ", ".join(JobKind)
    hint = " It runs with the base's secrets, next to untrusted code." if name == "pull_request_target" else ""
    raise InvalidInput(f"perfgate measures nothing for the event {name!r}: use one of {known}.{hint}")


def _environment(variables: Mapping[str, str]) -> str:
    """Return the name of the runner in the history."""
    if variables.get("RUNNER_ENVIRONMENT") == "self-hosted" and (name := variables.get("RUNNER_NAME", "")):
        return name
    image = variables.get("ImageOS") or variables.get("RUNNER_OS", "unknown")
    return f"github-{image}-{variables.get('RUNNER_ARCH', 'unknown')}"


def _read_event(path: Path) -> _Event:
    try:
        if path.stat().st_size > MAX_EVENT_BYTES:
            raise InvalidInput(f"{path} is larger than {MAX_EVENT_BYTES:,} bytes: no event of GitHub's is")
        return msgspec.json.decode(path.read_bytes(), type=_Event)
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}: the runner keeps the event there") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"{path} is no event as GitHub writes it: {error}") from error


def _commits(kind: JobKind, event: _Event) -> dict[str, Any]:
    """Return the fields of `Job` that the event gives: the commits in question, where they are not those checked out."""
    if kind in {JobKind.PUSH, JobKind.CANARY}:
        return {}
    fields = {
        JobKind.PULL_REQUEST: _of_pull_request(event.pull_request),
        JobKind.MERGE_GROUP: event.merge_group
        and {"head": event.merge_group.head_sha, "base": event.merge_group.base_sha},
        JobKind.RELEASE: event.release and {"tag": event.release.tag_name},
        JobKind.RANGE: _of_range(event.inputs),
    }[kind]
    if fields:
        return fields
    hint = ": the workflow must declare the inputs base, head, suite and select" if kind is JobKind.RANGE else ""
    raise InvalidInput(f"the event {kind} does not say what to measure{hint}")


def _of_pull_request(pull: _Pull | None) -> dict[str, Any]:
    if pull is None:
        return {}
    # GITHUB_SHA would be the merge of both, which nobody wrote.
    base, head = pull.base.repo, pull.head.repo
    is_fork = head is None or base is None or head.full_name != base.full_name
    return {"head": pull.head.sha, "base": pull.base.sha, "pull_request": pull.number, "is_fork": is_fork}


def _of_range(inputs: _Inputs | None) -> dict[str, Any]:
    if inputs is None:
        return {}
    number = int(inputs.pull_request) if inputs.pull_request else None
    named = {"suite": inputs.suite, "select": inputs.select, "pull_request": number}
    return {"base": inputs.base, "head": inputs.head, **named}
