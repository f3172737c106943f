"""The list of a project's runs, and the page of one run with every uploaded value."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from perfgate.errors import InvalidResult
from perfgate.results.records import COMPARABILITY_FIELDS, SAME_MACHINE_FIELDS, Sample, SampleState
from webapp.history import uploads
from webapp.history.catalog import benchmark_key
from webapp.history.models import Project, Run, Series

RUNS_PER_PAGE = 50
SAMPLES_PER_PAGE = 200
REFUSALS_SHOWN = 100
MAX_SEARCH_CHARACTERS = 200
STATES = {"": "all", **{str(state): str(state) for state in SampleState}}


@dataclass(frozen=True)
class SampleRow:
    """One sample of a run and its series."""

    sample: Sample
    baseline: float | None
    """Value of the base, if the run holds both sides."""
    series: int | None
    """Id of the series that holds the benchmark's history; None: there is none."""


def runs(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a project's runs, the newest first."""
    project = get_object_or_404(Project, slug=slug)
    newest = Run.objects.filter(project=project).select_related("commit", "environment", "verdict").order_by("-id")
    page = Paginator(newest, RUNS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "run/runs.html", {"project": project, "page": page})


def run(request: HttpRequest, number: int) -> HttpResponse:
    """Show one run: its origin, what was stored and refused, and every value in it."""
    relations = ("project", "environment", "state", "commit", "baseline_commit", "superseded_by", "verdict")
    found = get_object_or_404(Run.objects.select_related(*relations), pk=number)
    text = request.GET.get("q", "").strip()[:MAX_SEARCH_CHARACTERS]
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    samples, unreadable = _samples(found)
    chosen = [(sample, baseline) for sample, baseline in samples if _matches(sample, text, state)]
    page = Paginator(chosen, SAMPLES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": found.project,
        "run": found,
        "fields": _ordered_fields(found.state.fields),
        "refused": found.refused[:REFUSALS_SHOWN],
        "unreadable": unreadable,
        "two_sided": any(baseline is not None for _, baseline in samples),
        "page": page,
        "rows": _rows(found, page),
        "text": text,
        "state": state,
        "states": STATES,
    }
    return render(request, "run/run.html", context)


def _samples(run: Run) -> tuple[list[tuple[Sample, float | None]], str]:
    """Return all samples of the stored upload with the base's values; or none, and the error."""
    try:
        upload = uploads.open_upload(run).run
    except InvalidResult as error:
        return [], str(error)
    baseline = {}
    if upload.baseline is not None:
        baseline = {(sample.benchmark.label, sample.metric.name): sample.value for sample in upload.baseline.samples}
    return [(sample, baseline.get((sample.benchmark.label, sample.metric.name))) for sample in upload.samples], ""


def _matches(sample: Sample, text: str, state: str) -> bool:
    label = sample.benchmark.label.casefold()
    return (not state or sample.state == state) and all(word in label for word in text.casefold().split())


def _rows(run: Run, page: Page[tuple[Sample, float | None]]) -> list[SampleRow]:
    # The run of a pull request is no point of a series: link to the history of the default branch.
    branch = run.project.default_branch if run.pull_request else run.branch
    known = Series.objects.filter(
        environment=run.environment_id,
        branch=branch,
        benchmark__key__in={benchmark_key(sample.benchmark) for sample, _ in page},
    ).values_list("benchmark__key", "metric", "unit", "pk")
    series = {(key, metric, unit): number for key, metric, unit, number in known}
    return [
        SampleRow(
            sample=sample,
            baseline=baseline,
            series=series.get((benchmark_key(sample.benchmark), sample.metric.name, sample.metric.unit)),
        )
        for sample, baseline in page
    ]


def _ordered_fields(fields: dict[str, str]) -> list[tuple[str, str]]:
    """Return the environment's fields, those that decide comparability first."""
    first = [*SAME_MACHINE_FIELDS, *COMPARABILITY_FIELDS]
    order = [name for name in first if name in fields] + sorted(name for name in fields if name not in first)
    return [(name, fields[name]) for name in order]
