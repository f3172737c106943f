"""The page of one series, and the data of its interactive chart."""

from __future__ import annotations

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from perfgate.results.records import Direction
from webapp.alerts import levels
from webapp.history.models import Run, Series
from webapp.pages import recent_summary
from webapp.pages.series import chart as series_chart
from webapp.pages.series.history import read

POINTS_LISTED = 20
SIBLINGS_SHOWN = 100
SEGMENT_STARTS_LISTED = 20


def series(request: HttpRequest, number: int) -> HttpResponse:
    """Show one series: its facts as text and tables, and a chart."""
    found = _series(number)
    history = read(found)
    run_ids = history.runs
    starts = history.segment_starts[-SEGMENT_STARTS_LISTED:]
    runs = Run.objects.select_related("commit").in_bulk({*run_ids[-POINTS_LISTED:], *(start.run for start in starts)})
    newest = list(zip(run_ids[-POINTS_LISTED:], history.values[-POINTS_LISTED:], strict=True))[::-1]
    change_points = [point for _, point in history.marks]
    context = {
        "project": found.environment.project,
        "series": found,
        "count": len(run_ids),
        "summary": recent_summary.summarize(history.points),
        "latest": runs.get(run_ids[-1]) if run_ids else None,
        "drawing": series_chart.drawing(found, history),
        "change_points": change_points[::-1],
        "standing": levels.deviation(change_points),
        "segment_starts": [(runs.get(start.run), start) for start in reversed(starts)],
        "newest": [(runs.get(run), value) for run, value in newest],
        "siblings": Series.objects.filter(benchmark=found.benchmark)
        .select_related("environment")
        .order_by("metric", "environment__name", "branch")[:SIBLINGS_SHOWN],
        "lower_is_better": found.direction == Direction.LOWER,
    }
    return render(request, "series/series.html", context)


def chart(_request: HttpRequest, number: int) -> HttpResponse:
    """Return the data of the interactive chart as JSON."""
    found = _series(number)
    document = series_chart.columns(found, read(found))
    return HttpResponse(msgspec.json.encode(document), content_type="application/json")


def _series(number: int) -> Series:
    return get_object_or_404(Series.objects.select_related("benchmark", "environment__project"), pk=number)
