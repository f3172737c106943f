"""Runs: the list of a project, and one run as it was uploaded, value by value."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from perfgate.errors import InvalidResult
from perfgate.results.records import COMPARABILITY_FIELDS, SAME_MACHINE_FIELDS, Sample, State
from webapp.history import uploads
from webapp.history.catalogue import benchmark_key
from webapp.history.models import Project, Run, Series

RUNS_PER_PAGE = 50
SAMPLES_PER_PAGE = 200
REFUSALS_SHOWN = 100
MAX_SEARCH_CHARACTERS = 200
STATES = {"": "all", **{str(state): str(state) for state in State}}


@dataclass(frozen=True)
class Row:
    """One sample of a run and where its history is."""

    sample: Sample
    baseline: float | None
    """What the other side measured, where both sides are in the run."""
    series: int | None


def runs(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a project's runs, the newest first."""
    project = get_object_or_404(Project, slug=slug)
    newest = Run.objects.filter(project=project).select_related("commit", "environment", "verdict").order_by("-id")
    page = Paginator(newest, RUNS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "run/runs.html", {"project": project, "page": page})


def run(request: HttpRequest, number: int) -> HttpResponse:
    """Show one run: where it came from, what was stored and what was not, and every value in it."""
    one = get_object_or_404(
        Run.objects.select_related(
            "project",
            "environment",
            "state",
            "commit",
            "baseline_commit",
            "superseded_by",
            "verdict",
        ),
        pk=number,
    )
    text = request.GET.get("q", "").strip()[:MAX_SEARCH_CHARACTERS]
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    measured, unreadable = _measured(one)
    chosen = [row for row in measured if _asked(row[0], text, state)]
    page = Paginator(chosen, SAMPLES_PER_PAGE).get_page(request.GET.get("page"))
    shown = {
        "project": one.project,
        "run": one,
        "fields": _fields(one.state.fields),
        "refused": one.refused[:REFUSALS_SHOWN],
        "unreadable": unreadable,
        "two_sided": any(baseline is not None for _, baseline in measured),
        "page": page,
        "rows": _rows(one, page),
        "text": text,
        "state": state,
        "states": STATES,
    }
    return render(request, "run/run.html", shown)


def _measured(one: Run) -> tuple[list[tuple[Sample, float | None]], str]:
    """Return all samples of the kept upload with the other side's values, or none and why."""
    try:
        read = uploads.open_again(one).run
    except InvalidResult as error:
        return [], str(error)
    other = {}
    if read.baseline is not None:
        other = {(each.benchmark.label, each.metric.name): each.value for each in read.baseline.samples}
    return [(each, other.get((each.benchmark.label, each.metric.name))) for each in read.samples], ""


def _asked(sample: Sample, text: str, state: str) -> bool:
    label = sample.benchmark.label.casefold()
    return (not state or sample.state == state) and all(word in label for word in text.casefold().split())


def _rows(one: Run, page: Page[tuple[Sample, float | None]]) -> list[Row]:
    # A judged run is no point of a series: its history is that of the branch it is meant for.
    branch = one.project.default_branch if one.pull_request else one.branch
    known = Series.objects.filter(
        environment=one.environment_id,
        branch=branch,
        benchmark__key__in={benchmark_key(sample.benchmark) for sample, _ in page},
    ).values_list("benchmark__key", "metric", "unit", "pk")
    series = {(key, metric, unit): number for key, metric, unit, number in known}
    return [
        Row(
            sample=sample,
            baseline=baseline,
            series=series.get((benchmark_key(sample.benchmark), sample.metric.name, sample.metric.unit)),
        )
        for sample, baseline in page
    ]


def _fields(fields: dict[str, str]) -> list[tuple[str, str]]:
    """Return the environment's facts, those that decide comparability first."""
    first = [*SAME_MACHINE_FIELDS, *COMPARABILITY_FIELDS]
    order = [name for name in first if name in fields] + sorted(name for name in fields if name not in first)
    return [(name, fields[name]) for name in order]
