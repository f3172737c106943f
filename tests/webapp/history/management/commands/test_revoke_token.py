"""``manage.py revoke_token`` makes a token invalid."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from tests.webapp.history.management.commands.called import call
from webapp.history import tokens
from webapp.history.models import Project

pytestmark = pytest.mark.django_db


def test_a_revoked_token_is_invalid(project: Project) -> None:
    """The token with this number becomes invalid; another token stays valid."""
    secrets = [tokens.create(project, name=name) for name in ("a", "b")]
    first = tokens.find(secrets[0])
    assert first is not None

    assert f"token {first.pk} (a) of project p is revoked\n" == call("revoke_token", str(first.pk))
    reasons = [tokens.refusal(token) for secret in secrets if (token := tokens.find(secret))]
    assert ["the token 'a' was revoked", ""] == reasons


def test_an_unknown_number_is_an_error() -> None:
    """The message names the command that shows the numbers."""
    with pytest.raises(CommandError, match="list_tokens"):
        call("revoke_token", "999")
