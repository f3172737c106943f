"""``manage.py list_tokens`` shows tokens without their secrets."""

from __future__ import annotations

import pytest
from django.core.management import CommandError
from django.utils import timezone

from tests.webapp.history.management.commands.called import call
from webapp.history import tokens
from webapp.history.models import Project

pytestmark = pytest.mark.django_db


def test_tokens_are_listed(project: Project) -> None:
    """Number, name, scopes and last use are shown; the secret is not, and names are made safe for a terminal."""
    secret = tokens.create(project, name="CI \u202e")
    token = tokens.find(secret)
    assert token is not None
    tokens.record_use(token)

    listed = call("list_tokens", "p")

    assert [str(token.pk), "CI", "�"] == listed.splitlines()[1].split()[:3]
    assert secret not in listed
    assert listed.rstrip().endswith("yes")
    assert f"{timezone.now():%Y-%m-%d}" in listed.splitlines()[1].rpartition("never")[2]


def test_an_invalid_token_stays_in_the_list(project: Project) -> None:
    """A revoked token says so, and an expired one too."""
    revoked = tokens.find(tokens.create(project, name="a"))
    assert revoked is not None
    tokens.revoke(revoked)
    tokens.create(project, name="b", expires_at=timezone.now())

    lines = call("list_tokens", "p").splitlines()

    assert lines[1].endswith("no, revoked")
    assert lines[2].endswith("no, expired")


def test_an_unknown_project_is_an_error() -> None:
    """A wrong name is an error and not an empty list."""
    with pytest.raises(CommandError, match="create_project"):
        call("list_tokens", "nobody")
