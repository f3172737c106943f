"""Alerts: what a project's people have to look at, and one alert with all that is known and can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.db.models.functions import Abs
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from perfgate.errors import InvalidInput
from perfgate.gate import Row
from webapp.alerts import actions, quality, remeasurement
from webapp.alerts.models import OPEN, Alert, AlertState, StoredChangePoint
from webapp.history.models import Project
from webapp.measurements import actions as measurement_actions
from webapp.measurements import bisection
from webapp.measurements.bisection_cost import BisectionCost
from webapp.measurements.bisection_progress import BisectionProgress, newest_progress
from webapp.measurements.models import Measurement
from webapp.measurements.suspects import bisect_command, find_suspects
from webapp.pages.alert_extent import WORST_FIRST, with_extent
from webapp.pages.series import chart, history
from webapp.publishing.models import Publication

ALERTS_PER_PAGE = 50
SERIES_PER_PAGE = 100
EVENTS_SHOWN = 200
OTHERS_SHOWN = 100

FILTERS: dict[str, tuple[str, ...]] = {
    "open": OPEN,
    **{state.value: (state.value,) for state in AlertState},
    "all": tuple(AlertState.values),
}
"""What the list can be asked for, and the states that it then shows."""


@dataclass(frozen=True)
class Moved:
    """One series of an alert."""

    point: StoredChangePoint
    again: Row | None
    """The gate's word, where it was measured again."""


def alerts(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a project's alerts, the worst first; ``?state=`` is open (if left out), one of the states, or all."""
    project = get_object_or_404(Project, slug=slug)
    state = request.GET.get("state", "open")
    state = state if state in FILTERS else "open"
    counts = dict(Alert.objects.filter(project=project).order_by().values_list("state").annotate(count=Count("id")))
    chosen = with_extent(Alert.objects.filter(project=project, state__in=FILTERS[state]))
    page = Paginator(chosen.order_by("imported_only", *WORST_FIRST), ALERTS_PER_PAGE).get_page(request.GET.get("page"))
    shown = {
        "project": project,
        "page": page,
        "state": state,
        "filters": {name: sum(counts.get(state, 0) for state in states) for name, states in FILTERS.items()},
        "quality": quality.by_project([project.pk])[project.pk],
    }
    return render(request, "alerts/alerts.html", shown)


def alert(request: HttpRequest, number: int) -> HttpResponse:
    """Show one alert: its cause, its state, the series that moved, what happened, and what can be done."""
    return _show(request, number)


@require_POST
def act(request: HttpRequest, number: int) -> HttpResponse:
    """Do to an alert what a form on its page asks for, by a person of the staff."""
    one = get_object_or_404(Alert, pk=number)
    if not request.user.is_authenticated:
        return redirect_to_login(f"/alerts/{number}/")
    if not request.user.is_staff:
        raise PermissionDenied("acting on alerts is for the staff of this server")
    form = request.POST
    try:
        order = actions.ActionRequest(
            **{name: form.get(name, "") for name in ("action", "reason", "assignee", "text")},
            into=_number(form.get("into", "0")),
            series=[_number(number) for number in form.getlist("series")],
        )
        done = measurement_actions.act(one, order, who=request.user.get_username())
    except InvalidInput as error:
        return _show(request, number, error=str(error))
    return redirect("pages:alert", done.pk)


def _show(request: HttpRequest, number: int, error: str = "") -> HttpResponse:
    one = get_object_or_404(with_extent(Alert.objects.all()), pk=number)
    moved = (
        StoredChangePoint.objects.filter(alert=one)
        .select_related("series__benchmark", "series__environment__project", "run__commit", "previous_run__commit")
        .order_by("-regression", Abs("effect").desc(), "series__benchmark__label", "id")
    )
    answer = remeasurement.remeasurements(one.project, [one], {})[one.pk]
    page = Paginator(moved, SERIES_PER_PAGE).get_page(request.GET.get("page"))
    worst = moved.first()
    progress = newest_progress(one)
    suspects = find_suspects(one, progress)
    may_act = request.user.is_authenticated and request.user.is_staff
    shown = {
        "project": one.project,
        "alert": one,
        "page": page,
        "rows": [Moved(point, answer.row(point.series)) for point in page],
        "answer": answer,
        "suspects": suspects,
        "command": bisect_command(one, worst if worst and worst.regression else None, suspects),
        "progress": progress,
        "cost": _cost(one, progress) if may_act else None,
        "worst": worst,
        "drawing": chart.drawing(worst.series, history.read(worst.series)) if worst else "",
        "issue": Publication.objects.filter(alert=one, channel=Publication.ChannelName.GITHUB).first(),
        "measurements": Measurement.objects.filter(alert=one, dispatched_at__isnull=False).order_by("number"),
        "events": one.events.order_by("-pk")[:EVENTS_SHOWN],
        "may_act": may_act,
        "others": _others(one) if may_act else (),
        "error": error,
        "limit": actions.MAX_TEXT_CHARACTERS,
    }
    return render(request, "alerts/alert.html", shown, status=400 if error else 200)


def _others(one: Alert) -> QuerySet[Alert]:
    """Return the alerts that this one may be merged into, the newest cause first."""
    there = Alert.objects.filter(project=one.project_id, branch=one.branch, kind=one.kind, merged_into=None)
    return there.exclude(pk=one.pk).select_related("commit").order_by("-commit__generation", "-pk")[:OTHERS_SHOWN]


def _cost(one: Alert, progress: BisectionProgress | None) -> BisectionCost | None:
    """Return what a search for the commit would cost, None where none can be started."""
    if progress is not None and (progress.bisection.ended_at is None or progress.culprit is not None):
        return None
    try:
        return bisection.cost_for_alert(one)
    except InvalidInput:
        return None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise InvalidInput(f"{text[:40]!r} is no number: choose from the list")
    return int(text)
