"""Tests of `webapp.pages.project.filters`."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.webapp.pages.stored import Shop, history_run, store, value
from webapp.history.models import Environment


def get(client: Client, query: str = "") -> str:
    response = client.get(f"/projects/shop/{query}")
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.usefixtures("shop")
def test_search_matches_all_words(client: Client) -> None:
    """Every word must occur in the name or the parameters, in any case."""
    assert "bench.<wbr>render" in get(client, "?q=RENDER+size")
    assert "bench.<wbr>parse" not in get(client, "?q=RENDER+size")
    assert "No series matches." in get(client, "?q=render+parse")


@pytest.mark.parametrize("query", ["?q=%00", "?page=nonsense&environment=x&branch=%00", "?page=99999999999999999999"])
@pytest.mark.usefixtures("shop")
def test_invalid_filters_are_ignored(client: Client, query: str) -> None:
    """Values that the form does not offer are ignored."""
    assert "bench.<wbr>parse" in get(client, query)


def test_filter_by_environment_branch_and_alert(client: Client, shop: Shop) -> None:
    """Environment, branch and alerts narrow the list, and the form shows the choice."""
    run = history_run(20, [value("bench.other", 1.0)])
    store(shop.project, run)
    environment = Environment.objects.get(name="runner")

    assert "2 series" not in get(client, "?branch=main")
    assert "3 series" in get(client, f"?branch=main&environment={environment.pk}")
    assert f'value="{environment.pk}" selected' in get(client, f"?environment={environment.pk}")
    assert "1 series" in get(client, "?moved=1")
