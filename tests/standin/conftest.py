"""The stand-in with one repository, and a plain session for requests to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from standin import StandIn

NAME = "octocat/hello"
SHA = "a" * 40


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_repository(NAME)
        stand_in.add_commits(NAME, SHA)
        stand_in.add_token("app", "perfgate[bot]")
        stand_in.add_token("person", "octocat")
        yield stand_in


class Client:
    """Sends requests to paths below the repository, without our own client."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self.session = session
        self.url = f"{url}/repos/{NAME}"

    def ask(
        self, method: str, path: str, body: object = None, *, token: str = "app", **query: str
    ) -> requests.Response:
        headers = {"Authorization": f"token {token}", "X-GitHub-Api-Version": "2022-11-28"}
        url = path if path.startswith("http") else self.url + path
        return self.session.request(method, url, json=body, params=query, headers=headers, timeout=10)


@pytest.fixture
def client(github: StandIn) -> Iterator[Client]:
    with requests.Session() as session:
        yield Client(session, github.url)
