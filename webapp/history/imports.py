"""Import old histories: every result in a folder or archive, in batches, with the commits' order from git if available.

An import can be stopped at any time and started again: stored files are recognized by their digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from django.db.models import F

from perfgate import git
from perfgate.errors import InvalidResult
from perfgate.results import records
from perfgate.results.formats import FoundRun, find_results, read_run
from perfgate.results.records import Refusal
from webapp.history import catalog, ingest
from webapp.history.locks import project_lock
from webapp.history.models import Commit, Project, Run
from webapp.history.submission import Submission, digest_of, prepare

BATCH_RUNS = 100
"""Runs in one transaction."""

BATCH_BYTES = 8 * 2**20
"""Bytes of files in one transaction, which limits the memory of an import."""


@dataclass
class ImportProgress:
    """The progress of an import, after each batch."""

    position: int = 0
    """Bytes that were read."""
    total: int = 0
    """Bytes of all files."""
    created: int = 0
    """New runs."""
    present: int = 0
    """Runs that were already stored."""
    refused: list[Refusal] = field(default_factory=list)
    """Files, and parts of files, that could not be stored."""


def import_results(project: Project, path: Path, *, commits: Mapping[str, records.Commit]) -> Iterator[ImportProgress]:
    """Store every run in *path*; yield the progress after each batch.

    Args:
        project: Project of the runs.
        path: Anything that `perfgate.results.formats.find_results` searches.
        commits: Facts from git, by sha; see `read_commits`.

    Raises:
        InvalidResult: *path* cannot be opened. A retry cannot help.
    """
    progress = ImportProgress()
    known = set(project.runs.values_list("digest", flat=True))
    batch: list[Submission] = []
    for found in find_results(path):
        submission = _new_submission(found, known, commits, progress)
        if submission is None:
            continue
        batch.append(submission)
        if len(batch) == BATCH_RUNS or sum(waiting.size for waiting in batch) >= BATCH_BYTES:
            _store(project, batch, progress)
            batch = []
            yield progress
    _store(project, batch, progress)
    yield progress


def read_commits(repository: Path) -> dict[str, records.Commit]:
    """Return all commits of a repository by sha.

    Raises:
        InvalidInput: *repository* is no git repository. A retry cannot help.
    """
    return {commit.sha: commit for commit in git.commits(repository)}


def complete_commits(project: Project, commits: Mapping[str, records.Commit]) -> int:
    """Add facts from git to stored commits without a generation; return how many commits changed.

    The runs of commits whose place in the order is new become pending.
    """
    with project_lock(project.pk) as locked:
        incomplete = locked.commits.filter(generation=None).values_list("sha", flat=True)
        found = [commits[sha] for sha in incomplete if sha in commits]
        if not found:
            return 0
        ids = catalog.commits(locked, found)
        Run.objects.filter(commit__in=Commit.objects.filter(pk__in=ids.values(), generation__isnull=False)).update(
            processed_at=None
        )
        Project.objects.filter(pk=locked.pk).update(revision=F("revision") + 1)
    return len(found)


def _new_submission(
    found: FoundRun | Refusal, known: set[str], commits: Mapping[str, records.Commit], progress: ImportProgress
) -> Submission | None:
    """Return what is to be stored; None if it was refused or is already stored, which is added to *progress*."""
    if isinstance(found, Refusal):
        progress.refused.append(found)
        return None
    progress.position, progress.total = found.position, found.total
    if digest_of(found.data) in known:
        progress.present += 1
        return None
    try:
        return _submission(found, commits)
    except InvalidResult as error:
        progress.refused.append(Refusal(where=found.name, reason=f"{error.reason} (at {error.path})"))
        return None


def _submission(found: FoundRun, commits: Mapping[str, records.Commit]) -> Submission:
    run = read_run(found.data, name=found.name, context=found.context)
    from_git = commits.get(run.commit.sha)
    if from_git is not None:
        commit = msgspec.structs.replace(
            from_git,
            branch=run.commit.branch,
            dirty=run.commit.dirty,
            committed_at=from_git.committed_at or run.commit.committed_at,
        )
        run = msgspec.structs.replace(run, commit=commit)
    return prepare(run, found.data, name=found.name, context=found.context, identity=found.identity)


def _store(project: Project, batch: list[Submission], progress: ImportProgress) -> None:
    if not batch:
        return
    results = ingest.store_all(project, batch, imported=True)
    progress.created += sum(result.created for result in results)
    progress.present += sum(not result.created for result in results)
    for submission, result in zip(batch, results, strict=True):
        progress.refused.extend(_with_file_name(refusal, submission.name) for refusal in result.refused)


def _with_file_name(refusal: Refusal, name: str) -> Refusal:
    """Return *refusal* with the file's name in front of its path in the file."""
    return (
        refusal
        if not refusal.where.startswith("$")
        else msgspec.structs.replace(refusal, where=f"{name}: {refusal.where}")
    )
