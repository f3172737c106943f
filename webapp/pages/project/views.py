"""A project's benchmarks, each with its newest points: searched, filtered and paged on the server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString

from perfgate.report import wording
from perfgate.results.records import Direction
from webapp.alerts import levels, quality
from webapp.alerts.models import OPEN, Alert, ChangePoint
from webapp.history import series as points_of
from webapp.history.models import Environment, Project, Run, Series
from webapp.pages import charts, recent_summary
from webapp.pages.alerts import views as alerts
from webapp.verdicts import judgments

SERIES_PER_PAGE = 50
ALERTS_SHOWN = 5
RUNS_SHOWN = 5
MAX_WORDS = 8
MAX_SEARCH_CHARACTERS = 200
MAX_CHOICES = 500
"""Environments and branches offered for choice; more would not help anybody."""


@dataclass(frozen=True)
class Filters:
    """What the form asks for."""

    text: str
    environment: int | None
    """None: all."""
    branch: str
    """Empty: all."""
    moved: bool
    """Only series that an open alert names."""


@dataclass(frozen=True)
class Row:
    """One series in the table."""

    series: Series
    span: int
    """Rows of this benchmark from here on, if this is its first on the page; else 0."""
    spark: SafeString
    summary: recent_summary.Summary | None
    regression: bool | None
    """Whether the newest value stands out in the bad direction; None: it does not stand out."""
    change_point: ChangePoint | None
    """The newest that belongs to an open alert."""
    standing: levels.Standing
    """How far the series stands from its last accepted level."""


def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a project: open alerts, newest runs, and its series with their newest points."""
    one = get_object_or_404(Project, slug=slug)
    environments = list(Environment.objects.filter(project=one).order_by("name")[:MAX_CHOICES])
    branches = list(
        Series.objects.filter(environment__project=one)
        .order_by("branch")
        .values_list("branch", flat=True)
        .distinct()[:MAX_CHOICES]
    )
    filters = read_filters(request.GET, one, environments, branches)
    page = Paginator(select(one, filters), SERIES_PER_PAGE).get_page(request.GET.get("page"))
    open_alerts = Alert.objects.filter(project=one, state__in=OPEN)
    shown = {
        "project": one,
        "page": page,
        "rows": _rows(page),
        "filters": filters,
        "environments": environments,
        "branches": branches,
        "attention": alerts.with_extent(open_alerts.filter(quiet=False)).order_by(*alerts.WORST_FIRST)[:ALERTS_SHOWN],
        "quality": quality.of([one.pk])[one.pk],
        "open_alerts": open_alerts.count(),
        "false_alarms": wording.long_run_rate(judgments.false_alarms(one)),
        "runs": Run.objects.filter(project=one)
        .select_related("commit", "environment", "verdict")
        .order_by("-id")[:RUNS_SHOWN],
    }
    return render(request, "project/project.html", shown)


def read_filters(query: QueryDict, one: Project, environments: list[Environment], branches: list[str]) -> Filters:
    """Return what the form asks for; what it cannot ask for counts as not asked."""
    chosen = query.get("environment", "")
    environment = next((each.pk for each in environments if str(each.pk) == chosen), None)
    # The default branch is what people mean; an empty choice asks for all.
    branch = query.get("branch", one.default_branch)
    return Filters(
        text=query.get("q", "").replace("\0", "")[:MAX_SEARCH_CHARACTERS].strip(),
        environment=environment,
        branch=branch if branch in branches else "",
        moved=query.get("moved") == "1",
    )


def select(one: Project, filters: Filters) -> QuerySet[Series]:
    """Return the series asked for, in the order of the table."""
    chosen = Series.objects.filter(environment__project=one)
    if filters.environment is not None:
        chosen = chosen.filter(environment=filters.environment)
    if filters.branch:
        chosen = chosen.filter(branch=filters.branch)
    for word in filters.text.split()[:MAX_WORDS]:
        chosen = chosen.filter(benchmark__label__icontains=word)
    if filters.moved:
        chosen = chosen.filter(Exists(ChangePoint.objects.filter(series=OuterRef("pk"), alert__state__in=OPEN)))
    return chosen.select_related("benchmark", "environment").order_by(
        "benchmark__label", "benchmark", "metric", "environment__name", "branch", "id"
    )


def _rows(page: Page[Series]) -> list[Row]:
    numbers = [each.pk for each in page]
    newest = points_of.latest(numbers, recent_summary.WINDOW)
    open_points = ChangePoint.objects.filter(series__in=numbers, alert__state__in=OPEN).order_by("position")
    standings = levels.standings(numbers)
    marked = {each.series_id: each for each in open_points}
    many = Counter(each.benchmark_id for each in page)
    rows: list[Row] = []
    for each in page:
        points = newest[each.pk]
        summary = recent_summary.summarise(points)
        rows.append(
            Row(
                series=each,
                span=many.pop(each.benchmark_id, 0),
                spark=charts.sparkline(points.values),
                summary=summary,
                regression=_regression(summary, each.direction),
                change_point=marked.get(each.pk),
                standing=standings[each.pk],
            )
        )
    return rows


def _regression(summary: recent_summary.Summary | None, direction: str) -> bool | None:
    if summary is None or summary.change is None or not summary.stands_out:
        return None
    return (summary.change > 0) == (direction == Direction.LOWER)
