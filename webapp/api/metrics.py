"""``GET /metrics``: figures about alerts and pending work in the text format that Prometheus reads.

The registry is our own: prometheus_client's global one adds figures about this one process, which mean nothing behind
several web processes. docs/how-to/operate.md lists what is exported.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from webapp.alerts import quality
from webapp.alerts.models import Alert
from webapp.history.models import Project, Run
from webapp.publishing import publisher
from webapp.publishing.models import Publication


class DatabaseCollector(Collector):
    """Reads every figure from the database when it is asked for, so all web processes answer alike."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one family for each metric name."""
        slugs = dict(Project.objects.order_by("slug").values_list("pk", "slug"))
        yield _alerts(slugs)
        yield _alert_shares(slugs)
        pending = Run.objects.filter(processed_at=None).count()
        yield GaugeMetricFamily("perfgate_runs_pending", "Runs received and not yet processed.", value=pending)
        due = publisher.due().count()
        yield GaugeMetricFamily("perfgate_publications_due", "Publications that are to be sent now.", value=due)
        failed = Publication.objects.filter(failed_for_good=True).count()
        yield GaugeMetricFamily(
            "perfgate_publications_failed",
            "Publications that GitHub refused, until their content changes.",
            value=failed,
        )


REGISTRY = CollectorRegistry()
REGISTRY.register(DatabaseCollector())


@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """Return all figures."""
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _alerts(slugs: dict[int, str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily("perfgate_alerts", "Alerts by state.", labels=("project", "state"))
    states = Alert.objects.order_by().values_list("project", "state").annotate(count=Count("id"))
    for project, state, count in states.filter(project__in=slugs):
        family.add_metric((slugs[project], state), count)
    return family


def _alert_shares(slugs: dict[int, str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "perfgate_alert_share",
        "Part of the decided alerts that was acted on, dismissed or withdrawn.",
        labels=("project", "outcome"),
    )
    for project, project_quality in quality.by_project(slugs).items():
        for outcome, share in project_quality.shares.items():
            family.add_metric((slugs[project], outcome), share)
    return family
