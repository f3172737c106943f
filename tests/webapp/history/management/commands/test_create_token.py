"""``manage.py create_token`` prints a token that works."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from tests.webapp.history.management.commands.called import call
from webapp.history import tokens
from webapp.history.models import Project, Token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("project")]


def test_a_token_is_printed_once() -> None:
    """Standard output is the valid token of the project and nothing else."""
    secret = call("create_token", "p", "--name", "CI", "--expires-days", "30").removesuffix("\n")

    token = tokens.find(secret)
    assert token is not None
    assert ("p", "", ["upload"]) == (token.project.slug, tokens.refusal(token), token.scopes)
    assert token.expires_at is not None


def test_a_token_has_the_named_scopes() -> None:
    """A token has the scopes that were named, each once, and no others."""
    secret = call("create_token", "p", "--name", "bot", "--scope", "triage", "--scope", "upload", "--scope", "triage")

    token = tokens.find(secret.removesuffix("\n"))
    assert token is not None
    assert ["triage", "upload"] == token.scopes


@pytest.mark.parametrize(
    "arguments",
    [("nobody", "--name", "x"), ("p", "--name", "x", "--expires-days", "0"), ("p", "--name", "x", "--scope", "all")],
)
def test_wrong_arguments_are_refused(arguments: tuple[str, ...]) -> None:
    """An unknown project, no days and an unknown scope create no token."""
    with pytest.raises(CommandError):
        call("create_token", *arguments)
    assert Project.objects.exists()
    assert not Token.objects.exists()
