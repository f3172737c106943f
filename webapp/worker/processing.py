"""Process stored runs: detect changes, judge pull requests, request publications. Processing a run twice is safe.

A run is pending while `Run.processed_at` is NULL. Code that sets it back to NULL (an import that learns the order of
commits, ``manage.py rebuild``) has the run processed again; where the result is the same, nothing changes, on GitHub neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from threading import Lock

from django.db.models import Max, Q
from django.utils import timezone

from webapp.alerts import detection
from webapp.history.models import Project, Run
from webapp.verdicts import judgments

IMPORT_IDLE_SECONDS = 20
"""An import counts as finished when none of its runs has arrived for this long."""

RUNS_PER_QUERY = 500
"""Ids in one SQL condition."""

_backlog = Lock()


def process(run: Run) -> None:
    """Process one run."""
    _judge(run)
    detection.detect(run.project, [run])
    detection.apply_remeasurements(run.project, [run])
    _mark_processed([run])


def process_backlog(project: Project, *, wait_for_imports: bool = True) -> int:
    """Process all pending runs of a project together, so that each series is read once.

    Args:
        project: The project.
        wait_for_imports: Leave out the runs of an import that is still arriving.

    Returns:
        The number of processed runs; 0 also if another thread processes a backlog, the runs then stay pending.
    """
    if not _backlog.acquire(blocking=False):
        return 0
    try:
        pending = Run.objects.filter(project=project, processed_at=None)
        if wait_for_imports and not _is_import_finished(project):
            pending = pending.filter(imported=False)
        runs = list(pending.select_related("project", "commit", "environment").order_by("pk"))
        for run in runs:
            _judge(run)
        detection.detect(project, runs)
        detection.withdraw_orphans(project)
        detection.apply_remeasurements(project, runs)
        _mark_processed(runs)
    finally:
        _backlog.release()
    return len(runs)


def projects_pending(*, min_age_seconds: float = 0) -> list[Project]:
    """Return the projects with a pending run older than *min_age_seconds*, or with a pending imported run."""
    before = timezone.now() - timedelta(seconds=min_age_seconds)
    pending = Run.objects.filter(Q(imported=True) | Q(received_at__lte=before), processed_at=None)
    return list(Project.objects.filter(pk__in=pending.values("project")).order_by("pk"))


def _is_import_finished(project: Project) -> bool:
    pending = Run.objects.filter(project=project, imported=True, processed_at=None)
    latest = pending.aggregate(at=Max("received_at"))["at"]
    return latest is None or latest < timezone.now() - timedelta(seconds=IMPORT_IDLE_SECONDS)


def _judge(run: Run) -> None:
    if judgments.needs_verdict(run):
        judgments.judge_run(run)


def _mark_processed(runs: Sequence[Run]) -> None:
    for start in range(0, len(runs), RUNS_PER_QUERY):
        run_ids = [run.pk for run in runs[start : start + RUNS_PER_QUERY]]
        Run.objects.filter(pk__in=run_ids, processed_at=None).update(processed_at=timezone.now())
