"""The page of one verdict, rendered from its stored document."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from perfgate import formatting, gate
from perfgate.report.false_alarms import false_alarms, long_run_rate
from perfgate.report.headline import headline_text
from perfgate.report.rows import limits, ordered, row_id, word
from perfgate.results import metrics
from webapp.github import account
from webapp.history.models import Run, Series
from webapp.verdicts import judgments
from webapp.verdicts.models import StoredVerdict

ROWS_PER_PAGE = 100
NOT_JUDGED_SHOWN = 200


@dataclass(frozen=True)
class VerdictRow:
    """One row of a verdict with its texts and its series."""

    row: gate.Row
    command_id: str
    """Its id in a comment command; empty: no commands are followed."""
    series: int | None
    interval: str
    limits: str
    """The limits of all rules that apply."""
    metric: str
    """Title of the metric."""
    word_for_worse: str
    """Adjective for a regression of this metric."""
    word: str
    """What the row says: its outcome, or that it improved."""
    regression: bool | None
    """None: no significant difference."""


def verdict(request: HttpRequest, number: int) -> HttpResponse:
    """Show a verdict: headline, all rows, what was not judged, and how it was made."""
    relations = ("run__project", "run__environment", "run__commit", "run__baseline_commit")
    stored = get_object_or_404(StoredVerdict.objects.select_related(*relations), pk=number)
    found = judgments.read(stored)
    page = Paginator(ordered(found), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": stored.run.project,
        "run": stored.run,
        "stored": stored,
        "verdict": found,
        # The badge shows the symbol.
        "headline": headline_text(found),
        "page": page,
        "rows": _rows(list(page), stored.run),
        "false_alarms": long_run_rate(judgments.false_alarms(stored.run.project)),
        "notes": [*false_alarms(found, formatting.plain), *found.notes],
        "not_judged": found.not_judged[:NOT_JUDGED_SHOWN],
    }
    return render(request, "verdict/verdict.html", context)


def _rows(rows: list[gate.Row], run: Run) -> list[VerdictRow]:
    known = Series.objects.filter(
        environment=run.environment_id,
        branch=run.project.default_branch,
        benchmark__label__in={row.label for row in rows},
    ).values_list("benchmark__label", "metric", "pk")
    series = {(label, metric): number for label, metric, number in known}
    has_commands = bool(run.pull_request and run.project.repository and account.is_configured())
    return [
        VerdictRow(
            row=row,
            command_id=row_id(row) if has_commands else "",
            series=series.get((row.label, row.metric)),
            interval=formatting.interval(row.low, row.high),
            limits=limits(row),
            metric=metrics.describe(row.metric).title,
            word_for_worse=metrics.word_for_worse(row.metric, row.direction),
            word=word(row),
            regression={"regressed": True, "improved": False}.get(row.judgment),
        )
        for row in rows
    ]
