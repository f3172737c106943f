"""An App's own signed tokens, and the short ones it gets for each repository."""

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


def test_it_writes_as_itself(app: App, github: StandIn) -> None:
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


def test_a_token_is_kept_and_made_anew_in_time(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub lets it live for an hour; one that was refused is not kept."""
    first = app.token(NAME)
    assert app.token(NAME.upper()) == first
    app.forget(NAME)
    second = app.token(NAME)
    assert second != first
    assert app.token(NAME) == second
    monkeypatch.setattr("perfgate.github.app.KEPT_SECONDS", 0.0)
    app.forget(NAME)
    assert app.token(NAME) != app.token(NAME)


def test_a_token_is_for_one_repository(app: App, github: StandIn) -> None:
    with (
        Repository(OTHER, app.token(NAME), api_url=github.url, author=app.login) as repository,
        pytest.raises(NotFound),
    ):
        repository.pull_request(1)


def test_another_key_is_refused(github: StandIn) -> None:
    app = App("12", pem(new_key())[0], api_url=github.url)
    with pytest.raises(PermissionDenied):
        app.token(NAME)


def test_not_installed_says_so(app: App) -> None:
    with pytest.raises(NotFound, match="not installed in octocat/none"):
        app.token("octocat/none")


@pytest.mark.parametrize("key", ["", "secret", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"])
def test_a_key_that_is_none_is_not_shown(github: StandIn, key: str) -> None:
    with pytest.raises(InvalidInput, match=r"whole \.pem file") as caught:
        App("12", key, api_url=github.url)
    assert not key or key not in str(caught.value)
