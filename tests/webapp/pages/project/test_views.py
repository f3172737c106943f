"""Tests of `webapp.pages.project.views`."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.webapp.pages.stored import Shop, history_run, store, value
from webapp.history.models import Project
from webapp.pages.project.views import SERIES_PER_PAGE
from webapp.verdicts.models import StoredVerdict


def get(client: Client, query: str = "") -> str:
    response = client.get(f"/projects/shop/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_a_row_summarizes_a_series(client: Client, shop: Shop) -> None:
    """A row has the recent points, the latest value with its unit, the change and the open alert."""
    text = get(client)
    row = text[text.index(f'<a href="/series/{shop.series.pk}/">') :].partition("</tr>")[0]

    assert "bench.<wbr>parse" in row
    assert "<svg" in row
    assert "13.8 ms" in row
    assert f'href="/alerts/{shop.alert.pk}/"' in row
    assert "+12.2 %" in row
    assert "regression" in row


def test_the_measured_rate_of_false_alarms_is_shown(client: Client, shop: Shop) -> None:
    """Once exempt benchmarks were measured, the page shows how often the gate was wrong about them."""
    assert "False alarms" not in get(client)

    StoredVerdict.objects.filter(run__project=shop.project).update(exempt_judged=240)

    assert "0 of 240 benchmarks that their pull request could not reach were called regressed: below 1.2 %" in get(
        client
    )


@pytest.mark.usefixtures("shop")
def test_units_follow_the_size(client: Client) -> None:
    """Half a millisecond is shown as 500 µs."""
    assert "500 µs" in get(client)


def test_long_lists_are_paged(client: Client, shop: Shop) -> None:
    """A page has a fixed number of series, and links to other pages keep the filter."""
    store(shop.project, history_run(20, [value(f"bench.many.{number:03}", 1.0) for number in range(120)]))

    first, last = get(client, "?q=many"), get(client, "?q=many&page=3")

    assert first.count("<svg") == SERIES_PER_PAGE
    assert "1–50 of 120" in first
    assert "q=many&amp;page=2" in first
    assert last.count("<svg") == 20
    assert "bench.<wbr>many.119" in last


def queries(client: Client) -> int:
    get(client)  # warms the order of runs, which is kept between requests
    with CaptureQueriesContext(
        connection,
    ) as caught:
        get(client)
    return len(caught)


def test_queries_do_not_grow_with_benchmarks(client: Client, shop: Shop) -> None:
    """Fifty times the series take no more queries."""
    before = queries(client)

    store(shop.project, history_run(20, [value(f"bench.many.{number:03}", 1.0) for number in range(150)]))

    assert queries(client) == before
    assert before <= 14


@pytest.mark.django_db
def test_an_empty_project_shows_the_next_step(client: Client) -> None:
    """An empty project shows how to upload results."""
    Project.objects.create(slug="empty")

    text = client.get("/projects/empty/").content.decode()

    assert "No results yet" in text
    assert "/api/v1/runs" in text
