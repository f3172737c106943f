"""Every refusal of GitHub becomes one error that says whether a retry can help, and when."""

from __future__ import annotations

import socket

import pytest

from perfgate.errors import InvalidInput, NotFound, PerfgateError, PermissionDenied, RateLimited, Rejected, Unavailable
from perfgate.github import Repository
from standin import StandIn

NAME = "octocat/hello"
DATE, AN_HOUR_ON = "Sat, 21 Nov 2026 10:00:00 GMT", "1795258800"


@pytest.mark.parametrize(
    ("status", "message", "error", "can_retry"),
    [
        (301, "Moved Permanently", Rejected, False),
        (400, "Problems parsing JSON", Rejected, False),
        (401, "Bad credentials", PermissionDenied, False),
        (403, "Resource not accessible by integration", PermissionDenied, False),
        (404, "Not Found", NotFound, False),
        (408, "Request Timeout", Unavailable, True),
        (410, "This issue was deleted", NotFound, False),
        (422, "Validation Failed", Rejected, False),
        (500, "Server Error", Unavailable, True),
        (502, "Server Error", Unavailable, True),
        (503, "Unavailable", Unavailable, True),
    ],
)
def test_statuses_become_errors(
    status: int, message: str, error: type[PerfgateError], *, can_retry: bool, github: StandIn, repository: Repository
) -> None:
    """Each status becomes one error that contains GitHub's message."""
    github.fail("pulls/get", status, message, headers={"Location": "https://api.github.com/repositories/1/pulls/1"})

    with pytest.raises(error, match=message) as caught:
        repository.pull_request(1)

    assert type(caught.value) is error
    assert caught.value.can_retry is can_retry


@pytest.mark.parametrize(
    ("status", "message", "headers", "wait"),
    [
        (429, "slow down", {"Retry-After": "17"}, 17),
        (403, "slow down", {"Retry-After": "17", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}, 17),
        (403, "spent", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": AN_HOUR_ON, "Date": DATE}, 3_600),
        (429, "spent", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795255230", "Date": DATE}, 30),
        (403, "spent", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1", "Date": DATE}, 1),
        (403, "You have exceeded a secondary rate limit", {"X-RateLimit-Remaining": "4000"}, 60),
        (403, "You have triggered an abuse detection mechanism", {}, 60),
        (429, "Too many requests", {}, 60),
        (429, "Too many requests", {"Retry-After": "soon"}, 60),
        (429, "Too many requests", {"Retry-After": "999999999"}, 3_600),
    ],
)
def test_rate_limits_say_how_long_to_wait(
    status: int, message: str, headers: dict[str, str], wait: float, github: StandIn, repository: Repository
) -> None:
    """Retry-After counts first, then the reset by GitHub's clock, then a minute; never more than an hour."""
    github.fail("pulls/get", status, message, headers=headers)

    with pytest.raises(RateLimited, match=message) as caught:
        repository.pull_request(1)

    assert caught.value.retry_after_seconds == wait


def test_needed_permission_is_named(github: StandIn, repository: Repository) -> None:
    """The error names the permission that the token lacks."""
    headers = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
    github.fail("issues/create-comment", 403, "Resource not accessible", headers=headers)

    with pytest.raises(PermissionDenied, match="issues=write; pull_requests=write"):
        repository.upsert_comment(1, "perfgate:report", "A")


def test_a_fork_may_not_write(github: StandIn) -> None:
    """The token of a workflow in a fork's pull request may only read."""
    with Repository(NAME, "fork-token", api_url=github.url) as ours:
        assert ours.pull_request(1).number == 1
        with pytest.raises(PermissionDenied, match="Resource not accessible by integration"):
            ours.upsert_comment(1, "perfgate:report", "A")


def test_the_token_stays_out_of_errors(github: StandIn) -> None:
    """A refused token is not printed into logs."""
    with (
        Repository(NAME, "ghp_not-to-be-seen", api_url=github.url) as ours,
        pytest.raises(PermissionDenied, match="401") as caught,
    ):
        ours.pull_request(1)

    assert "not-to-be-seen" not in str(caught.value)


def test_the_reasons_of_a_rejection_are_kept(github: StandIn, repository: Repository) -> None:
    """The error contains both GitHub's message and its list of reasons."""
    with pytest.raises(Rejected, match="title can't be blank"):
        repository.upsert_issue("perfgate:alert:17", " ", "body", [])

    assert github.issues(NAME) == []


def test_a_refusal_without_a_message_names_the_status(github: StandIn, repository: Repository) -> None:
    """A load balancer responds in a format of its own; the error then names the status."""
    github.fail("pulls/get", 502, body="no object of GitHub's")

    with pytest.raises(Unavailable, match=r"answered 502 to GET .*: Bad Gateway"):
        repository.pull_request(1)


def test_an_unreachable_server_is_unavailable() -> None:
    """A server that cannot be reached now may be reached later."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with Repository(NAME, "token", api_url=url) as ours, pytest.raises(Unavailable, match="no response"):
            ours.pull_request(1)


def test_a_server_that_does_not_respond_is_unavailable() -> None:
    """The client waits for a response for ten seconds and no longer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Repository(NAME, "token", api_url=url) as ours:
            assert ours._connection._session.timeout == (4, 10)  # type: ignore[attr-defined]
            ours._connection._session.default_read_timeout = 0.05  # type: ignore[attr-defined]
            with pytest.raises(Unavailable, match="timed out"):
                ours.pull_request(1)


@pytest.mark.parametrize("body", [{"message": "hello from a proxy"}, [], "text"])
def test_a_response_that_is_not_githubs_is_unavailable(body: object, github: StandIn, repository: Repository) -> None:
    """The body of a proxy gives an error with the address, not a crash."""
    github.fail("pulls/get", 200, body=body)

    with pytest.raises(Unavailable, match="is not GitHub's"):
        repository.pull_request(1)


@pytest.mark.parametrize("token", ["", " ", "ghp_x\n", "ghp_ä"])
def test_a_token_is_checked(token: str) -> None:
    """A token that cannot be sent as a header is refused at once, and the message does not repeat it."""
    with pytest.raises(InvalidInput, match="the GitHub token is empty or has characters"):
        Repository(NAME, token)


@pytest.mark.parametrize("url", ["", "api.github.com", "ftp://api.github.com", "http://"])
def test_an_address_is_checked(url: str) -> None:
    """A malformed address is an error of its own, not a network failure."""
    with pytest.raises(InvalidInput, match="is not the address of a GitHub API"):
        Repository(NAME, "token", api_url=url)
