"""The server's account decides what can be reached, and how results are written."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from perfgate.errors import Unavailable
from webapp.github import account
from webapp.history.models import Project


@pytest.mark.parametrize(
    ("app_id", "token", "repository", "is_reachable"),
    [("", "", "a/b", False), ("", "t", "a/b", True), ("1", "", "a/b", True), ("", "t", "", False)],
)
def test_a_project_is_reached_with_an_account_and_a_repository(
    settings: Settings, app_id: str, token: str, repository: str, *, is_reachable: bool
) -> None:
    """Either an App or a token will do; without a repository there is nothing to reach."""
    settings.GITHUB_APP_ID, settings.GITHUB_TOKEN = app_id, token

    assert is_reachable == account.can_reach(Project(repository=repository))


@pytest.mark.parametrize(("app_id", "login", "writes"), [("1", "", True), ("", "x[bot]", True), ("", "ada", False)])
def test_only_apps_write_check_runs(settings: Settings, app_id: str, login: str, *, writes: bool) -> None:
    """A token of an App is recognized by its login."""
    settings.GITHUB_APP_ID, settings.GITHUB_LOGIN = app_id, login

    assert writes == account.writes_check_runs()


def test_a_wrong_configuration_can_be_corrected(settings: Settings) -> None:
    """A private key that cannot be read is a reason to try again later, not to give up."""
    settings.GITHUB_APP_ID, settings.GITHUB_APP_KEY = "1", "/nowhere/key.pem"

    with pytest.raises(Unavailable, match="cannot be read"):
        account.connect(Project(repository="a/b"))
