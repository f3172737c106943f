"""Tests of the commands that make projects and tokens."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from webapp.history import models, tokens

pytestmark = pytest.mark.django_db


def call(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_a_project_is_made_and_changed() -> None:
    """Calling it again changes only what is given."""
    assert call("create_project", "p", "--repository", "o/r", "--default-branch", "trunk") == "project p created\n"
    assert call("create_project", "p", "--repository", "o/new") == "project p changed\n"
    project = models.Project.objects.get()
    assert (project.repository, project.default_branch) == ("o/new", "trunk")


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 101])
def test_a_project_needs_a_name_for_addresses(name: str) -> None:
    """The name is part of every address."""
    with pytest.raises(CommandError):
        call("create_project", name)
    assert not models.Project.objects.exists()


def test_a_token_is_shown_once() -> None:
    """What is printed opens the project, and nothing else is printed to standard output."""
    call("create_project", "p")
    secret = call("create_token", "p", "--name", "CI", "--expires-days", "30").removesuffix("\n")
    token = tokens.find(secret)
    assert token is not None
    assert token.project.slug == "p"
    assert tokens.refusal(token) == ""
    assert token.expires_at is not None
    assert ["upload"] == token.scopes


def test_a_token_has_the_scopes_that_were_named() -> None:
    """A token may do what was asked for when it was made, and nothing else."""
    call("create_project", "p")
    secret = call("create_token", "p", "--name", "bot", "--scope", "triage", "--scope", "upload", "--scope", "triage")
    token = tokens.find(secret.removesuffix("\n"))
    assert token is not None
    assert ["triage", "upload"] == token.scopes


def test_tokens_are_listed_and_revoked() -> None:
    """Names, scopes and last use are shown, secrets are not; a revoked one opens nothing and stays in the list."""
    call("create_project", "p")
    secret = call("create_token", "p", "--name", "CI \u202e").removesuffix("\n")
    token = tokens.find(secret)
    assert token is not None
    tokens.record_use(token)
    assert call("list_tokens", "p").splitlines()[1].split()[:3] == [str(token.pk), "CI", "�"]
    listed = call("list_tokens", "p")
    assert secret not in listed
    assert listed.rstrip().endswith("yes")
    assert f"{timezone.now():%Y-%m-%d}" in listed.splitlines()[1].rpartition("never")[2]

    call("revoke_token", str(token.pk))
    revoked = tokens.find(secret)
    assert revoked is not None
    assert "was revoked" in tokens.refusal(revoked)
    assert call("list_tokens", "p").rstrip().endswith("no, revoked")
    for arguments in (("revoke_token", "999"), ("list_tokens", "nobody")):
        with pytest.raises(CommandError):
            call(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [("nobody", "--name", "x"), ("p", "--name", "x", "--expires-days", "0"), ("p", "--name", "x", "--scope", "all")],
)
def test_bad_arguments_are_refused(arguments: tuple[str, ...]) -> None:
    """No token is made for nobody or for no time."""
    call("create_project", "p")
    with pytest.raises(CommandError):
        call("create_token", *arguments)
    assert not models.Token.objects.exists()
