"""All that gating does with stored runs: detect, judge, ask for publication. Everything may be done again.

`Run.processed_at` is the work owed. Whoever clears it (an import that learns the commits' order, ``manage.py rebuild``)
has everything about those runs decided anew; what comes out the same changes nothing, on GitHub neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from threading import Lock

from django.db.models import Max, Q
from django.utils import timezone

from webapp.alerts import detection
from webapp.history.models import Project, Run
from webapp.publishing import outbox
from webapp.verdicts import judgments

IMPORT_OVER_SECONDS = 20
"""An import is over when no run of it has arrived for this long."""

_backlog = Lock()


def process(run: Run) -> None:
    """Do all that one run asks for, and note that it is done."""
    _judge(run)
    detection.detect(run.project, [run])
    detection.apply_remeasurements(run.project, [run])
    _done([run])


def process_backlog(project: Project, *, wait_for_imports: bool = True) -> int:
    """Do all that the owed runs of *project* ask for: each series is read once, however many runs it has.

    Args:
        project: Whose runs.
        wait_for_imports: Leave the runs of an import that goes on, so that its series are not read over and over.

    Returns:
        How many runs were done; 0 also where another thread is busy with a backlog: the work stays owed.
    """
    if not _backlog.acquire(blocking=False):
        return 0
    try:
        owed = Run.objects.filter(project=project, processed_at=None)
        if wait_for_imports and not _import_over(project):
            owed = owed.filter(imported=False)
        runs = list(owed.select_related("project", "commit", "environment").order_by("pk"))
        for run in runs:
            _judge(run)
        detection.detect(project, runs)
        detection.withdraw_orphans(project)
        detection.apply_remeasurements(project, runs)
        _done(runs)
    finally:
        _backlog.release()
    return len(runs)


def projects_pending(*, min_age_seconds: float = 0) -> list[Project]:
    """Return the projects that runs are owed to, but for those whose owed runs are all younger than that."""
    before = timezone.now() - timedelta(seconds=min_age_seconds)
    owed = Run.objects.filter(Q(imported=True) | Q(received_at__lte=before), processed_at=None)
    return list(Project.objects.filter(pk__in=owed.values("project")).order_by("pk"))


def _import_over(project: Project) -> bool:
    latest = Run.objects.filter(project=project, imported=True, processed_at=None).aggregate(at=Max("received_at"))[
        "at"
    ]
    return latest is None or latest < timezone.now() - timedelta(seconds=IMPORT_OVER_SECONDS)


def _judge(run: Run) -> None:
    if judgments.needs_verdict(run):
        judgments.judge_run(run)
        # Without a pull request it answers an alert, or somebody's curiosity: no reason for a check on an old commit.
        if not run.imported and run.pull_request is not None:
            outbox.want_verdicts(run)


def _done(runs: Sequence[Run]) -> None:
    for start in range(0, len(runs), 500):
        numbers = [run.pk for run in runs[start : start + 500]]
        Run.objects.filter(pk__in=numbers, processed_at=None).update(processed_at=timezone.now())
