"""What a comment shows besides its verdict: where the benchmarks came from, a picture of the worst, what can be ordered."""

from __future__ import annotations

from collections.abc import Sequence

from perfgate import report, wording
from perfgate.gate import Outcome, Row, Verdict
from perfgate.report import CHART_POINTS, Around
from webapp.gating import bot, wanted
from webapp.history import series as points_of
from webapp.history.models import Project, Run, Series

MIN_POINTS = 3
"""Of a history that is worth a picture."""

STRANGERS = (
    "These numbers come out of the fork's own workflow: its author could have written them. They make no check run, no"
    " baseline and no alert. To measure it on this project's runner: `/perfgate run`, once the code was read."
)

Key = tuple[str, str]


def of(run: Run, verdict: Verdict) -> Around:
    """Return what stands around the verdict on *run*."""
    told = [
        row for row in verdict.gated if row.outcome in {Outcome.FAIL, Outcome.WAIVED} or row.judgement == "improved"
    ]
    told = [row for row in report.ordered(verdict) if row in told][: report.MAX_FOLDED_ROWS]
    known = _histories(run.project, verdict.environment, told)
    return Around(
        details_url=wanted.verdict_url(run.pk),
        sparklines={
            key: wording.sparkline([*known[key], row.candidate])
            for row in told
            if len(known.get(key := (row.label, row.metric), ())) >= MIN_POINTS
        },
        chart=_chart(told, known),
        takes_orders=bot.is_there(),
        warning="" if run.trusted else STRANGERS,
    )


def _chart(told: Sequence[Row], known: dict[Key, list[float]]) -> str:
    """Return the picture of the worst row that has a history, its head the last point."""
    worst = next((row for row in told if row.outcome is Outcome.FAIL), None)
    values = known.get((worst.label, worst.metric), []) if worst else []
    if worst is None or len(values) < MIN_POINTS:
        return ""
    level = sum(values) / len(values)
    # The history's level is another day's: head is shown where the pairs say that it stands.
    head = level * (1 + (worst.effect or 0.0))
    drawn = report.chart([*values, head], len(values), level, head)
    return f"{drawn}\n\n<sub>{wording.code(worst.label)}: the last {len(values)} commits, and this pull request</sub>"


def _histories(project: Project, environment: str, rows: Sequence[Row]) -> dict[Key, list[float]]:
    """Return the last values on the default branch, in the newest segment, by label and metric."""
    found = Series.objects.filter(
        environment__project=project,
        environment__name=environment,
        branch=project.default_branch,
        benchmark__label__in={row.label for row in rows},
        metric__in={row.metric for row in rows},
    ).select_related("benchmark")
    numbers = {each.pk: (each.benchmark.label, each.metric) for each in found}
    known = {}
    for number, points in points_of.latest(list(numbers), CHART_POINTS - 1).items():
        newest = points.segments == points.segments[-1] if len(points.segments) else []
        known[numbers[number]] = [float(value) for value in points.values[newest]]
    return known
