"""Tests of all pages together: `webapp.pages.middleware`, `webapp.pages.urls` and the static files."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.test import Client

import webapp.pages
from tests.webapp.pages.stored import Shop

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


def test_every_page_forbids_inline_and_third_party_content(client: Client, shop: Shop) -> None:
    """No page contains an inline script, an inline style or another host, and the policy header forbids them."""
    for path in paths(shop):
        response = client.get(path)
        text = response.content.decode()

        assert response.status_code == 200, path
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|javascript:", text.partition("<main")[0])
        assert not re.search(r"<script|<[^>]*\s(?:on\w+|style)=", text.partition("<main")[2]), path


def test_untrusted_text_is_escaped_on_every_page(client: Client, shop: Shop) -> None:
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
def test_unknown_pages_are_404(client: Client, path: str) -> None:
    """An unknown URL gets status 404 and a page with a link to the first page."""
    response = client.get(path)

    assert response.status_code == 404
    assert 'href="/"' in response.content.decode()


def test_scripts_are_small() -> None:
    """All JavaScript together is at most 40 KiB compressed."""
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC.rglob("*.js")) <= 40 * 1024
