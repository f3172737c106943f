"""An App signs tokens of its own and gets short-lived ones for each repository."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perfgate.errors import InvalidInput, NotFound, PermissionDenied
from perfgate.github import App, Repository
from standin import StandIn
from tests.webapp.issuer import new_key, pem

NAME, OTHER = "octocat/hello", "octocat/other"
KEY = new_key()


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        for name in (NAME, OTHER):
            stand_in.add_repository(name)
        stand_in.add_app(12, "perfgate", pem(KEY)[1])
        yield stand_in


@pytest.fixture
def app(github: StandIn) -> App:
    return App("12", pem(KEY)[0], api_url=github.url)


def test_an_app_writes_under_its_own_login(app: App, github: StandIn) -> None:
    """What its token writes is the App's, whose login is its slug."""
    github.add_commits(NAME, "a" * 40)
    with Repository(NAME, app.token(NAME), api_url=github.url, author=app.login) as repository:
        repository.upsert_check_run(
            "a" * 40,
            "perfgate",
            "x",
            status="completed",
            conclusion="success",
            title="t",
            summary="s",
            details_url="http://x",
        )
    assert [run.app for run in github.check_runs(NAME, "a" * 40)] == ["perfgate"]
    assert app.login == "perfgate[bot]"


def test_a_token_is_cached_and_renewed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is requested again when it is about to expire, and after GitHub refused it."""
    first = app.token(NAME)
    assert app.token(NAME.upper()) == first
    app.forget(NAME)
    second = app.token(NAME)
    assert second != first
    assert app.token(NAME) == second
    monkeypatch.setattr("perfgate.github.app.CACHE_SECONDS", 0.0)
    app.forget(NAME)
    assert app.token(NAME) != app.token(NAME)


def test_a_token_is_for_one_repository(app: App, github: StandIn) -> None:
    """Another repository does not exist for it."""
    with (
        Repository(OTHER, app.token(NAME), api_url=github.url, author=app.login) as repository,
        pytest.raises(NotFound),
    ):
        repository.pull_request(1)


def test_another_key_is_refused(github: StandIn) -> None:
    """A token that another key signed is not the App's."""
    app = App("12", pem(new_key())[0], api_url=github.url)
    with pytest.raises(PermissionDenied):
        app.token(NAME)


def test_a_repository_without_the_app_is_an_error(app: App) -> None:
    """The message names the repository in which to install the App."""
    with pytest.raises(NotFound, match="not installed in octocat/none"):
        app.token("octocat/none")


@pytest.mark.parametrize("key", ["", "secret", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"])
def test_a_malformed_key_is_not_shown(github: StandIn, key: str) -> None:
    """The error says what to give, without repeating a secret."""
    with pytest.raises(InvalidInput, match=r"whole \.pem file") as caught:
        App("12", key, api_url=github.url)
    assert not key or key not in str(caught.value)
