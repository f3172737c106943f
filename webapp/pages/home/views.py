"""The first page: all projects, and the alerts that need attention."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from webapp.alerts.models import OPEN, Alert, StoredChangePoint
from webapp.history.models import Project, Run
from webapp.pages.alert_extent import WORST_FIRST, with_extent
from webapp.verdicts.models import StoredVerdict

PROJECTS_PER_PAGE = 50
ALERTS_SHOWN = 10


@dataclass(frozen=True)
class ProjectRow:
    """One project in the list."""

    project: Project
    run: Run | None
    """The newest."""
    verdict: StoredVerdict | None
    """The newest."""
    regressions: int
    """Open alerts with at least one regression."""
    improvements: int
    """Open alerts with improvements only."""
    imported_only: int
    """Open alerts found in imported runs only."""


def home(request: HttpRequest) -> HttpResponse:
    """Show the projects with their open alerts, newest runs and newest verdicts."""
    page = Paginator(_projects(), PROJECTS_PER_PAGE).get_page(request.GET.get("page"))
    attention = with_extent(Alert.objects.filter(state__in=OPEN, imported_only=False))
    context = {
        "page": page,
        "rows": _rows(page),
        "attention": attention.order_by(*WORST_FIRST)[:ALERTS_SHOWN],
        "pending": Run.objects.filter(processed_at__isnull=True).count(),
    }
    return render(request, "home/home.html", context)


def _projects() -> QuerySet[Any]:
    newest_run = Run.objects.filter(project=OuterRef("pk")).order_by("-id").values("pk")[:1]
    newest_verdict = StoredVerdict.objects.filter(run__project=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    projects = Project.objects.annotate(newest_run=Subquery(newest_run), newest_verdict=Subquery(newest_verdict))
    return projects.order_by("slug")


def _rows(page: Page[Any]) -> list[ProjectRow]:
    runs = Run.objects.select_related("commit", "environment").in_bulk(
        [project.newest_run for project in page if project.newest_run]
    )
    verdicts = StoredVerdict.objects.select_related("run").in_bulk(
        [project.newest_verdict for project in page if project.newest_verdict]
    )
    counts = _open_alerts(page)
    return [
        ProjectRow(
            project=project,
            run=runs.get(project.newest_run),
            verdict=verdicts.get(project.newest_verdict),
            regressions=counts[project.pk, "regressions"],
            improvements=counts[project.pk, "improvements"],
            imported_only=counts[project.pk, "imported_only"],
        )
        for project in page
    ]


def _open_alerts(page: Page[Any]) -> Counter[tuple[int, str]]:
    """Return the number of open alerts by project id and kind."""
    regressions = StoredChangePoint.objects.filter(alert=OuterRef("pk"), regression=True)
    alerts = Alert.objects.filter(state__in=OPEN, project__in=list(page)).annotate(bad=Exists(regressions))
    counts = Counter[tuple[int, str]]()
    for group in alerts.values("project", "imported_only", "bad").annotate(count=Count("id")):
        kind = "imported_only" if group["imported_only"] else "regressions" if group["bad"] else "improvements"
        counts[group["project"], kind] += group["count"]
    return counts
