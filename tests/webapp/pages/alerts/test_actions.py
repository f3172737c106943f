"""Who may act on alerts by the pages, and how: by POST, with a token against forgery, as staff."""

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


def test_staff_acts(shop: Shop) -> None:
    """A member of the staff accepts with a reason, and the page says who did, and why."""
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
    """Each action leaves one event by the person who did it, and strangers' markup stays text wherever it is shown."""
    ada = person("ada", staff=True)
    before = Event.objects.count()

    assert 302 == act(ada, shop.alert.pk, **fields)

    assert [("ada", before + 1)] == [(Event.objects.latest("pk").who, Event.objects.count())]
    for address in (f"/alerts/{shop.alert.pk}/", "/projects/shop/alerts/?state=all", "/projects/shop/"):
        assert "<img src=x" not in ada.get(address).content.decode()


def test_a_forged_form_does_nothing(shop: Shop) -> None:
    """A POST without the page's own token is refused, though the browser is logged in."""
    ada = person("ada", staff=True)

    done = ada.post(f"/alerts/{shop.alert.pk}/act/", {"action": "invalidate", "reason": "x"})

    assert (403, "confirmed") == (done.status_code, Alert.objects.get().state)


def test_a_link_does_nothing(shop: Shop) -> None:
    """Nothing is done by following a link."""
    ada = person("ada", staff=True)

    assert 405 == ada.get(f"/alerts/{shop.alert.pk}/act/?action=acknowledge").status_code


def test_who_is_nobody_is_sent_to_the_login(client: Client, shop: Shop) -> None:
    """Without a login there are no forms, and a POST leads to the login and nowhere else."""
    assert "<form method" not in client.get(f"/alerts/{shop.alert.pk}/").content.decode()

    done = client.post(f"/alerts/{shop.alert.pk}/act/", {"action": "acknowledge"})

    assert (302, f"/login/?next=/alerts/{shop.alert.pk}/") == (done.status_code, done.headers["Location"])
    assert "confirmed" == Alert.objects.get().state


def test_who_is_not_staff_may_not(shop: Shop) -> None:
    """A user who is not of the staff reads what everybody reads, and is refused."""
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
def test_what_cannot_be_done_is_said_on_the_page(shop: Shop, fields: dict[str, str]) -> None:
    """A form that cannot be obeyed brings the page again, with the complaint, and changes nothing."""
    ada = person("ada", staff=True)

    assert 400 == act(ada, shop.alert.pk, **fields)
    assert "confirmed" == Alert.objects.get().state


def test_the_login_leads_back_and_nowhere_else(shop: Shop) -> None:
    """After the login one is where one came from; a foreign address is not followed."""
    User.objects.create_user("ada", password=PASSWORD)
    for asked, reached in ((f"/alerts/{shop.alert.pk}/", f"/alerts/{shop.alert.pk}/"), ("https://evil.example/", "/")):
        done = Client().post(f"/login/?next={asked}", {"username": "ada", "password": PASSWORD, "next": asked})
        assert reached == done.headers["Location"]


def test_a_wrong_password_is_told_no_more(client: Client, shop: Shop) -> None:  # noqa: ARG001 - asks for the pages
    """An unknown name and a wrong password get one answer."""
    User.objects.create_user("ada", password=PASSWORD)
    answers = [
        client.post("/login/", {"username": name, "password": "wrong"}).content.decode() for name in ("ada", "nobody")
    ]

    first, second = (re.sub(r'value="\w{64}"', "", answer) for answer in answers)
    assert first == second
    assert "do not belong together" in first


def test_the_series_says_how_far_it_is_from_the_accepted_level(shop: Shop) -> None:
    """Until a regression is accepted, project and series say how much worse the level is than the accepted one."""
    ada = person("ada", staff=True)
    pages = (f"/series/{shop.series.pk}/", "/projects/shop/")
    assert all("+12.2 % worse" in ada.get(address).content.decode() for address in pages)

    act(ada, shop.alert.pk, action="accept", reason="worth it")

    assert not any("% worse" in ada.get(address).content.decode() for address in pages)
    assert "accepted at" in ada.get(pages[0]).content.decode()


def test_the_share_of_what_was_worth_it(shop: Shop) -> None:
    """The project says what part of its decided alerts was acted on, dismissed and withdrawn."""
    ada = person("ada", staff=True)
    act(ada, shop.alert.pk, action="invalidate", reason="noise")

    page = ada.get("/projects/shop/").content.decode()
    assert "0 % were acted on, 100 % dismissed as noise, and 0 % withdrawn" in page
