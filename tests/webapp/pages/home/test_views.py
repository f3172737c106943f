"""Tests of `webapp.pages.home.views`."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.webapp.pages.stored import Shop
from webapp.alerts.models import Alert
from webapp.history.models import Project


def test_projects_and_open_alerts(client: Client, shop: Shop) -> None:
    """The first page lists every project with its open alerts, newest run and newest verdict."""
    text = client.get("/").content.decode()

    assert 'href="/projects/shop/"' in text
    assert f'href="/alerts/{shop.alert.pk}/"' in text
    assert "1 regression" in text
    assert "+12.2 %" in text
    assert f'href="/runs/{shop.judged_run}/verdict/"' in text
    assert "failed" in text


@pytest.mark.usefixtures("shop")
def test_imported_alerts_need_no_attention(client: Client) -> None:
    """An alert from an imported history is counted, and not listed under attention."""
    Alert.objects.update(imported_only=True)

    text = client.get("/").content.decode()

    assert "No open alerts." in text
    assert "1 from imported history" in text


@pytest.mark.django_db
def test_an_empty_server_shows_the_next_step(client: Client) -> None:
    """A server without projects shows how to create one."""
    assert "create_project" in client.get("/").content.decode()


@pytest.mark.usefixtures("shop")
def test_queries_do_not_grow_with_projects(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """More projects take no more queries."""
    Project.objects.bulk_create([Project(slug=f"project-{number}") for number in range(60)])

    with django_assert_max_num_queries(7):
        text = client.get("/?page=2").content.decode()

    assert "51–61 of 61" in text
