"""GitHub Actions: what a job was started for, as the runner's variables and the event's file tell it.

Everything in the event of a pull request from a fork is a stranger's; a hash is a hash here, a number a number, and nothing
else of it is used unquoted.
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
"""GitHub's own limit of a payload is 25 MB."""


class Kind(StrEnum):
    """What is to be measured, and what becomes of it."""

    PULL_REQUEST = "pull_request"
    """Base and head side by side: summary, comment, check run."""
    MERGE_GROUP = "merge_group"
    """The same for a queue of merges: summary, check run."""
    PUSH = "push"
    """One commit, for the history."""
    RELEASE = "release"
    """A tag beside the tag before it: summary, check run."""
    RANGE = "workflow_dispatch"
    """Two commits that somebody named, as the server does to confirm an alert or to find its commit."""
    CANARY = "schedule"
    """A planted slowdown, which the gate must find."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Where a job runs, and for what."""

    kind: Kind
    repository: str
    """``owner/name``."""
    head: str
    """Whole hash of the commit in question; of a range: as it was named."""
    base: str = ""
    """The other side: the branch's tip for a pull request, as named for a range; empty: there is none, or git knows it."""
    tag: str = ""
    """Of a release."""
    pull_request: int | None = None
    is_fork: bool = False
    """The pull request's code comes from another repository: the job's token cannot write."""
    suite: str = ""
    select: str = ""
    """Of a range: what to measure."""
    token: str = ""
    api_url: str = ""
    url: str = ""
    """The run's own page."""
    workflow: str = ""
    """Path of the workflow's file in the repository; empty: unknown."""
    environment: str = ""
    """Name of the runner in the history: its own if it is self-hosted, else that of GitHub's image, whose host names
    differ every time."""
    summary: Path | None = None
    """Markdown added to this file is shown on the run's page."""


_Hash = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
_Revision = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}$")]


class _Repository(msgspec.Struct):
    full_name: str


class _Side(msgspec.Struct):
    sha: _Hash
    repo: _Repository | None = None


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
        variables: The process' environment, as GitHub's runner sets it.

    Raises:
        InvalidInput: This is no job of GitHub Actions, its event is none that perfgate measures for, or cannot be read.

    Source:
        GitHub, "Variables reference", default environment variables; "Events that trigger workflows".
    """
    name = variables.get("GITHUB_EVENT_NAME", "")
    if not name or "GITHUB_EVENT_PATH" not in variables:
        raise InvalidInput("this is no job of GitHub Actions: on a laptop use 'perfgate check' and 'perfgate run'")
    if name not in set(Kind):
        known = ", ".join(Kind)
        hint = " It runs with the base's secrets, next to a stranger's code." if name == "pull_request_target" else ""
        raise InvalidInput(f"perfgate measures nothing for the event {name!r}: use one of {known}.{hint}")
    kind, event = Kind(name), _event(Path(variables["GITHUB_EVENT_PATH"]))
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
    return replace(job, **_asked(kind, event))


def _environment(variables: Mapping[str, str]) -> str:
    """Return the name of the runner in the history."""
    if variables.get("RUNNER_ENVIRONMENT") == "self-hosted" and (name := variables.get("RUNNER_NAME", "")):
        return name
    image = variables.get("ImageOS") or variables.get("RUNNER_OS", "unknown")
    return f"github-{image}-{variables.get('RUNNER_ARCH', 'unknown')}"


def _event(path: Path) -> _Event:
    try:
        if path.stat().st_size > MAX_EVENT_BYTES:
            raise InvalidInput(f"{path} is larger than {MAX_EVENT_BYTES:,} bytes: no event of GitHub's is")
        return msgspec.json.decode(path.read_bytes(), type=_Event)
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}: the runner keeps the event there") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"{path} is no event as GitHub writes it: {error}") from error


def _asked(kind: Kind, event: _Event) -> dict[str, Any]:
    """Return what the event says of the commits in question, where that is another than the one checked out."""
    pull, group = event.pull_request, event.merge_group
    if kind is Kind.PULL_REQUEST and pull is not None:
        # GITHUB_SHA would be the merge of both, which nobody wrote.
        base, head = pull.base.repo, pull.head.repo
        is_fork = head is None or base is None or head.full_name != base.full_name
        return {"head": pull.head.sha, "base": pull.base.sha, "pull_request": pull.number, "is_fork": is_fork}
    if kind is Kind.MERGE_GROUP and group is not None:
        return {"head": group.head_sha, "base": group.base_sha}
    if kind is Kind.RELEASE and event.release is not None:
        return {"tag": event.release.tag_name}
    if kind is Kind.RANGE and event.inputs is not None:
        named = event.inputs
        number = int(named.pull_request) if named.pull_request else None
        asked = {"base": named.base, "suite": named.suite, "select": named.select, "pull_request": number}
        return {"head": named.head, **asked}
    if kind in {Kind.PUSH, Kind.CANARY}:
        return {}
    raise InvalidInput(
        f"the event {kind} does not say what to measure"
        + (": the workflow must declare the inputs base, head, suite and select" if kind is Kind.RANGE else "")
    )
