"""Tests of `webapp.api.webhooks`."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests import node
from webapp.inbox.models import Delivery

SECRET = "It's a Secret to Everybody"


@pytest.fixture(autouse=True)
def _secret(settings: Settings, db: None) -> None:  # noqa: ARG001 - asks for the database
    settings.GITHUB_SECRET = SECRET


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(event: str, payload: object, *, guid: str = "", signature: str | None = None, **headers: str) -> Any:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    given = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid or str(uuid.uuid4()),
        "X-Hub-Signature-256": signed(body) if signature is None else signature,
    }
    return Client().post("/github/webhook", data=body, content_type="application/json", headers={**given, **headers})


def comment(text: str = "/perfgate help") -> dict[str, Any]:
    return {
        "action": "created",
        "repository": {"full_name": "octocat/hello"},
        "issue": {"number": 7, "pull_request": {"url": "https://github.invalid"}},
        "comment": {"id": 5, "body": text, "user": {"login": "octocat"}},
    }


def test_signature_of_githubs_example() -> None:
    """The example of GitHub's documentation has the documented signature."""
    assert signed(b"Hello, World!") == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_a_delivery_is_stored_once() -> None:
    """A repeated delivery is stored once."""
    guid = str(uuid.uuid4())
    assert send("issue_comment", comment(), guid=guid).json() == {"status": "noted"}
    assert send("issue_comment", comment(), guid=guid).json() == {"status": "known"}
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, signed(b"{}", "other"), "ü"]
)
def test_a_missing_or_wrong_signature_is_refused(signature: str) -> None:
    """A delivery without the right signature is 401 and is not stored."""
    answer = send("issue_comment", comment(), signature=signature)
    assert answer.status_code == 401
    assert not Delivery.objects.exists()


def test_the_raw_bytes_are_signed() -> None:
    """The signature covers the raw body: the same JSON with other whitespace is refused."""
    body = json.dumps(comment()).encode()
    assert send("issue_comment", body.replace(b": ", b":"), signature=signed(body)).status_code == 401


def test_without_a_secret_webhooks_are_refused(settings: Settings) -> None:
    """Without PERFGATE_GITHUB_SECRET every webhook is refused."""
    settings.GITHUB_SECRET = ""
    assert send("issue_comment", comment(), signature=signed(json.dumps(comment()).encode(), "")).status_code == 503


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"[]", {}, 202),
        (b"{}", {"X-GitHub-Delivery": ""}, 400),
        (b"{}", {"X-GitHub-Delivery": "x" * 65}, 400),
        (b"{}", {"X-GitHub-Delivery": "../../x"}, 400),
    ],
)
def test_malformed_deliveries_are_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    """Malformed headers and bodies get an error, never a 500."""
    assert send("push", body, **headers).status_code == status
    assert not Delivery.objects.exists()


def test_only_post() -> None:
    """Other methods than POST are refused."""
    assert Client().get("/github/webhook").status_code == 405


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("issue_comment", comment("nice work")),
        ("issue_comment", comment("see /perfgate help")),
        ("issue_comment", comment("/perfgatex help")),
        ("issue_comment", {**comment(), "action": "edited"}),
        ("issue_comment", {**comment(), "issue": {"number": 7}}),
        ("workflow_run", {"action": "requested", "workflow_run": {"id": 1, "event": "pull_request"}}),
        ("workflow_run", {"action": "completed", "workflow_run": {"id": 1, "event": "push"}}),
        ("issue_comment", {**comment(), "comment": {"id": "x"}}),
        ("ping", {"zen": "Keep it logically awesome."}),
    ],
)
def test_irrelevant_events_are_not_stored(event: str, payload: object) -> None:
    """Events that need no action are answered and not stored."""
    answer = send(event, payload)
    assert answer.status_code == 202
    assert answer.json() == {"status": "ignored"}
    assert not Delivery.objects.exists()


def test_only_the_needed_fields_are_stored() -> None:
    """A payload of megabytes leaves a row of a few hundred bytes."""
    send("issue_comment", {**comment("/perfgate help " + "x" * 100_000), "sender": {"secret": "y" * 100_000}})
    kept = Delivery.objects.get().payload
    assert len(json.dumps(kept)) < 3_000
    assert "secret" not in json.dumps(kept)


def test_all_of_githubs_example_payloads_are_accepted() -> None:
    """Every example payload of GitHub is answered with 202."""
    examples = json.loads((node.installed() / "@octokit/webhooks-examples/api.github.com/index.json").read_text())
    count = 0
    for group in examples:
        for example in group["examples"]:
            assert send(group["name"], example).status_code == 202, group["name"]
            count += 1
    assert count > 100
    assert set(Delivery.objects.values_list("event", flat=True)) <= {
        "workflow_run",
        "issue_comment",
        "pull_request",
        "check_run",
    }
