"""The write path: store result files as runs and points, in one transaction.

Ingest is idempotent: the same bytes twice are one run. It locks the project first, so that nothing else writes to the
project until it commits. Only the points of a run on a branch go into series. The run of a pull request and its baseline
are stored for a verdict.

The signal `run_stored` is sent after the commit. If it is lost, the run is still pending: `Run.processed_at` is NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.dispatch import Signal

from perfgate.results import records
from perfgate.results.records import Refusal, SampleState
from webapp.history import chunks, run_rows
from webapp.history.locks import project_lock
from webapp.history.models import Project, Run
from webapp.history.submission import Submission, prepare

run_stored = Signal()
"""Sent after the commit with ``run_ids``, a list of the new `Run` ids."""


@dataclass(frozen=True, kw_only=True)
class IngestResult:
    """What is stored of one file."""

    run_id: int
    created: bool
    """False: it was already stored, and nothing changed."""
    measured: int
    failed: int
    skipped: int
    benchmarks: int
    refused: list[Refusal]


def store(
    project: Project,
    run: records.Run,
    data: bytes,
    *,
    name: str,
    context: bytes | None = None,
    identity: str = "",
    imported: bool = False,
    trusted: bool = True,
) -> IngestResult:
    """Store one file; for the arguments, see `prepare` and `store_all`.

    Raises:
        InvalidResult: Nothing in it can be stored. A retry cannot help.
    """
    submission = prepare(run, data, name=name, context=context, identity=identity)
    return store_all(project, [submission], imported=imported, trusted=trusted)[0]


def store_all(
    project: Project, submissions: Sequence[Submission], *, imported: bool = False, trusted: bool = True
) -> list[IngestResult]:
    """Store some files in one transaction, all or none.

    Args:
        project: Project of the runs.
        submissions: In order of arrival: if two have the same key, the later one supersedes the earlier.
        imported: Whether they come from an old history. Changes in it are recorded without alerting anybody.
        trusted: False if anybody could have written the numbers. Then every run must be a pull request's.

    Returns:
        The result for each submission, in the same order.

    Raises:
        InvalidResult: A series already has the maximum number of segments. A retry cannot help.
    """
    with project_lock(project.pk) as locked:
        digests = [submission.digest for submission in submissions]
        known = dict(Run.objects.filter(project=locked, digest__in=digests).values_list("digest", "id"))
        new = {submission.digest: submission for submission in submissions if submission.digest not in known}
        if new:
            known |= _store_new(locked, list(new.values()), imported=imported, trusted=trusted)
    project.revision = locked.revision
    created = set(new)
    results = []
    for submission in submissions:
        is_created = submission.digest in created
        results.append(_result(submission, known[submission.digest], created=is_created))
        created.discard(submission.digest)
    return results


def _store_new(project: Project, new: Sequence[Submission], *, imported: bool, trusted: bool) -> dict[str, int]:
    """Store submissions that differ from each other and from everything stored; return the new ids by digest."""
    referenced = run_rows.get_or_create_referenced(project, new)
    rows = run_rows.create(project, referenced, new, imported=imported, trusted=trusted)
    _supersede(project, rows)
    run_rows.add_points(referenced, list(zip(rows, new, strict=True)))
    project.revision += 1
    project.save(update_fields=["revision"])
    ids = {row.digest: row.pk for row in rows}
    transaction.on_commit(lambda: run_stored.send(sender=Run, run_ids=list(ids.values())))
    return ids


def _supersede(project: Project, created: Sequence[Run]) -> None:
    """Mark the older runs of the sources of the new runs as superseded, and remove their points."""
    newest = {row.key: row for row in created if row.key}
    superseded = [row for row in created if row.key and newest[row.key] is not row]
    older = Run.objects.filter(project=project, key__in=list(newest), superseded_by=None)
    for row in older.exclude(pk__in=[row.pk for row in created]):
        if row.number is not None:
            chunks.remove_run(row.environment_id, row.number, row.pk)
        superseded.append(row)
    for row in superseded:
        row.superseded_by = newest[row.key]
    Run.objects.bulk_update(superseded, ["superseded_by"], batch_size=100)


def _result(submission: Submission, run_id: int, *, created: bool) -> IngestResult:
    return IngestResult(
        run_id=run_id,
        created=created,
        measured=submission.count(SampleState.MEASURED),
        failed=submission.count(SampleState.FAILED),
        skipped=submission.count(SampleState.SKIPPED),
        benchmarks=len({checked.benchmark_key for checked in submission.samples}),
        refused=submission.refused,
    )
