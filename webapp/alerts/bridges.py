"""What measuring both sides of a segment's border again showed: the step of the code there, which raw values cannot tell.

A run with a baseline and no pull request bridges every border whose last commit before is its baseline and whose first one
after is its commit (`perfgate bridge`); whoever uploaded it, and whether it came before the points or after. The newest
one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from perfgate.gate import Row
from webapp.alerts.remeasurement import Key, key
from webapp.history.models import Project, Run, Series
from webapp.history.series import Points
from webapp.verdicts import judgments


@dataclass(frozen=True)
class Bridges:
    """The bridging runs of one project."""

    rows: Mapping[tuple[int, int], Mapping[Key, Row]] = field(default_factory=dict)
    """The gate's word on each benchmark and metric, by `Commit` ids: baseline, candidate."""

    def across(self, series: Series, points: Points) -> Iterator[tuple[int, Row]]:
        """Yield the borders of a series that were bridged: first position after it, and what was found."""
        if not self.rows:
            return
        own = key(series.benchmark.label, series.metric)
        for index in (np.flatnonzero(np.diff(points.segments)) + 1).tolist():
            ends = int(points.commits[index - 1]), int(points.commits[index])
            row = self.rows.get(ends, {}).get(own)
            if row is not None:
                yield index, row


def of(project: Project) -> Bridges:
    """Read all that bridges anything in *project*."""
    runs = Run.objects.filter(
        project=project, pull_request=None, baseline_commit__isnull=False, verdict__isnull=False
    ).select_related("verdict")
    rows: dict[tuple[int, int], dict[Key, Row]] = {}
    for run in runs.order_by("pk"):
        assert run.baseline_commit_id is not None
        found = rows.setdefault((run.baseline_commit_id, run.commit_id), {})
        found.update({key(row.label, row.metric): row for row in judgments.read(run.verdict).rows})
    return Bridges(rows)


def bridges_something(run: Run) -> bool:
    """Return whether *run* holds two commits side by side for no pull request."""
    return run.pull_request is None and run.baseline_commit_id is not None
