"""One verdict of a pull-request run, rendered from the document that the gate wrote."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from perfgate import formatting, gate
from perfgate.report import wording
from perfgate.results import metrics
from webapp.github import account
from webapp.history.models import Run, Series
from webapp.verdicts import judgments
from webapp.verdicts.models import StoredVerdict

ROWS_PER_PAGE = 100
NOT_JUDGED_SHOWN = 200


@dataclass(frozen=True)
class Shown:
    """One row of a verdict and where its history is."""

    row: gate.Row
    called: str
    """What it is called in a command; empty: nobody takes commands."""
    series: int | None
    interval: str
    metric: str
    """How people call it."""
    word: str
    """What a regression of this metric is called."""
    regression: bool | None
    """None: the statistics saw no difference."""


def verdict(request: HttpRequest, number: int) -> HttpResponse:
    """Show the gate's answer to one run: the headline, every row, what was not judged, and how it was decided."""
    one = get_object_or_404(
        StoredVerdict.objects.select_related("run__project", "run__environment", "run__commit", "run__baseline_commit"),
        pk=number,
    )
    said = judgments.read(one)
    page = Paginator(wording.ordered(said), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    shown = {
        "project": one.run.project,
        "run": one.run,
        "verdict": one,
        "said": said,
        # Its symbol stands in the badge already.
        "headline": wording.headline(said).removeprefix(wording.SYMBOLS[said.outcome]).strip(),
        "page": page,
        "rows": _shown(list(page), one.run),
        "false_alarms": wording.long_run_rate(judgments.false_alarms(one.run.project)),
        "notes": [*wording.false_alarms(said, formatting.plain), *said.notes],
        "not_judged": said.not_judged[:NOT_JUDGED_SHOWN],
    }
    return render(request, "verdict/verdict.html", shown)


def _shown(rows: list[gate.Row], run: Run) -> list[Shown]:
    known = Series.objects.filter(
        environment=run.environment_id,
        branch=run.project.default_branch,
        benchmark__label__in={row.label for row in rows},
    ).values_list("benchmark__label", "metric", "pk")
    series = {(label, metric): number for label, metric, number in known}
    return [
        Shown(
            row=row,
            called=wording.row_id(row)
            if run.pull_request and run.project.repository and account.is_configured()
            else "",
            series=series.get((row.label, row.metric)),
            interval=formatting.interval(row.low, row.high),
            metric=metrics.describe(row.metric).title,
            word=metrics.word_for_worse(row.metric, row.direction),
            regression={"regressed": True, "improved": False}.get(row.judgement),
        )
        for row in rows
    ]
