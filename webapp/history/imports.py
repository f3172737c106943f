"""Bring old histories in: every result in a tree, in batches, with the commits' order from git where it is at hand.

An import can be stopped at any time and started again: what is stored is recognised by its digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from django.db import transaction
from django.db.models import F

from perfgate import git
from perfgate.errors import InvalidResult
from perfgate.results import records
from perfgate.results.formats import FoundRun, find_results, read_run
from perfgate.results.records import Refusal
from webapp.history import catalogue, ingest
from webapp.history.models import Commit, Project, Run
from webapp.history.submission import Submission, digest_of, prepare

BATCH_RUNS = 100
"""Runs in one transaction."""

BATCH_BYTES = 8 * 2**20
"""Bytes of files in one transaction: bounds the memory of an import."""


@dataclass
class Progress:
    """How far an import has come; handed out after every batch."""

    position: int = 0
    """Bytes of the tree that were read."""
    total: int = 0
    created: int = 0
    """Runs that are new."""
    present: int = 0
    """Runs that were there already."""
    refused: list[Refusal] = field(default_factory=list)
    """Files, and parts of files, that could not be kept."""


def import_results(project: Project, path: Path, *, commits: Mapping[str, records.Commit]) -> Iterator[Progress]:
    """Store every run in *path*, yielding the progress after each batch.

    Args:
        project: Where they belong.
        path: What `perfgate.results.formats.find_results` takes.
        commits: What git knows, by sha; see `commits_of`.

    Raises:
        InvalidResult: *path* cannot be opened. A retry cannot help.
    """
    progress = Progress()
    known = set(project.runs.values_list("digest", flat=True))
    batch: list[Submission] = []
    size = 0
    for found in find_results(path):
        if isinstance(found, Refusal):
            progress.refused.append(found)
            continue
        progress.position, progress.total = found.position, found.total
        if digest_of(found.data) in known:
            progress.present += 1
            continue
        try:
            submission = _submission(found, commits)
        except InvalidResult as error:
            progress.refused.append(Refusal(where=found.name, reason=f"{error.reason} (at {error.path})"))
            continue
        batch.append(submission)
        size += submission.size
        if len(batch) == BATCH_RUNS or size >= BATCH_BYTES:
            _store(project, batch, progress)
            batch, size = [], 0
            yield progress
    _store(project, batch, progress)
    yield progress


def commits_of(repository: Path) -> dict[str, records.Commit]:
    """Return what git knows of all commits, by sha.

    Raises:
        InvalidInput: *repository* is no git repository. A retry cannot help.
    """
    return {commit.sha: commit for commit in git.commits(repository)}


def complete_commits(project: Project, commits: Mapping[str, records.Commit]) -> int:
    """Fill in what git knows of commits that are stored already; return how many changed.

    Runs on commits whose place in the order is new are owed to gating again.
    """
    with transaction.atomic():
        locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        known = locked.commits.filter(generation=None).values_list("sha", flat=True)
        told = [commits[sha] for sha in known if sha in commits]
        if not told:
            return 0
        ids = catalogue.commits(locked, told)
        Run.objects.filter(commit__in=Commit.objects.filter(pk__in=ids.values(), generation__isnull=False)).update(
            processed_at=None
        )
        Project.objects.filter(pk=locked.pk).update(revision=F("revision") + 1)
    return len(told)


def _submission(found: FoundRun, commits: Mapping[str, records.Commit]) -> Submission:
    run = read_run(found.data, name=found.name, context=found.context)
    told = commits.get(run.commit.sha)
    if told is not None:
        commit = msgspec.structs.replace(
            told,
            branch=run.commit.branch,
            dirty=run.commit.dirty,
            committed_at=told.committed_at or run.commit.committed_at,
        )
        run = msgspec.structs.replace(run, commit=commit)
    return prepare(run, found.data, name=found.name, context=found.context, identity=found.identity)


def _store(project: Project, batch: list[Submission], progress: Progress) -> None:
    if not batch:
        return
    stored = ingest.store_all(project, batch, imported=True)
    progress.created += sum(each.created for each in stored)
    progress.present += sum(not each.created for each in stored)
    for submission, each in zip(batch, stored, strict=True):
        progress.refused.extend(_located(refusal, submission.name) for refusal in each.refused)


def _located(refusal: Refusal, name: str) -> Refusal:
    """Return *refusal* with the file's name before a path inside it."""
    return (
        refusal
        if not refusal.where.startswith("$")
        else msgspec.structs.replace(refusal, where=f"{name}: {refusal.where}")
    )
