"""Fetch the results of forks, and store them as untrusted.

The workflow of a fork holds no secret and cannot prove an identity, and its author can have written any numbers. So the
server fetches: when such a workflow ends, it reads from GitHub for which commit and branch it ran, finds the open pull
request whose head is that commit, and downloads the files. They are shown in a comment, and are used for no check run, no
baseline and no alert.
"""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.errors import InvalidInput, NotFound
from perfgate.formatting import plain
from perfgate.github import Repository, WorkflowRun
from perfgate.results import records, result_file
from webapp.alerts import rules
from webapp.github import account
from webapp.history import ingest
from webapp.history.models import Project, Run
from webapp.inbox.archives import json_files
from webapp.publishing.channels.github.check_runs import empty_check_run
from webapp.publishing.channels.github.pull_requests import store_check_run

ARTIFACT_PREFIX = "perfgate-"
MAX_ARTIFACTS, MAX_FILES = 16, 64
MAX_PACKED_BYTES = 16 * 1024 * 1024
MAX_BYTES = 64 * 1024 * 1024
"""Size of all files of one workflow run together, unpacked; both the declared and the real size are checked."""


def fetch_results(project: Project, run_id: int) -> str:
    """Fetch and store the results of a workflow run, if it is of a fork's pull request; return what was done.

    Raises:
        InvalidInput: The files are not those of our own workflow: too large, too many, or about another commit.
        NotFound, PermissionDenied, Rejected: GitHub does not show them. A retry cannot help.
        RateLimited, Unavailable: GitHub did not answer. A retry can help.
    """
    with account.connect(project) as repository:
        run = repository.workflow_run(run_id)
        workflow = f".github/workflows/{rules.alert_rules(project).workflow}"
        if run.event != "pull_request" or run.path != workflow:
            return f"run {run_id} is {plain(run.path)} for {plain(run.event)}, not {workflow} for a pull request"
        if run.head_repository.casefold() == project.repository.casefold():
            return _end_waiting(project, run)
        number = _pull_request(repository, run)
        files = list(_files(repository, run_id))
    results = [result_file.read(data, source=name) for name, data in files]
    # Nothing is stored unless all files are valid.
    for result, (name, _) in zip(results, files, strict=True):
        _check_origin(result, run, number, name)
    for result, (name, data) in zip(results, files, strict=True):
        ingest.store(project, result, data, name=name, trusted=False)
    return f"{len(files)} results for pull request {number}, from {plain(run.head_repository)}, are marked as untrusted"


def _end_waiting(project: Project, run: WorkflowRun) -> str:
    """Show that the workflow of the repository itself ended without an upload, if it did."""
    if Run.objects.filter(project=project, commit__sha=run.head_sha, pull_request__isnull=False).exists():
        return f"run {run.id} is of the repository itself, which uploads by its own identity"
    store_check_run(project, empty_check_run(project, run.head_sha), replace_waiting=True)
    return f"run {run.id} left no result for {run.head_sha[:10]}: its check run says so"


def _pull_request(repository: Repository, run: WorkflowRun) -> int:
    """Return the number of the open pull request with the run's branch and commit."""
    if not run.head_repository or not run.head_branch:
        raise NotFound("the fork was deleted: its pull request cannot be told any more")
    candidates = repository.pull_requests_from(run.head_repository, run.head_branch)
    found = [candidate.number for candidate in candidates if candidate.head_sha == run.head_sha]
    if not found:
        raise NotFound(
            f"no open pull request from {plain(run.head_repository)} stands at {run.head_sha[:10]}: it moved on, or is closed"
        )
    return found[0]


def _check_origin(result: records.Run, run: WorkflowRun, number: int, name: str) -> None:
    """Raise `InvalidInput` unless a file is about the commit and pull request of its workflow run."""
    if result.commit.sha != run.head_sha:
        raise InvalidInput(f"{plain(name)} is about commit {plain(result.commit.sha)}, the run was for {run.head_sha}")
    if result.pull_request != number or result.baseline is None:
        claimed = result.pull_request or "none"
        raise InvalidInput(f"{plain(name)} is about pull request {claimed}, the run was for {number}: it is refused")


def _files(repository: Repository, run_id: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each result file; nothing is written to disk."""
    artifacts = repository.artifacts(run_id)
    chosen = [artifact for artifact in artifacts if artifact.name.startswith(ARTIFACT_PREFIX) and not artifact.expired]
    if len(chosen) > MAX_ARTIFACTS:
        raise InvalidInput(f"the run left {len(chosen)} artifacts, at most {MAX_ARTIFACTS} are taken")
    bytes_left, count = MAX_BYTES, 0
    for artifact in chosen:
        packed = repository.download_artifact(artifact.id, max_bytes=MAX_PACKED_BYTES)
        for name, data in json_files(packed, plain(artifact.name), max_files=MAX_FILES, max_bytes=bytes_left):
            bytes_left, count = bytes_left - len(data), count + 1
            if count > MAX_FILES:
                raise InvalidInput(f"the run left more than {MAX_FILES} files: they are refused")
            yield name, data
