"""The page of one project: its benchmarks with their recent points, searched, filtered and paged on the server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString

from perfgate.report.false_alarms import long_run_rate
from perfgate.results.records import Direction
from webapp.alerts import levels, quality
from webapp.alerts.models import OPEN, Alert, StoredChangePoint
from webapp.history import series as points_of
from webapp.history.models import Environment, Project, Run, Series
from webapp.pages import charts, recent_summary
from webapp.pages.alert_extent import WORST_FIRST, with_extent
from webapp.pages.project import filters
from webapp.verdicts import judgments

SERIES_PER_PAGE = 50
ALERTS_SHOWN = 5
RUNS_SHOWN = 5
MAX_CHOICES = 500
"""Environments and branches offered in the form."""


@dataclass(frozen=True)
class SeriesRow:
    """One series in the table."""

    series: Series
    span: int
    """Number of rows of this benchmark on the page, if this is the first of them; else 0."""
    spark: SafeString
    summary: recent_summary.RecentSummary | None
    regression: bool | None
    """Whether the newest value stands out in the bad direction; None: it does not stand out."""
    change_point: StoredChangePoint | None
    """The newest that belongs to an open alert."""
    standing: levels.Deviation
    """How far the series is from its last accepted level."""


def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a project: open alerts, newest runs, and its series with their recent points."""
    found = get_object_or_404(Project, slug=slug)
    environments = list(Environment.objects.filter(project=found).order_by("name")[:MAX_CHOICES])
    branches = _branches(found)
    chosen = filters.read(request.GET, found, environments, branches)
    page = Paginator(filters.select(found, chosen), SERIES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **_overview(found),
        "project": found,
        "page": page,
        "rows": _rows(page),
        "filters": chosen,
        "environments": environments,
        "branches": branches,
    }
    return render(request, "project/project.html", context)


def _branches(project: Project) -> list[str]:
    series = Series.objects.filter(environment__project=project).order_by("branch")
    return list(series.values_list("branch", flat=True).distinct()[:MAX_CHOICES])


def _overview(project: Project) -> dict[str, object]:
    """Return what stands above the table: alerts, alert quality, false alarms, newest runs."""
    open_alerts = Alert.objects.filter(project=project, state__in=OPEN)
    attention = with_extent(open_alerts.filter(imported_only=False)).order_by(*WORST_FIRST)
    runs = Run.objects.filter(project=project).select_related("commit", "environment", "verdict").order_by("-id")
    return {
        "attention": attention[:ALERTS_SHOWN],
        "quality": quality.by_project([project.pk])[project.pk],
        "open_alerts": open_alerts.count(),
        "false_alarms": long_run_rate(judgments.false_alarms(project)),
        "runs": runs[:RUNS_SHOWN],
    }


def _rows(page: Page[Series]) -> list[SeriesRow]:
    series_ids = [series.pk for series in page]
    newest = points_of.read_newest(series_ids, recent_summary.WINDOW)
    open_points = StoredChangePoint.objects.filter(series__in=series_ids, alert__state__in=OPEN).order_by("position")
    change_points = {point.series_id: point for point in open_points}
    standings = levels.deviations(series_ids)
    series_per_benchmark = Counter(series.benchmark_id for series in page)
    rows: list[SeriesRow] = []
    for series in page:
        points = newest[series.pk]
        summary = recent_summary.summarize(points)
        rows.append(
            SeriesRow(
                series=series,
                span=series_per_benchmark.pop(series.benchmark_id, 0),
                spark=charts.sparkline(points.values),
                summary=summary,
                regression=_is_regression(summary, series.direction),
                change_point=change_points.get(series.pk),
                standing=standings[series.pk],
            )
        )
    return rows


def _is_regression(summary: recent_summary.RecentSummary | None, direction: str) -> bool | None:
    """Return whether the newest value stands out in the bad direction; None: it does not stand out."""
    if summary is None or summary.change is None or not summary.stands_out:
        return None
    return (summary.change > 0) == (direction == Direction.LOWER)
