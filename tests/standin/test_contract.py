"""The contract with GitHub can be broken, and breaking it is noticed; nothing else makes the stand-in worth having."""

from __future__ import annotations

from typing import Any

import pytest

from standin import ContractBroken, StandIn
from standin.contract import github as read_contract
from standin.operations import BEHAVIOURS, Answer, Behaviour

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
        ("GET", "/issues?assignee=octocat", None, "the stand-in does not obey ['assignee']"),
        ("GET", "/commits", None, "the stand-in has not learnt it"),
    ],
)
def test_what_github_would_ignore_is_refused_loudly(
    method: str, path: str, body: Any, violation: str, github: StandIn, client: Any
) -> None:
    """A request with something that GitHub, or the stand-in, would pass over gets 500 with the reason."""
    response = client.ask(method, path, body)

    assert response.status_code == 500
    assert violation in response.json()["message"]
    assert [violation in one for one in github.violations] == [True]
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
    """A body against the schema is answered as GitHub does, and stands among the violations all the same."""
    response = client.ask("POST", path, body)

    assert response.status_code == 422
    assert violation in response.json()["message"]
    assert violation in github.violations.pop()


def test_the_version_is_pinned(github: StandIn, client: Any) -> None:
    """A request that leaves the API's version to GitHub breaks on the day when that moves."""
    response = client.session.get(client.url, headers={"Authorization": "token app"}, timeout=10)

    assert response.status_code == 500
    assert github.violations.pop() == "repos/get: the header X-GitHub-Api-Version is not 2022-11-28"


def test_a_wrong_answer_of_its_own_is_a_violation(
    github: StandIn, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in cannot make up a shape that GitHub does not have."""
    wrong = Behaviour(lambda _: Answer(200, [{"number": "seven"}]), frozenset())
    monkeypatch.setitem(BEHAVIOURS, "issues/list-for-repo", wrong)

    assert client.ask("GET", "/issues").status_code == 500
    assert any("stand-in's own answer 0.number" in one for one in github.violations)
    github.violations.clear()


def test_a_wrong_status_of_its_own_is_a_violation(
    github: StandIn, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Success comes with the status that GitHub documents."""
    monkeypatch.setitem(BEHAVIOURS, "repos/get", Behaviour(lambda _: Answer(201, {}), frozenset()))

    assert client.ask("GET", "").status_code == 500
    assert github.violations.pop() == "repos/get: the stand-in's own undocumented status 201"


def test_no_test_can_pass_over_a_violation() -> None:
    """Leaving the stand-in raises what was violated, however the client took it."""
    with pytest.raises(ContractBroken, match="GitHub has no such operation"), StandIn() as stand_in:
        stand_in.violations.append("GET /x: GitHub has no such operation")


def test_a_failing_test_keeps_its_own_error() -> None:
    """Violations do not hide the error that is already on its way."""
    stand_in = StandIn()
    stand_in.violations.append("something")

    with pytest.raises(KeyError), stand_in:
        raise KeyError


def test_the_slice_knows_all_that_is_obeyed() -> None:
    """Each behaviour belongs to an operation that GitHub has, and obeys only what that has."""
    contract = read_contract()
    operations = {one.id: one for one in contract.operations}
    assert len(operations) == 40

    for name, behaviour in BEHAVIOURS.items():
        operation = operations[name]
        if operation.method == "GET":
            errors = contract.query_errors(operation, dict.fromkeys(behaviour.obeys, ""))
        else:
            errors = contract.unknown_fields(operation, dict.fromkeys(behaviour.obeys))
        assert [one for one in errors if one.startswith("unknown")] == []
