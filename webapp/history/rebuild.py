"""Derive series, points, counts and references again from the stored uploads.

This is needed after a change in how a format is read or how points are stored. Runs and uploads stay, and so do the ids
of series that still have points, so that links keep working.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Exists, F, OuterRef

from perfgate.errors import InvalidResult
from webapp.history import chunks, run_rows, uploads
from webapp.history.locks import project_lock
from webapp.history.models import EnvironmentState, Project, Run, Series, SeriesChunk
from webapp.history.submission import Submission, prepare

BATCH_RUNS = 100
"""Runs that are read and written together."""

_DERIVED_FIELDS = (
    "environment",
    "number",
    "state",
    "commit",
    "baseline_commit",
    "branch",
    "pull_request",
    "suite",
    "tool",
    "dirty",
    "policy",
    "started_at",
    "measured",
    "failed",
    "skipped",
    "refused",
    "processed_at",
)


def rebuild(project: Project) -> Iterator[int]:
    """Rebuild one project; yield the number of rebuilt runs. Readers see the old state until the end.

    If a file can no longer be read, its run stays without points, and `Run.refused` says why. Afterwards all runs are
    pending.
    """
    with project_lock(project.pk) as locked:
        series = Series.objects.filter(environment__project=locked)
        chunks.clear(list(series.values_list("id", flat=True)))
        series.update(segments=[])
        used_benchmarks: set[int] = set()
        done = 0
        for ids in chunks.slices(list(locked.runs.order_by("id").values_list("id", flat=True)), BATCH_RUNS):
            used_benchmarks |= _rebuild_runs(locked, ids)
            done += len(ids)
            yield done
        _delete_unused(locked, used_benchmarks)
        Project.objects.filter(pk=locked.pk).update(revision=F("revision") + 1)


def _rebuild_runs(project: Project, ids: Sequence[int]) -> set[int]:
    """Read some runs again and add their points; return the ids of their benchmarks."""
    rows = list(Run.objects.filter(pk__in=ids).order_by("id"))
    read: list[tuple[Run, Submission]] = []
    for row in rows:
        row.processed_at = None
        try:
            read.append((row, _read(row)))
        except InvalidResult as error:
            row.measured = row.failed = row.skipped = 0
            row.refused = [{"where": error.path, "reason": error.reason}]
    referenced = run_rows.get_or_create_referenced(project, [submission for _, submission in read])
    for row, submission in read:
        run_rows.set_number(row, referenced.environments[submission.run.environment.name], submission.run)
        run_rows.fill(row, referenced, submission, project)
    run_rows.save_run_numbers(referenced)
    Run.objects.bulk_update(rows, _DERIVED_FIELDS, batch_size=50)
    run_rows.add_points(referenced, read)
    return set(referenced.benchmarks.values())


def _read(row: Run) -> Submission:
    upload = uploads.open_upload(row)
    return prepare(upload.run, upload.data, name=upload.name, context=upload.context)


def _delete_unused(project: Project, used_benchmarks: set[int]) -> None:
    """Delete the series, benchmarks, environment states and environments that no run refers to any more."""
    series = Series.objects.filter(environment__project=project)
    series.exclude(Exists(SeriesChunk.objects.filter(series=OuterRef("pk")))).delete()
    unused = set(project.benchmarks.values_list("id", flat=True)) - used_benchmarks
    for ids in chunks.slices(list(unused)):
        project.benchmarks.filter(pk__in=ids).delete()
    EnvironmentState.objects.filter(environment__project=project, runs=None).delete()
    project.environments.exclude(Exists(Run.objects.filter(environment=OuterRef("pk")))).delete()
