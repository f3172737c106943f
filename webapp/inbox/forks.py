"""What a fork's own workflow measured: fetched by us, believed in nothing but what GitHub attests, and marked for ever.

A fork's workflow holds no secret and can show no identity, and its author may have written any numbers. So nothing is pushed:
when such a run is over, the server reads from GitHub which commit and branch it was for, finds the open pull request whose
head is exactly that commit, and takes the files. They may be commented on; they make no check run, no baseline and no alert.
"""

from __future__ import annotations

import io
import logging
import zipfile
import zlib
from collections.abc import Iterator

from perfgate.errors import InvalidInput, NotFound
from perfgate.formatting import plain
from perfgate.github import Repository, WorkflowRun
from perfgate.results import result_file
from perfgate.results.records import Run
from webapp.alerts import rules
from webapp.github import account
from webapp.history import ingest
from webapp.history.models import Project
from webapp.history.models import Run as Stored
from webapp.publishing import outbox, payloads

log = logging.getLogger(__name__)

ARTIFACT_PREFIX = "perfgate-"
MAX_ARTIFACTS, MAX_FILES = 16, 64
MAX_PACKED_BYTES = 16 * 1024 * 1024
MAX_BYTES = 64 * 1024 * 1024
"""Of all files of one run together, unpacked: what is announced and what really comes are both held against it."""


def fetch(project: Project, run_id: int) -> str:
    """Take the results of one run of a workflow, if it was a fork's pull request's; return what came of it.

    Raises:
        InvalidInput: Its files are not what our own workflow leaves: too large, too many, about something else.
        NotFound, PermissionDenied, Rejected: GitHub does not tell. A retry cannot help.
        RateLimited, Unavailable: GitHub did not answer; ask again later.
    """
    with account.connect(project) as repository:
        run = repository.workflow_run(run_id)
        workflow = f".github/workflows/{rules.alert_rules(project).workflow}"
        if run.event != "pull_request" or run.path != workflow:
            return f"run {run_id} is {plain(run.path)} for {plain(run.event)}, not {workflow} for a pull request"
        if run.head_repository.casefold() == project.repository.casefold():
            return _own(project, run)
        number = _pull_request(repository, run)
        files = list(_files(repository, run_id))
    runs = [result_file.read(data, source=name) for name, data in files]
    for read, (name, _) in zip(runs, files, strict=True):
        _require_same(read, run, number, name)
    # Nothing is stored before all of it was found sound.
    for read, (name, data) in zip(runs, files, strict=True):
        ingest.store(project, read, data, name=name, trusted=False)
    return (
        f"{len(files)} results for pull request {number}, from {plain(run.head_repository)}, are marked as a stranger's"
    )


def _own(project: Project, run: WorkflowRun) -> str:
    """End the waiting of a pull request of the repository itself whose workflow is over and uploaded nothing."""
    if Stored.objects.filter(project=project, commit__sha=run.head_sha, pull_request__isnull=False).exists():
        return f"run {run.id} is of the repository itself, which uploads by its own identity"
    outbox.want_check(project, payloads.nothing(project, run.head_sha), over=True)
    return f"run {run.id} left no result for {run.head_sha[:10]}: its check run says so"


def _pull_request(repository: Repository, run: WorkflowRun) -> int:
    """Return the open pull request that the run was for: by branch and head, as GitHub knows them."""
    if not run.head_repository or not run.head_branch:
        raise NotFound("the fork was deleted: its pull request cannot be told any more")
    offered = repository.pull_requests_from(run.head_repository, run.head_branch)
    found = [each.number for each in offered if each.head_sha == run.head_sha]
    if not found:
        raise NotFound(
            f"no open pull request from {plain(run.head_repository)} stands at {run.head_sha[:10]}: it moved on, or is closed"
        )
    return found[0]


def _require_same(read: Run, run: WorkflowRun, number: int, name: str) -> None:
    if read.commit.sha != run.head_sha:
        raise InvalidInput(f"{plain(name)} is about commit {plain(read.commit.sha)}, the run was for {run.head_sha}")
    if read.pull_request != number or read.baseline is None:
        theirs = read.pull_request or "none"
        raise InvalidInput(f"{plain(name)} is about pull request {theirs}, the run was for {number}: it is refused")


def _files(repository: Repository, run_id: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each result file; nothing is ever written to a disk."""
    listed = [
        each for each in repository.artifacts(run_id) if each.name.startswith(ARTIFACT_PREFIX) and not each.expired
    ]
    if len(listed) > MAX_ARTIFACTS:
        raise InvalidInput(f"the run left {len(listed)} artifacts, at most {MAX_ARTIFACTS} are taken")
    left, count = MAX_BYTES, 0
    for artifact in listed:
        packed = repository.download_artifact(artifact.id, max_bytes=MAX_PACKED_BYTES)
        for name, data in _unpacked(packed, plain(artifact.name), left):
            left, count = left - len(data), count + 1
            if count > MAX_FILES:
                raise InvalidInput(f"the run left more than {MAX_FILES} files: they are refused")
            yield name, data


def _unpacked(packed: bytes, artifact: str, most: int) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON files of a zip file, unpacked no further than *most* bytes together.

    Raises:
        InvalidInput: It is none, holds too much, or a name that leads out of it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES or sum(each.file_size for each in entries) > most:
                raise InvalidInput(
                    f"{artifact} holds {len(entries)} files of {sum(each.file_size for each in entries):,} bytes unpacked:"
                    f" at most {MAX_FILES} of {most:,} are taken"
                )
            for entry in entries:
                if entry.is_dir():
                    continue
                parts = entry.filename.replace("\\", "/").split("/")
                if ".." in parts or not parts[0] or ":" in parts[0] or not entry.filename.endswith(".json"):
                    raise InvalidInput(f"{artifact} holds {plain(entry.filename)}: our workflow leaves no such file")
                with archive.open(entry) as file:
                    data = file.read(most + 1)  # what is announced may be a lie
                if len(data) > most:
                    raise InvalidInput(f"{artifact} unpacks to more than {most:,} bytes: it is refused")
                most -= len(data)
                yield parts[-1], data
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise InvalidInput(f"{artifact} is no zip file that can be read: {error}") from error
