"""Make everything derived anew from the uploads: after a change of how a format is read, or of how points are kept.

Runs, commits and uploads stay, and so do the ids of series that still have points, so that links keep working.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from perfgate.errors import InvalidResult
from webapp.history import chunks, ingest, uploads
from webapp.history.models import Environment, EnvironmentState, Project, Run, Series, SeriesChunk
from webapp.history.submission import Submission, prepare

BATCH_RUNS = 100


_REREAD = (
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
    """Rebuild one project, yielding the number of runs done; readers see the old state until the end.

    A file that the present adapters cannot read keeps its run, without counts and points, and says why in
    `Run.refused`. All runs are owed to gating afterwards.
    """
    with transaction.atomic():
        locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        series = Series.objects.filter(environment__project=locked)
        chunks.clear(list(series.values_list("id", flat=True)))
        series.update(segments=[])
        benchmarks: set[int] = set()
        done = 0
        for part in chunks.slices(list(locked.runs.order_by("id").values_list("id", flat=True)), BATCH_RUNS):
            benchmarks |= _replay(locked, part)
            done += len(part)
            yield done
        series.exclude(Exists(SeriesChunk.objects.filter(series=OuterRef("pk")))).delete()
        unused = set(locked.benchmarks.values_list("id", flat=True)) - benchmarks
        for ids in chunks.slices(list(unused)):
            locked.benchmarks.filter(pk__in=ids).delete()
        EnvironmentState.objects.filter(environment__project=locked, runs=None).delete()
        locked.environments.exclude(Exists(Run.objects.filter(environment=OuterRef("pk")))).delete()
        Project.objects.filter(pk=locked.pk).update(revision=F("revision") + 1)


def _replay(project: Project, ids: Sequence[int]) -> set[int]:
    """Read some runs again and add their points; return the benchmarks in them."""
    rows = list(Run.objects.filter(pk__in=ids).order_by("id"))
    read: list[tuple[Run, Submission]] = []
    for row in rows:
        row.processed_at = None
        try:
            read.append((row, _read(row)))
        except InvalidResult as error:
            row.measured = row.failed = row.skipped = 0
            row.refused = [{"where": error.path, "reason": error.reason}]
    resolved = ingest.resolve(project, [submission for _, submission in read])
    for row, submission in read:
        _number(row, resolved.environments[submission.run.environment.name], is_point=ingest.is_point(submission.run))
        ingest.describe(row, resolved, submission, project)
    Environment.objects.bulk_update(resolved.environments.values(), ["runs"], batch_size=100)
    Run.objects.bulk_update(rows, _REREAD, batch_size=50)
    ingest.add_points(resolved, read)
    return set(resolved.benchmarks.values())


def _read(row: Run) -> Submission:
    kept = uploads.open_again(row)
    return prepare(kept.run, kept.data, name=kept.name, context=kept.context)


def _number(row: Run, environment: Environment, *, is_point: bool) -> None:
    """Let *row* keep its number unless it now belongs elsewhere."""
    if not is_point:
        row.number = None
    elif row.number is None or row.environment_id != environment.pk:
        environment.runs += 1
        row.number = environment.runs
    row.environment = environment
