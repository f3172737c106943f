"""The first page: every project, and what needs attention now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from webapp.alerts.models import OPEN, Alert, ChangePoint
from webapp.history.models import Project, Run
from webapp.pages.alerts.views import WORST_FIRST, with_extent
from webapp.verdicts.models import Verdict

PROJECTS_PER_PAGE = 50
ALERTS_SHOWN = 10


@dataclass(frozen=True)
class Line:
    """One project in the list."""

    project: Project
    run: Run | None
    """The newest."""
    verdict: Verdict | None
    """The newest."""
    regressions: int
    """Open alerts in which something went in the bad direction."""
    improvements: int
    """Open alerts in which nothing did."""
    quiet: int
    """Open ones found in an imported history."""


def home(request: HttpRequest) -> HttpResponse:
    """Show the projects with their open alerts, last runs and last verdicts."""
    page = Paginator(_projects(), PROJECTS_PER_PAGE).get_page(request.GET.get("page"))
    attention = with_extent(Alert.objects.filter(state__in=OPEN, quiet=False))
    shown = {
        "page": page,
        "lines": _lines(page),
        "attention": attention.order_by(*WORST_FIRST)[:ALERTS_SHOWN],
        "owed": Run.objects.filter(processed_at__isnull=True).count(),
    }
    return render(request, "home/home.html", shown)


def _projects() -> QuerySet[Any]:
    newest_run = Run.objects.filter(project=OuterRef("pk")).order_by("-id").values("pk")[:1]
    newest_verdict = Verdict.objects.filter(run__project=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    return Project.objects.annotate(newest_run=Subquery(newest_run), newest_verdict=Subquery(newest_verdict)).order_by(
        "slug"
    )


def _lines(page: Page[Any]) -> list[Line]:
    runs = Run.objects.select_related("commit", "environment").in_bulk(
        [each.newest_run for each in page if each.newest_run]
    )
    verdicts = Verdict.objects.select_related("run").in_bulk(
        [each.newest_verdict for each in page if each.newest_verdict]
    )
    counts = Counter[tuple[int, str]]()
    moved = ChangePoint.objects.filter(alert=OuterRef("pk"), regression=True)
    opened = Alert.objects.filter(state__in=OPEN, project__in=list(page)).annotate(bad=Exists(moved))
    for each in opened.values("project", "quiet", "bad").annotate(count=Count("id")):
        kind = "quiet" if each["quiet"] else "regressions" if each["bad"] else "improvements"
        counts[each["project"], kind] += each["count"]
    return [
        Line(
            project=each,
            run=runs.get(each.newest_run),
            verdict=verdicts.get(each.newest_verdict),
            regressions=counts[each.pk, "regressions"],
            improvements=counts[each.pk, "improvements"],
            quiet=counts[each.pk, "quiet"],
        )
        for each in page
    ]
