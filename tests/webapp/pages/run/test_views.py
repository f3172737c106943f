"""Tests of `webapp.pages.run.views`."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.webapp.pages.stored import Shop, history_run, store, value
from webapp.history.models import Run, Upload
from webapp.pages.run.views import RUNS_PER_PAGE, SAMPLES_PER_PAGE


def test_run_detail(client: Client, shop: Shop) -> None:
    """The page has commit, environment, counts, refusals with their places, and every value with its series."""
    text = client.get(f"/runs/{shop.last_run}/").content.decode()

    assert "https://github.com/acme/shop/commit/0000000e" in text
    assert "pytest-benchmark 5.3.1" in text
    assert "EPYC 7763" in text
    assert "2 stored · 1 failed · 0 skipped · 1 refused" in text
    assert "$.benchmarks[7]" in text
    assert "NaN is no value" in text
    assert f'<a href="/series/{shop.series.pk}/"><bdi>bench.<wbr>parse</bdi></a>' in text
    assert "500 µs" in text
    assert "&lt;img src=x" in text


def test_a_judged_run_shows_both_sides(client: Client, shop: Shop) -> None:
    """A run with a baseline shows the values of both sides and links its verdict."""
    text = client.get(f"/runs/{shop.judged_run}/").content.decode()

    assert ">Base<" in text
    assert "12.3 ms" in text
    assert "13.7 ms" in text
    assert f'href="/runs/{shop.judged_run}/verdict/"' in text
    assert "#7" in text


@pytest.mark.parametrize(("query", "shown"), [("?q=PARSE", ["parse"]), ("?state=failed", ["broken"]), ("?q=zzz", [])])
def test_values_are_filtered(client: Client, shop: Shop, query: str, shown: list[str]) -> None:
    """Text and state narrow the values."""
    text = client.get(f"/runs/{shop.last_run}/{query}").content.decode()

    assert [name for name in ("parse", "render", "broken") if f"bench.<wbr>{name}" in text] == shown


def test_many_values_are_paged(client: Client, shop: Shop) -> None:
    """A page shows a fixed number of values."""
    number = store(shop.project, history_run(20, [value(f"bench.many.{i:04}", 1.0) for i in range(450)]))

    assert client.get(f"/runs/{number}/").content.decode().count("bench.<wbr>many") == SAMPLES_PER_PAGE
    assert "401–450 of 450" in client.get(f"/runs/{number}/?page=3").content.decode()


def test_an_unreadable_upload_is_reported(client: Client, shop: Shop) -> None:
    """If the stored file cannot be read, the page shows the facts of the database and the reason."""
    upload = Upload.objects.get(run=shop.last_run)
    upload.content = b"no zlib"
    upload.save()

    text = client.get(f"/runs/{shop.last_run}/").content.decode()

    assert "The kept upload cannot be read" in text
    assert "EPYC 7763" in text


def test_a_superseded_run_names_its_successor(client: Client, shop: Shop) -> None:
    """A superseded run links the run that replaced it."""
    Run.objects.filter(pk=shop.last_run).update(superseded_by=shop.judged_run)

    assert (
        f'<a href="/runs/{shop.judged_run}/">run {shop.judged_run}</a>'
        in client.get(f"/runs/{shop.last_run}/").content.decode()
    )


def test_the_list_of_runs(client: Client, shop: Shop) -> None:
    """The newest run comes first, with its counts, state and verdict; long lists are paged."""
    for number in range(20, 20 + RUNS_PER_PAGE):
        store(shop.project, history_run(number, [value("bench.parse", 0.0138)]))

    first = client.get("/projects/shop/runs/").content.decode()
    second = client.get("/projects/shop/runs/?page=2").content.decode()

    assert "waiting" in first
    assert f'href="/runs/{shop.judged_run}/verdict/"' in second
    assert "1 failed" in second
