"""Bridges: runs that measured both sides of a segment boundary side by side.

The values of two segments cannot be compared, so only a bridge shows what the code did at the boundary. A run with a
baseline and without a pull request bridges each boundary whose last commit before is its baseline and whose first commit
after is its head (`perfgate bridge`), from any uploader, whether it arrived before or after the points. The newest
run counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from perfgate.gate import Row
from webapp.alerts.remeasurement import MetricKey, comparisons, metric_key
from webapp.history.models import Project, Run, Series
from webapp.history.series import Points
from webapp.verdicts import judgments


@dataclass(frozen=True)
class Bridges:
    """The bridges of one project."""

    rows: Mapping[tuple[int, int], Mapping[MetricKey, Row]] = field(default_factory=dict)
    """The gate's rows by the `Commit` ids of baseline and head."""

    def across(self, series: Series, points: Points) -> Iterator[tuple[int, Row]]:
        """Yield the bridged boundaries of a series: the first position after each, and the gate's row."""
        if not self.rows:
            return
        key = metric_key(series.benchmark.label, series.metric)
        for index in (np.flatnonzero(np.diff(points.segments)) + 1).tolist():
            ends = int(points.commits[index - 1]), int(points.commits[index])
            row = self.rows.get(ends, {}).get(key)
            if row is not None:
                yield index, row


def read_bridges(project: Project) -> Bridges:
    """Read all bridges of *project*."""
    rows: dict[tuple[int, int], dict[MetricKey, Row]] = {}
    for run in comparisons(project).order_by("pk"):
        assert run.baseline_commit_id is not None
        found = rows.setdefault((run.baseline_commit_id, run.commit_id), {})
        found.update({metric_key(row.label, row.metric): row for row in judgments.read(run.verdict).rows})
    return Bridges(rows)


def is_bridge(run: Run) -> bool:
    """Return whether *run* compares two commits and belongs to no pull request."""
    return run.pull_request is None and run.baseline_commit_id is not None
