"""A token is found by its secret, and is valid until it expires or is revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from webapp.history import tokens
from webapp.history.models import Project, Token

pytestmark = pytest.mark.django_db


def created(project: Project, **fields: object) -> Token:
    token = tokens.find(tokens.create(project, name="CI", **fields))  # type: ignore[arg-type]
    assert token is not None
    return token


def test_a_token_is_found_by_its_whole_secret(project: Project) -> None:
    """The secret is recognizable, and neither stored nor abbreviated."""
    secret = tokens.create(project, name="CI")

    assert secret.startswith(tokens.PREFIX)
    assert tokens.find(secret) == Token.objects.get()
    assert tokens.find(secret[:-1]) is None
    assert not Token.objects.filter(digest__contains=secret[-20:]).exists()


def test_an_expired_or_revoked_token_says_why(project: Project) -> None:
    """A token is valid until its last moment, and then its refusal says what to do."""
    now = timezone.now()
    valid, expired = created(project, expires_at=now + timedelta(hours=1)), created(project, expires_at=now)
    revoked = created(project)
    tokens.revoke(revoked)
    first = Token.objects.get(pk=revoked.pk).revoked_at
    tokens.revoke(revoked)
    revoked.refresh_from_db()

    assert "" == tokens.refusal(valid)
    assert "make a new one with create_token" in tokens.refusal(expired)
    assert "was revoked" in tokens.refusal(revoked)
    assert first == revoked.revoked_at


def test_the_last_use_is_recorded_once_a_minute(project: Project) -> None:
    """Frequent uploads do not write to the row each time."""
    token = created(project)
    tokens.record_use(token)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None

    tokens.record_use(token)
    token.refresh_from_db()
    assert first == token.last_used_at

    Token.objects.update(last_used_at=first - 2 * tokens.LAST_USE_RESOLUTION)
    tokens.record_use(token)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at >= first
