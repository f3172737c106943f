"""Tests of `webapp.pages.home.views` and of what all pages share."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.webapp.pages.stored import Shop
from webapp.alerts.models import Alert
from webapp.history.models import Project


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
