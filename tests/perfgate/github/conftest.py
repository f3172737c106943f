"""The stand-in for GitHub with one pull request, and our client to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perfgate.github import Repository
from standin import StandIn

NAME = "octocat/hello"
HEAD, BASE = "a" * 40, "b" * 40
BOT = "perfgate[bot]"


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_repository(NAME)
        stand_in.add_token("app-token", BOT)
        stand_in.add_token("personal-token", "perfgate-user")
        stand_in.add_token("fork-token", "github-actions[bot]", may_write=False)
        assert stand_in.open_pull_request(NAME, title="Sort faster", head_sha=HEAD, base_sha=BASE) == 1
        yield stand_in


@pytest.fixture
def repository(github: StandIn) -> Iterator[Repository]:
    with Repository(NAME, "app-token", api_url=github.url, author=BOT) as ours:
        yield ours
