"""Tests of `webapp.pages.series.views`."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.webapp.pages.stored import STEP_AT, Shop, environment, history_run, store, value
from webapp.history.models import Project, Series


def test_facts_stand_in_the_page_without_javascript(client: Client, shop: Shop) -> None:
    """Latest value, change point with effect, interval, levels, commits and state are text; the chart is drawn too."""
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


def test_environment_changes_are_named(client: Client, shop: Shop) -> None:
    """Where the environment changed, the page says from which value to which, and the chart gets a labelled line."""
    text = client.get(f"/series/{shop.series.pk}/").content.decode()

    assert "python: <bdi>3.12</bdi> → <bdi>3.13</bdi>" in text
    assert ">python</text>" in text


def test_a_new_version_of_the_benchmark_is_named(client: Client, shop: Shop) -> None:
    """A benchmark that was itself changed begins a segment that says so."""
    sample = value("bench.parse", 0.0138)
    changed = type(sample)(
        benchmark=type(sample.benchmark)(name="bench.parse", version="2"), metric=sample.metric, value=1.0
    )
    store(shop.project, history_run(20, [changed], "3.13"))

    assert "benchmark: <bdi>unknown</bdi> → <bdi>2</bdi>" in client.get(f"/series/{shop.series.pk}/").content.decode()


def test_the_same_benchmark_elsewhere_is_linked(client: Client, shop: Shop) -> None:
    """The page links the same benchmark in other environments."""
    run = history_run(20, [value("bench.parse", 0.02)])
    elsewhere = type(run)(
        suite=run.suite, tool=run.tool, commit=run.commit, environment=environment(name="laptop"), samples=run.samples
    )
    store(shop.project, elsewhere)
    other = Series.objects.get(benchmark__name="bench.parse", environment__name="laptop")

    text = client.get(f"/series/{shop.series.pk}/").content.decode()

    assert f'<a href="/series/{other.pk}/">time (s) · <bdi>laptop</bdi>' in text


def test_chart_data_is_in_commit_order(client: Client, shop: Shop) -> None:
    """The chart gets equally long columns in commit order, whatever order the runs arrived in."""
    late = history_run(2, [value("bench.parse", 0.5)])
    early = type(late)(suite="x", tool="late", commit=late.commit, environment=late.environment, samples=late.samples)
    store(shop.project, early)

    data = client.get(f"/series/{shop.series.pk}/chart.json").json()

    assert {len(data[name]) for name in ("values", "texts", "levels", "runs", "commits", "subjects", "days")} == {15}
    assert data["values"][2] == 0.5
    assert data["texts"][2] == "500 ms"
    assert data["axis"] == {"factor": 0.001, "unit": "ms"}
    assert data["marks"] == [{"index": STEP_AT + 1, "effect": "+12.2 %", "regression": True}]
    assert [each["label"] for each in data["boundaries"]] == ["python"]
    assert data["days"][0] == "2026-10-02 00:00 UTC"


def test_a_series_of_one_point(client: Client, shop: Shop) -> None:
    """A single point is a page like any other: no change, no noise, a drawn dot."""
    store(shop.project, history_run(20, [value("bench.single", 0.0)]))
    single = Series.objects.get(benchmark__name="bench.single")

    text = client.get(f"/series/{single.pk}/").content.decode()

    assert "0 s" in text
    assert "None: the level has not changed." in text
    assert client.get(f"/series/{single.pk}/chart.json").json()["values"] == [0.0]


def test_a_series_without_points(client: Client, shop: Shop) -> None:
    """A series whose runs were all taken away has a page that says so by showing nothing."""
    shop.series.chunks.all().delete()
    Project.objects.update(revision=99)

    assert "<svg" not in client.get(f"/series/{shop.series.pk}/").content.decode()
    assert client.get(f"/series/{shop.series.pk}/chart.json").json()["values"] == []


@pytest.mark.parametrize("path", ["/series/{}/", "/series/{}/chart.json"])
def test_queries_do_not_grow_with_points(client: Client, shop: Shop, path: str) -> None:
    """Three times the points cost no more queries."""

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
