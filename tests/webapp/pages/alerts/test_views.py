"""Tests of views.py."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.webapp.pages.stored import Shop
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Commit
from webapp.publishing.models import Publication


def test_alert_detail(client: Client, shop: Shop) -> None:
    """An alert shows its cause, its state, its issue and its change points."""
    Publication.objects.create(
        project=shop.project, channel="github", kind="alert", alert=shop.alert, payload={}, remote_id=812
    )

    text = client.get(f"/alerts/{shop.alert.pk}/").content.decode()

    assert "1 regression" in text
    assert "confirmed" in text
    assert "https://github.com/acme/shop/commit/00000009" in text
    assert "by <bdi>Ada</bdi>" in text
    assert "https://github.com/acme/shop/issues/812" in text
    assert f'href="/series/{shop.series.pk}/"' in text
    assert "12.3 ms → 13.8 ms" in text
    assert "1 series moved" in text


def test_a_closed_alert_says_what_closed_it(client: Client, shop: Shop) -> None:
    """A closed alert shows when, and by which commit, the level returned."""
    back = Commit.objects.get(sha__startswith="0000000e")
    Alert.objects.update(state="fixed", closed_at=timezone.now(), closed_by=back)

    text = client.get(f"/alerts/{shop.alert.pk}/").content.decode()

    assert "was measured back at the old level" in text
    assert "0000000e00" in text


def test_list_by_state(client: Client, shop: Shop) -> None:
    """The list shows open alerts by default; an unknown state is ignored."""
    address = "/projects/shop/alerts/"
    link = f'href="/alerts/{shop.alert.pk}/"'

    assert link in client.get(address).content.decode()
    assert link in client.get(address + "?state=nonsense").content.decode()
    assert link in client.get(address + "?state=all").content.decode()
    assert link not in client.get(address + "?state=fixed").content.decode()
    assert "No fixed alerts." in client.get(address + "?state=fixed").content.decode()


def test_an_alert_whose_changes_are_gone(client: Client, shop: Shop) -> None:
    """An alert without change points says so."""
    StoredChangePoint.objects.all().delete()

    assert "Nothing moved any more" in client.get(f"/alerts/{shop.alert.pk}/").content.decode()
    assert "Nothing moved any more" in client.get("/projects/shop/alerts/").content.decode()


def test_queries_do_not_grow_with_alerts(client: Client, shop: Shop) -> None:
    """A list of many alerts takes as many queries as a list of one."""

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get("/projects/shop/alerts/")
        return len(caught)

    before = count()
    commits = Commit.objects.exclude(pk=shop.alert.commit_id)[:10]
    Alert.objects.bulk_create([Alert(project=shop.project, commit=commit, branch="main") for commit in commits])

    assert count() == before
