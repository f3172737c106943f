"""What a comment shows besides its verdict: where the benchmarks came from, a picture of the worst, what can be ordered."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from perfgate import formatting
from perfgate.gate import Outcome, Row, Verdict
from perfgate.report.chart import CHART_POINTS, chart
from perfgate.report.markdown import MAX_FOLDED_ROWS, CommentContext
from perfgate.report.rows import ordered
from webapp.alerts import remeasurement
from webapp.github import account
from webapp.history import series as points_of
from webapp.history.models import Project, Run, Series
from webapp.publishing import payloads

MIN_POINTS = 3
"""Of a history that is worth a picture."""

RECENT = 5
"""Last points that say where a history stands now."""

STRANGERS = (
    "These results were uploaded by the workflow of a fork, so its author can have changed them. They are not used for"
    " check runs, baselines or alerts. To measure on this project's runner, review the code and comment `/perfgate run`."
)


def of(run: Run, verdict: Verdict) -> CommentContext:
    """Return what stands around the verdict on *run*."""
    told = [row for row in verdict.gated if row.outcome in {Outcome.FAIL, Outcome.WAIVED} or row.judgment == "improved"]
    told = [row for row in ordered(verdict) if row in told][:MAX_FOLDED_ROWS]
    known = _histories(run.project, verdict.environment, told)
    return CommentContext(
        details_url=payloads.verdict_url(run.pk),
        sparklines={
            (row.label, row.metric): formatting.sparkline(_with_head(values, row))
            for row in told
            if len(values := known.get(remeasurement.key(row.label, row.metric), ())) >= MIN_POINTS
        },
        chart=_chart(told, known),
        has_commands=account.is_configured(),
        warning="" if run.trusted else STRANGERS,
    )


def _chart(told: Sequence[Row], known: dict[remeasurement.Key, list[float]]) -> str:
    """Return the picture of the worst row that has a history, its head the last point."""
    for row in told:
        values = known.get(remeasurement.key(row.label, row.metric), [])
        if row.outcome is Outcome.FAIL and len(values) >= MIN_POINTS:
            shown = _with_head(values, row)
            drawn = chart(shown, len(values), _level(values), shown[-1])
            return f"{drawn}\n\n<sub>{formatting.code(row.label)}: the last {len(values)} commits, and this one</sub>"
    return ""


def _with_head(values: Sequence[float], row: Row) -> list[float]:
    """Return a history with the pull request as its last point.

    The history's level is another day's, or another kind of time's: head is put where the pairs say that it stands.
    """
    return [*values, _level(values) * (1 + (row.effect or 0.0))]


def _level(values: Sequence[float]) -> float:
    """Return where a history stands now."""
    return median(values[-RECENT:])


def _histories(project: Project, environment: str, rows: Sequence[Row]) -> dict[remeasurement.Key, list[float]]:
    """Return the last values on the default branch, in the newest segment, by label and metric."""
    found = Series.objects.filter(
        environment__project=project,
        environment__name=environment,
        branch=project.default_branch,
        benchmark__label__in={row.label for row in rows},
        metric__in={row.metric for row in rows} | remeasurement.TIMES,
    ).select_related("benchmark")
    numbers = {each.pk: remeasurement.key(each.benchmark.label, each.metric) for each in found}
    known = {}
    for number, points in points_of.read_newest(list(numbers), CHART_POINTS - 1).items():
        newest = points.segments == points.segments[-1] if len(points.segments) else []
        known[numbers[number]] = [float(value) for value in points.values[newest]]
    return known
