"""What a comment shows beside its verdict: recent history of the benchmarks, a chart of the worst, links and commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from perfgate import formatting
from perfgate.gate import Outcome, Row, Verdict
from perfgate.report.chart import CHART_POINTS, chart
from perfgate.report.markdown import MAX_FOLDED_ROWS, CommentContext
from perfgate.report.rows import ordered
from webapp.alerts.remeasurement import TIMES, MetricKey, metric_key
from webapp.github import account
from webapp.history import series as points_of
from webapp.history.models import Project, Run, Series
from webapp.publishing.channels.github.links import verdict_url

MIN_POINTS = 3
"""Length of the shortest history that is drawn."""

RECENT = 5
"""Newest points whose median is the current level."""

UNTRUSTED_WARNING = (
    "These results were uploaded by the workflow of a fork, so its author can have changed them. They are not used for"
    " check runs, baselines or alerts. To measure on this project's runner, review the code and comment `/perfgate run`."
)


def comment_context(run: Run, verdict: Verdict) -> CommentContext:
    """Return what is shown beside the verdict on *run*."""
    changed = [
        row for row in ordered(verdict) if row in verdict.gated and (_is_over_budget(row) or row.judgment == "improved")
    ]
    rows = changed[:MAX_FOLDED_ROWS]
    histories = _histories(run.project, verdict.environment, rows)
    return CommentContext(
        details_url=verdict_url(run.pk),
        sparklines={
            (row.label, row.metric): formatting.sparkline(_with_head(values, row))
            for row in rows
            if len(values := histories.get(metric_key(row.label, row.metric), ())) >= MIN_POINTS
        },
        chart=_chart(rows, histories),
        has_commands=account.is_configured(),
        warning="" if run.trusted else UNTRUSTED_WARNING,
    )


def _is_over_budget(row: Row) -> bool:
    return row.outcome in {Outcome.FAIL, Outcome.WAIVED}


def _chart(rows: Sequence[Row], histories: Mapping[MetricKey, Sequence[float]]) -> str:
    """Return the chart of the worst failed row that has a history, with the pull request as its last point."""
    for row in rows:
        values = histories.get(metric_key(row.label, row.metric), [])
        if row.outcome is Outcome.FAIL and len(values) >= MIN_POINTS:
            shown = _with_head(values, row)
            drawn = chart(shown, len(values), _level(values), shown[-1])
            return f"{drawn}\n\n<sub>{formatting.code(row.label)}: the last {len(values)} commits, and this one</sub>"
    return ""


def _with_head(values: Sequence[float], row: Row) -> list[float]:
    """Return a history with the pull request as its last point.

    The history was measured at another time, or with another clock, so the point is the current level times the effect.
    """
    return [*values, _level(values) * (1 + (row.effect or 0.0))]


def _level(values: Sequence[float]) -> float:
    return median(values[-RECENT:])


def _histories(project: Project, environment: str, rows: Sequence[Row]) -> dict[MetricKey, list[float]]:
    """Return the newest values on the default branch, in the newest segment."""
    found = Series.objects.filter(
        environment__project=project,
        environment__name=environment,
        branch=project.default_branch,
        benchmark__label__in={row.label for row in rows},
        metric__in={row.metric for row in rows} | TIMES,
    ).select_related("benchmark")
    keys = {series.pk: metric_key(series.benchmark.label, series.metric) for series in found}
    histories = {}
    for series_id, points in points_of.read_newest(list(keys), CHART_POINTS - 1).items():
        newest = points.segments == points.segments[-1] if len(points.segments) else []
        histories[keys[series_id]] = [float(value) for value in points.values[newest]]
    return histories
