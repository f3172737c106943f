"""Tests of `webapp.pages.series.views`."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.webapp.pages.stored import Shop, environment, history_run, store, value
from webapp.history.models import Project, Series


def test_the_page_is_complete_without_javascript(client: Client, shop: Shop) -> None:
    """Latest value, change point, interval, levels, commits and state are text, and the chart is SVG."""
    text = client.get(f"/series/{shop.series.pk}/").content.decode()

    assert "13.8 ms" in text
    assert "+12.2 %" in text
    assert "[+11.8 %, +12.6 %]" in text
    assert "12.3 ms → 13.8 ms" in text
    assert "https://github.com/acme/shop/compare/" in text
    assert f'<a href="/alerts/{shop.alert.pk}/">confirmed</a>' in text
    assert "lower is better" in text
    assert '<svg class="history"' in text
    assert 'datetime="2026-10-15T00:00:00+00:00"' in text


def test_other_series_of_the_benchmark_are_linked(client: Client, shop: Shop) -> None:
    """The page links the same benchmark in other environments."""
    run = history_run(20, [value("bench.parse", 0.02)])
    elsewhere = type(run)(
        suite=run.suite, tool=run.tool, commit=run.commit, environment=environment(name="laptop"), samples=run.samples
    )
    store(shop.project, elsewhere)
    other = Series.objects.get(benchmark__name="bench.parse", environment__name="laptop")

    text = client.get(f"/series/{shop.series.pk}/").content.decode()

    assert f'<a href="/series/{other.pk}/">time (s) · <bdi>laptop</bdi>' in text


def test_a_series_of_one_point(client: Client, shop: Shop) -> None:
    """A single point has no change and no noise, and is drawn."""
    store(shop.project, history_run(20, [value("bench.single", 0.0)]))
    single = Series.objects.get(benchmark__name="bench.single")

    text = client.get(f"/series/{single.pk}/").content.decode()

    assert "0 s" in text
    assert "None: the level has not changed." in text
    assert client.get(f"/series/{single.pk}/chart.json").json()["values"] == [0.0]


def test_a_series_without_points(client: Client, shop: Shop) -> None:
    """A series without points has a page without a chart."""
    shop.series.chunks.all().delete()
    Project.objects.update(revision=99)

    assert "<svg" not in client.get(f"/series/{shop.series.pk}/").content.decode()
    assert client.get(f"/series/{shop.series.pk}/chart.json").json()["values"] == []


@pytest.mark.parametrize("path", ["/series/{}/", "/series/{}/chart.json"])
def test_queries_do_not_grow_with_points(client: Client, shop: Shop, path: str) -> None:
    """Three times the points take no more queries."""

    def count() -> int:
        client.get(path.format(shop.series.pk))
        with CaptureQueriesContext(connection) as caught:
            client.get(path.format(shop.series.pk))
        return len(caught)

    before = count()
    for number in range(20, 50):
        store(shop.project, history_run(number, [value("bench.parse", 0.0138)], "3.13"))

    assert count() == before
    assert before <= 9
