"""Tests of `webapp.api.alerts`: reads are public, actions need a token with the scope `triage`."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.webapp.pages.stored import HOSTILE, Shop
from webapp.alerts.models import Alert, Event
from webapp.history import tokens
from webapp.history.models import Project
from webapp.history.tokens import Scope

pytestmark = pytest.mark.django_db


def act(shop: Shop, secret: str, body: Any) -> Any:
    return Client(enforce_csrf_checks=True).post(
        f"/api/v1/alerts/{shop.alert.pk}/actions",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"} if secret else {},
    )


def test_alerts_can_be_read(shop: Shop) -> None:
    """Anybody can list a project's alerts by state, and read one with its change points and events."""
    listed = Client().get("/api/v1/projects/shop/alerts?state=confirmed").json()
    one = Client().get(f"/api/v1/alerts/{shop.alert.pk}").json()

    assert [shop.alert.pk] == [alert["id"] for alert in listed["results"]]
    assert ("confirmed", "regression", [shop.series.pk]) == (
        one["state"],
        one["kind"],
        [point["series"] for point in one["change_points"]],
    )
    assert ["opened", "moved"] == [event["action"] for event in one["events"]]
    assert 400 == Client().get("/api/v1/projects/shop/alerts?state=nonsense").status_code


def test_a_triage_token_takes_actions(shop: Shop) -> None:
    """A token with the scope `triage` takes actions on the alerts of its project, and the event names the token."""
    secret = tokens.create(shop.project, name="bot", scopes=[Scope.TRIAGE])

    done = act(shop, secret, {"action": "accept", "reason": HOSTILE})

    assert (200, "accepted") == (done.status_code, done.json()["state"])
    assert ("token bot", HOSTILE) == (Event.objects.latest("pk").who, Event.objects.latest("pk").text)


@pytest.mark.parametrize("owner", ["nobody", "uploads", "another project"])
def test_other_tokens_are_refused(shop: Shop, owner: str) -> None:
    """No token, an upload token, and the token of another project are refused and change nothing."""
    other = Project.objects.create(slug="other")
    secret = {
        "nobody": "",
        "uploads": tokens.create(shop.project, name="ci"),
        "another project": tokens.create(other, name="bot", scopes=[Scope.TRIAGE]),
    }[owner]

    done = act(shop, secret, {"action": "acknowledge"})

    assert (401 if owner == "nobody" else 403) == done.status_code
    assert done.json()["error"]["reason"]
    assert "confirmed" == Alert.objects.get().state


def test_a_triage_token_cannot_upload(shop: Shop) -> None:
    """A token without the scope `upload` cannot upload."""
    secret = tokens.create(shop.project, name="bot", scopes=[Scope.TRIAGE])

    done = Client().post(
        "/api/v1/runs", b"{}", content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )

    assert 403 == done.status_code
    assert "'upload'" in done.json()["error"]["reason"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ("{", 400),
        ({"action": "explode"}, 422),
        ({"action": "accept"}, 422),
        ({"action": "accept", "reason": "x" * 3_000}, 400),
        ({"action": "merge", "into": "x"}, 400),
        ({"action": "split", "series": [2**70]}, 400),
        ({"action": "merge", "into": 10**9}, 422),
    ],
)
def test_invalid_actions_are_refused(shop: Shop, body: Any, status: int) -> None:
    """A malformed body, or an action that is not possible, gets an error with the reason and changes nothing."""
    secret = tokens.create(shop.project, name="bot", scopes=[Scope.TRIAGE])

    done = act(shop, secret, body)

    assert status == done.status_code
    assert done.json()["error"]["reason"]
    assert 2 == Event.objects.count()
