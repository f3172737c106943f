"""Tests of `webapp.pages.home.views` and of what all pages share."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

import webapp.pages
from tests.webapp.pages.stored import Shop
from webapp.alerts.models import Alert
from webapp.history.models import Project

STATIC = Path(webapp.pages.__file__).parent / "static" / "pages"


def paths(shop: Shop) -> list[str]:
    return [
        "/",
        "/projects/shop/",
        "/projects/shop/runs/",
        "/projects/shop/alerts/",
        f"/series/{shop.series.pk}/",
        f"/runs/{shop.last_run}/",
        f"/runs/{shop.judged_run}/verdict/",
        f"/alerts/{shop.alert.pk}/",
    ]


def test_projects_with_what_needs_attention(client: Client, shop: Shop) -> None:
    """The first page names every project with its open alerts, its last run and its last verdict."""
    text = client.get("/").content.decode()

    assert 'href="/projects/shop/"' in text
    assert f'href="/alerts/{shop.alert.pk}/"' in text
    assert "1 regression" in text
    assert "+12.2 %" in text
    assert f'href="/runs/{shop.judged_run}/verdict/"' in text
    assert "failed" in text


@pytest.mark.usefixtures("shop")
def test_quiet_alerts_do_not_ask_for_attention(client: Client) -> None:
    """An alert from an imported history is counted, and is not among what needs attention."""
    Alert.objects.update(imported_only=True)

    text = client.get("/").content.decode()

    assert "No open alerts." in text
    assert "1 from imported history" in text


@pytest.mark.django_db
def test_empty_server_says_what_to_do(client: Client) -> None:
    """A server without projects tells how to make one."""
    assert "create_project" in client.get("/").content.decode()


@pytest.mark.usefixtures("shop")
def test_home_asks_a_constant_number_of_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """More projects cost no more queries."""
    Project.objects.bulk_create([Project(slug=f"project-{number}") for number in range(60)])

    with django_assert_max_num_queries(7):
        text = client.get("/?page=2").content.decode()

    assert "51–61 of 61" in text


def test_every_page_forbids_what_is_inline_or_foreign(client: Client, shop: Shop) -> None:
    """No page needs, or allows, an inline script, an inline style or another host."""
    for path in paths(shop):
        response = client.get(path)
        text = response.content.decode()

        assert response.status_code == 200, path
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|javascript:", text.partition("<main")[0])
        assert not re.search(r"<script|<[^>]*\s(?:on\w+|style)=", text.partition("<main")[2]), path


def test_strangers_text_is_escaped_on_every_page(client: Client, shop: Shop) -> None:
    """Markup in a commit message or a reason is shown as text, wherever it appears."""
    seen = 0
    for path in paths(shop):
        text = client.get(path).content.decode()
        assert "<img src=x" not in text, path
        seen += "&lt;img src=x onerror=alert(1)&gt;" in text

    assert seen >= 4


def test_every_page_has_one_heading_and_a_title(client: Client, shop: Shop) -> None:
    """Each page has its own title and exactly one first-level heading, and every table cell has a header."""
    titles = set()
    for path in paths(shop):
        text = client.get(path).content.decode()
        titles.add(re.findall(r"<title>(.*?)</title>", text)[0])
        assert text.count("<h1") == 1, path
        assert text.count("<table") == text.count("<thead"), path

    assert len(titles) == len(paths(shop))


@pytest.mark.parametrize(
    "path",
    [
        "/projects/none/",
        "/projects/none/runs/",
        "/projects/none/alerts/",
        "/series/9/",
        "/series/9/chart.json",
        "/runs/9/",
        "/runs/9/verdict/",
        "/alerts/9/",
        "/alerts/99999999999999999999999999/",
        "/nothing",
    ],
)
@pytest.mark.django_db
def test_what_is_not_there_is_404(client: Client, path: str) -> None:
    """An address of nothing answers 404 with a page that leads back."""
    response = client.get(path)

    assert response.status_code == 404
    assert 'href="/"' in response.content.decode()


def test_scripts_stay_small() -> None:
    """All JavaScript together is at most 40 KiB compressed."""
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC.rglob("*.js")) <= 40 * 1024
