"""What measuring an alert's range again showed: verdicts on runs that hold both ends of the range side by side.

A run with a baseline and without a pull request counts for an alert if its two commits are the alert's range as it is now,
or as it was when perfgate had it measured (`RemeasuredRange`). It counts from any uploader, whether it arrived before
or after the alert was opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from perfgate.gate import Row
from webapp.alerts.models import Alert, RemeasuredRange, StoredChangePoint
from webapp.history.models import Project, Run, Series
from webapp.verdicts import judgments

MetricKey = tuple[str, str]
"""A benchmark's label and its metric; all metrics of time share one key."""

TIMES = {"time", "cpu_time", "wall_time"}

_Range = tuple[str, str]
"""Hashes of both ends: base, head."""


@dataclass(frozen=True)
class Remeasurement:
    """What the gate found in the series of one alert."""

    regressions: Sequence[StoredChangePoint] = ()
    rows: Mapping[MetricKey, Row] = field(default_factory=dict)
    """The row of the newest verdict for each benchmark and metric."""
    runs: Sequence[int] = ()
    """Ids of the runs, oldest first."""

    def row(self, series: Series) -> Row | None:
        """Return the gate's row for a series, None if the series was not measured again."""
        return self.rows.get(metric_key(series.benchmark.label, series.metric))

    @property
    def is_confirmed(self) -> bool:
        """Whether the gate found a regression in at least one series."""
        return "regressed" in self._judgments()

    @property
    def is_refuted(self) -> bool:
        """Whether the gate found no regression, and at least half of the series were measured again without one."""
        found = self._judgments()
        return "regressed" not in found and 0 < len(found) <= 2 * (found.count("within") + found.count("improved"))

    def _judgments(self) -> list[str]:
        """Return one judgment per series, an empty text for a series that was not measured again."""
        rows = (self.row(regression.series) for regression in self.regressions)
        return ["" if row is None else row.judgment for row in rows]


def remeasurements(
    project: Project, alerts: Sequence[Alert], regressions: Mapping[int, Sequence[StoredChangePoint]]
) -> dict[int, Remeasurement]:
    """Return what measuring the ranges again showed, by alert id.

    Args:
        project: The alerts' project.
        alerts: With their commits loaded.
        regressions: By alert id: its change points in the bad direction, with series and benchmarks loaded.
    """
    ranges = _ranges(alerts)
    heads = {head for of_alert in ranges.values() for _, head in of_alert}
    runs_by_range = defaultdict(list)
    for run in comparisons(project).filter(commit__sha__in=heads).order_by("pk"):
        assert run.baseline_commit is not None
        runs_by_range[run.baseline_commit.sha, run.commit.sha].append(run)
    found = {}
    for alert in alerts:
        runs = sorted((run for ends in ranges[alert.pk] for run in runs_by_range[ends]), key=lambda run: run.pk)
        rows = {metric_key(row.label, row.metric): row for run in runs for row in judgments.read(run.verdict).rows}
        found[alert.pk] = Remeasurement(regressions.get(alert.pk, ()), rows, [run.pk for run in runs])
    return found


def alerts_remeasured_by(run: Run) -> list[int]:
    """Return the ids of the alerts whose range *run* measured."""
    if run.pull_request is not None or run.baseline_commit is None:
        return []
    current = Alert.objects.filter(project=run.project_id, commit=run.commit, previous_commit=run.baseline_commit)
    earlier = RemeasuredRange.objects.filter(
        alert__project=run.project_id, base=run.baseline_commit.sha, head=run.commit.sha
    )
    return sorted({*current.values_list("pk", flat=True), *earlier.values_list("alert", flat=True)})


def record_remeasured_range(alert_id: int, base: str, head: str) -> None:
    """Let runs of *base* and *head* count for an alert, even if its range changes later."""
    RemeasuredRange.objects.get_or_create(alert_id=alert_id, base=base, head=head)


def comparisons(project: Project) -> QuerySet[Run]:
    """Return the judged runs that compare two commits and belong to no pull request."""
    found = Run.objects.filter(project=project, pull_request=None, baseline_commit__isnull=False, verdict__isnull=False)
    return found.select_related("verdict", "commit", "baseline_commit")


def metric_key(label: str, metric: str) -> MetricKey:
    """Return the key under which the rows of a benchmark and metric are found."""
    return label, "time" if metric in TIMES else metric


def _ranges(alerts: Sequence[Alert]) -> dict[int, set[_Range]]:
    ranges = {
        alert.pk: {(alert.previous_commit.sha, alert.commit.sha)} if alert.previous_commit else set()
        for alert in alerts
    }
    for alert_id, base, head in RemeasuredRange.objects.filter(alert__in=alerts).values_list("alert", "base", "head"):
        ranges[alert_id].add((base, head))
    return ranges
