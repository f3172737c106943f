"""A request or response that does not conform to GitHub's description is noticed. The operations of registry.py are used."""

from __future__ import annotations

from typing import Any

import pytest

from standin import ContractBroken, StandIn
from standin.contract import github as read_contract
from standin.operations import BEHAVIORS, Behavior, Response

CHECK_RUN = {"name": "perfgate", "head_sha": "a" * 40}
OUTPUT = {"title": "t", "summary": "s"}
ANNOTATION = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}


@pytest.mark.parametrize(
    ("method", "path", "body", "violation"),
    [
        ("GET", "/no-such-thing", None, "GitHub has no such operation"),
        ("PUT", "/issues", {}, "GitHub has no such operation"),
        ("GET", "/issues/one", None, "GitHub has no such operation"),
        ("GET", "/issues?sate=all", None, "unknown query parameter sate"),
        ("POST", "/issues", {"title": "t", "lables": []}, "unknown body field .lables"),
        ("POST", "/check-runs", {**CHECK_RUN, "output": {**OUTPUT, "titel": "t"}}, "unknown body field .output.titel"),
        (
            "POST",
            "/check-runs",
            {**CHECK_RUN, "output": {**OUTPUT, "annotations": [{**ANNOTATION, "level": "x"}]}},
            "unknown body field .output.annotations[0].level",
        ),
        ("GET", "/issues?assignee=octocat", None, "the stand-in does not support ['assignee']"),
        ("GET", "/commits", None, "the stand-in does not implement it"),
    ],
)
def test_what_github_would_ignore_is_an_error(
    method: str, path: str, body: Any, violation: str, github: StandIn, client: Any
) -> None:
    """A request with something that GitHub, or the stand-in, would ignore gets 500 with the reason."""
    response = client.ask(method, path, body)

    assert response.status_code == 500
    assert violation in response.json()["message"]
    assert [violation in found for found in github.violations] == [True]
    github.violations.clear()


@pytest.mark.parametrize(
    ("method", "path", "body", "violation"),
    [
        ("GET", "/issues?state=any", None, "'any' is not one of"),
        ("GET", "/issues?per_page=many", None, "'many' is not of type 'integer'"),
    ],
)
def test_values_of_parameters_are_checked(
    method: str, path: str, body: Any, violation: str, github: StandIn, client: Any
) -> None:
    """A query parameter has a type and may have a list of values."""
    assert client.ask(method, path, body).status_code == 500
    assert violation in github.violations.pop()


@pytest.mark.parametrize(
    ("path", "body", "violation"),
    [
        ("/issues", {"body": "no title"}, "'title' is a required property"),
        ("/issues", None, "a body is required"),
        ("/check-runs", {**CHECK_RUN, "conclusion": "regression"}, "'regression' is not one of"),
        ("/check-runs", {**CHECK_RUN, "output": {"title": "t"}}, "'summary' is a required property"),
        ("/check-runs", {**CHECK_RUN, "output": {"title": "t", "summary": "x" * 65_536}}, "is too long"),
        ("/check-runs", {**CHECK_RUN, "output": {**OUTPUT, "annotations": 51 * [ANNOTATION]}}, "is too long"),
    ],
)
def test_what_github_would_refuse_gets_422(path: str, body: Any, violation: str, github: StandIn, client: Any) -> None:
    """A body that does not conform gets the response of GitHub, and is a violation, too."""
    response = client.ask("POST", path, body)

    assert response.status_code == 422
    assert violation in response.json()["message"]
    assert violation in github.violations.pop()


def test_a_request_without_a_version_is_an_error(github: StandIn, client: Any) -> None:
    """A request that leaves the version of the API to GitHub would break when the default changes."""
    response = client.session.get(client.url, headers={"Authorization": "token app"}, timeout=10)

    assert response.status_code == 500
    assert github.violations.pop() == "repos/get: the header X-GitHub-Api-Version is not 2022-11-28"


def test_a_wrong_response_of_its_own_is_a_violation(
    github: StandIn, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in cannot return an object that GitHub would not."""
    wrong = Behavior(lambda _: Response(200, [{"number": "seven"}]), frozenset())
    monkeypatch.setitem(BEHAVIORS, "issues/list-for-repo", wrong)

    assert client.ask("GET", "/issues").status_code == 500
    assert any("stand-in's own response 0.number" in found for found in github.violations)
    github.violations.clear()


def test_a_wrong_status_of_its_own_is_a_violation(
    github: StandIn, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A success has the status that GitHub documents."""
    monkeypatch.setitem(BEHAVIORS, "repos/get", Behavior(lambda _: Response(201, {}), frozenset()))

    assert client.ask("GET", "").status_code == 500
    assert github.violations.pop() == "repos/get: the stand-in's own undocumented status 201"


def test_no_test_can_ignore_a_violation() -> None:
    """Leaving the stand-in raises the violations, whatever the client did with the response."""
    with pytest.raises(ContractBroken, match="GitHub has no such operation"), StandIn() as stand_in:
        stand_in.violations.append("GET /x: GitHub has no such operation")


def test_a_failing_test_raises_its_own_error() -> None:
    """Violations do not replace the error that is already raised."""
    stand_in = StandIn()
    stand_in.violations.append("something")

    with pytest.raises(KeyError), stand_in:
        raise KeyError


def test_every_supported_parameter_is_githubs() -> None:
    """Each behavior belongs to an operation of GitHub, and supports only parameters that the operation has."""
    contract = read_contract()
    operations = {operation.id: operation for operation in contract.operations}
    assert len(operations) == 40

    for name, behavior in BEHAVIORS.items():
        operation = operations[name]
        if operation.method == "GET":
            errors = contract.query_errors(operation, dict.fromkeys(behavior.supports, ""))
        else:
            errors = contract.unknown_fields(operation, dict.fromkeys(behavior.supports))
        assert [error for error in errors if error.startswith("unknown")] == []
