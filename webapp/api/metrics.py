"""``GET /metrics``: a few figures in the text format that Prometheus reads.

Ten lines of text need no library; what they may hold is fixed here and named in docs/how-to/operate.md.

Source:
    https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from webapp.alerts import quality
from webapp.alerts.models import Alert
from webapp.history.models import Project, Run
from webapp.publishing import publisher
from webapp.publishing.models import Publication

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[dict[str, str], float]
"""Labels and value."""


@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """Return all figures."""
    return HttpResponse("".join(_lines()), content_type=CONTENT_TYPE)


def _lines() -> Iterator[str]:
    slugs = dict(Project.objects.order_by("slug").values_list("pk", "slug"))
    states = Alert.objects.order_by().values_list("project", "state").annotate(count=Count("id"))
    yield from _metric(
        "perfgate_alerts",
        "Alerts by state.",
        [({"project": slugs[project], "state": state}, count) for project, state, count in states if project in slugs],
    )
    qualities = quality.by_project(slugs)
    yield from _metric(
        "perfgate_alert_share",
        "Part of the decided alerts that was acted on, dismissed or withdrawn.",
        [
            ({"project": slug, "outcome": outcome}, share)
            for number, slug in slugs.items()
            for outcome, share in qualities[number].shares.items()
        ],
    )
    owed = Run.objects.filter(processed_at=None).count()
    yield from _metric("perfgate_runs_owed", "Runs received and not yet worked on.", [({}, owed)])
    due = publisher.due().count()
    yield from _metric("perfgate_publications_due", "What GitHub is to be told now.", [({}, due)])
    failed = Publication.objects.filter(failed_for_good=True).count()
    yield from _metric("perfgate_publications_failed", "What GitHub refused, until something changes.", [({}, failed)])


def _metric(name: str, told: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {told}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{f'{{{inside}}}' if inside else ''} {value:g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
