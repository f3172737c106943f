"""Alerts: the list of a project, and one alert with every series it moved."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from webapp.gating.models import Alert, ChangePoint, Publication
from webapp.history.models import Project

ALERTS_PER_PAGE = 50
SERIES_PER_PAGE = 100
NEWEST_FIRST = (F("commit__committed_at").desc(nulls_last=True), "-id")
"""An import opens the alerts of years at once: the newest cause comes first, whenever it was found."""

STATES = {"open": "open", "closed": "closed", "all": "all"}


def with_extent(alerts: QuerySet[Alert]) -> QuerySet[Any]:
    """Return the alerts, ready to be listed, with how many series each moved, how far, and whether any of it is bad."""
    moved = ChangePoint.objects.filter(alert=OuterRef("pk"), regression=True)
    return alerts.select_related("project", "commit", "closed_by").annotate(
        bad=Exists(moved),
        moved=Count("change_points"),
        regressions=Count("change_points", filter=Q(change_points__regression=True)),
        improvements=Count("change_points", filter=Q(change_points__regression=False)),
        smallest=Min("change_points__effect"),
        largest=Max("change_points__effect"),
    )


def alerts(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a project's alerts, the newest first; ``?state=`` is open (if left out), closed or all."""
    project = get_object_or_404(Project, slug=slug)
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    chosen = Alert.objects.filter(project=project)
    if state != "all":
        chosen = chosen.filter(state=state)
    newest = with_extent(chosen).order_by("quiet", "-bad", *NEWEST_FIRST)
    page = Paginator(newest, ALERTS_PER_PAGE).get_page(request.GET.get("page"))
    shown = {"project": project, "page": page, "state": state, "states": STATES}
    return render(request, "pages/alerts.html", shown)


def alert(request: HttpRequest, number: int) -> HttpResponse:
    """Show one alert: its cause, its state, and the series that moved."""
    one = get_object_or_404(with_extent(Alert.objects.all()), pk=number)
    moved = (
        ChangePoint.objects.filter(alert=one)
        .select_related("series__benchmark", "series__environment", "run__commit", "previous_run__commit")
        .order_by("-regression", "series__benchmark__label", "id")
    )
    issue = Publication.objects.filter(
        project=one.project, kind=Publication.Kind.ISSUE, key=f"alert/{one.pk}", remote_id__isnull=False
    ).first()
    page = Paginator(moved, SERIES_PER_PAGE).get_page(request.GET.get("page"))
    shown = {"project": one.project, "alert": one, "page": page, "issue": issue}
    return render(request, "pages/alert.html", shown)
