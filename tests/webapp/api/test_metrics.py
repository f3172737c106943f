"""Prometheus reads how many alerts are in which state, how good they were, and how much work is pending."""

from __future__ import annotations

from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from tests.webapp.pages.stored import Shop
from webapp.alerts.models import Alert
from webapp.history.models import Project, Run
from webapp.publishing.models import Publication


def exported() -> dict[tuple[str, ...], float]:
    """Return every figure by its name and the values of its labels (in the order of their names), as Prometheus' own parser reads them."""
    response = Client().get("/metrics")

    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(response.content.decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_alerts_are_counted_by_state_and_outcome(shop: Shop) -> None:
    """Alerts by state, and what share of the decided ones was dismissed; a project without alerts has no figures."""
    Alert.objects.update(state="invalid")
    Project.objects.create(slug="empty")

    figures = exported()

    assert {("perfgate_alerts", "shop", "invalid"): Alert.objects.filter(project=shop.project).count()} == {
        key: value for key, value in figures.items() if key[0] == "perfgate_alerts"
    }
    assert {"acted_on": 0.0, "dismissed": 1.0, "withdrawn": 0.0} == {
        key[1]: value for key, value in figures.items() if (key[0], key[-1]) == ("perfgate_alert_share", "shop")
    }


def test_pending_work_is_counted(shop: Shop, settings: Settings) -> None:
    """Unprocessed runs, publications that are due, and those that GitHub refused."""
    settings.GITHUB_TOKEN = "app"
    Run.objects.filter(pk=shop.judged_run).update(processed_at=None)
    Publication.objects.create(project=shop.project, channel="github", kind="pull_request", pull_request=1, payload={})
    Publication.objects.create(
        project=shop.project, channel="github", kind="pull_request", pull_request=2, payload={}, failed_for_good=True
    )

    figures = exported()

    names = ("perfgate_runs_pending", "perfgate_publications_due", "perfgate_publications_failed")
    assert [1.0, 1.0, 1.0] == [figures[name,] for name in names]


def test_nothing_about_the_process_is_exported(shop: Shop) -> None:  # noqa: ARG001 - asks for the database
    """Only figures from the database: those of one of several web processes would mean nothing."""
    assert {"perfgate"} == {name.split("_")[0] for name, *_ in exported()}
