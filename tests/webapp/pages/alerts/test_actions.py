"""Tests of the forms on the page of an alert."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.webapp.pages.stored import HOSTILE, Shop
from webapp.alerts.models import Alert, Event

PASSWORD = "twelve letters or more"


def person(name: str, *, staff: bool) -> Client:
    """Return a browser that logged in by the page, and sends tokens against forgery like one."""
    User.objects.create_user(name, password=PASSWORD, is_staff=staff)
    browser = Client(enforce_csrf_checks=True)
    form = token_in(browser.get("/login/").content.decode())
    done = browser.post("/login/", {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": form})
    assert 302 == done.status_code
    return browser


def token_in(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


def act(browser: Client, number: int, **fields: str) -> int:
    """Send a form of the alert's page as it stands; return the status."""
    token = token_in(browser.get(f"/alerts/{number}/").content.decode())
    return browser.post(f"/alerts/{number}/act/", {"csrfmiddlewaretoken": token, **fields}).status_code


def test_staff_takes_actions(shop: Shop) -> None:
    """A member of the staff accepts an alert with a reason, and the page shows who did and why."""
    ada = person("ada", staff=True)

    assert 302 == act(ada, shop.alert.pk, action="accept", reason=HOSTILE)

    page = ada.get(f"/alerts/{shop.alert.pk}/").content.decode()
    assert "accepted" == Alert.objects.get().state
    assert "<bdi>ada</bdi>" in page
    assert HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "acknowledge"},
        {"action": "assign", "assignee": HOSTILE},
        {"action": "note", "text": HOSTILE},
        {"action": "invalidate", "reason": HOSTILE},
    ],
)
def test_every_form_is_recorded_and_escaped(shop: Shop, fields: dict[str, str]) -> None:
    """Each action leaves one event with the name of the user, and untrusted markup is shown as text."""
    ada = person("ada", staff=True)
    before = Event.objects.count()

    assert 302 == act(ada, shop.alert.pk, **fields)

    assert [("ada", before + 1)] == [(Event.objects.latest("pk").who, Event.objects.count())]
    for address in (f"/alerts/{shop.alert.pk}/", "/projects/shop/alerts/?state=all", "/projects/shop/"):
        assert "<img src=x" not in ada.get(address).content.decode()


def test_a_post_without_csrf_token_is_refused(shop: Shop) -> None:
    """A POST without the CSRF token is refused although the user is logged in."""
    ada = person("ada", staff=True)

    done = ada.post(f"/alerts/{shop.alert.pk}/act/", {"action": "invalidate", "reason": "x"})

    assert (403, "confirmed") == (done.status_code, Alert.objects.get().state)


def test_get_takes_no_action(shop: Shop) -> None:
    """A GET request takes no action."""
    ada = person("ada", staff=True)

    assert 405 == ada.get(f"/alerts/{shop.alert.pk}/act/?action=acknowledge").status_code


def test_anonymous_users_are_sent_to_the_login(client: Client, shop: Shop) -> None:
    """Without a login there are no forms, and a POST redirects to the login."""
    assert "<form method" not in client.get(f"/alerts/{shop.alert.pk}/").content.decode()

    done = client.post(f"/alerts/{shop.alert.pk}/act/", {"action": "acknowledge"})

    assert (302, f"/login/?next=/alerts/{shop.alert.pk}/") == (done.status_code, done.headers["Location"])
    assert "confirmed" == Alert.objects.get().state


def test_other_users_may_not_act(shop: Shop) -> None:
    """A user who is not staff can read, and is refused every action."""
    bob = person("bob", staff=False)
    page = bob.get(f"/alerts/{shop.alert.pk}/").content.decode()

    done = bob.post(f"/alerts/{shop.alert.pk}/act/", {"csrfmiddlewaretoken": token_in(page), "action": "acknowledge"})

    assert "for the staff" in page
    assert (403, "confirmed") == (done.status_code, Alert.objects.get().state)


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "accept"},
        {"action": "explode"},
        {},
        {"action": "merge", "into": "one' OR 1=1"},
        {"action": "merge", "into": "99999999999999999999"},
        {"action": "split", "series": "-1"},
    ],
)
def test_invalid_actions_are_shown_on_the_page(shop: Shop, fields: dict[str, str]) -> None:
    """An invalid action shows the page again with the error, and changes nothing."""
    ada = person("ada", staff=True)

    assert 400 == act(ada, shop.alert.pk, **fields)
    assert "confirmed" == Alert.objects.get().state


def test_the_login_redirects_within_the_site(shop: Shop) -> None:
    """After the login the user returns to the page; another host is not followed."""
    User.objects.create_user("ada", password=PASSWORD)
    for asked, reached in ((f"/alerts/{shop.alert.pk}/", f"/alerts/{shop.alert.pk}/"), ("https://evil.example/", "/")):
        done = Client().post(f"/login/?next={asked}", {"username": "ada", "password": PASSWORD, "next": asked})
        assert reached == done.headers["Location"]


def test_a_wrong_password_and_an_unknown_name_look_alike(client: Client, shop: Shop) -> None:  # noqa: ARG001 - asks for the pages
    """An unknown name and a wrong password get the same answer."""
    User.objects.create_user("ada", password=PASSWORD)
    answers = [
        client.post("/login/", {"username": name, "password": "wrong"}).content.decode() for name in ("ada", "nobody")
    ]

    first, second = (re.sub(r'value="\w{64}"', "", answer) for answer in answers)
    assert first == second
    assert "do not belong together" in first


def test_the_change_since_the_accepted_level_is_shown(shop: Shop) -> None:
    """Until a regression is accepted, project and series show how much worse the level is."""
    ada = person("ada", staff=True)
    pages = (f"/series/{shop.series.pk}/", "/projects/shop/")
    assert all("+12.2 % worse" in ada.get(address).content.decode() for address in pages)

    act(ada, shop.alert.pk, action="accept", reason="worth it")

    assert not any("% worse" in ada.get(address).content.decode() for address in pages)
    assert "accepted at" in ada.get(pages[0]).content.decode()


def test_alert_quality_is_shown(shop: Shop) -> None:
    """The project shows the shares of alerts that were acted on, dismissed and withdrawn."""
    ada = person("ada", staff=True)
    act(ada, shop.alert.pk, action="invalidate", reason="noise")

    page = ada.get("/projects/shop/").content.decode()
    assert "0 % were acted on, 100 % dismissed as noise, and 0 % withdrawn" in page
