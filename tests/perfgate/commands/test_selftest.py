"""`perfgate selftest`: what works, what is missing and what to do about it; perfgate/ci/selftest.py does the steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from perfgate.ci.templates import WORKFLOW
from perfgate.cli import main
from standin import Change, StandIn

NAME, HEAD = "octocat/hello", "a" * 40


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_repository(NAME)
        stand_in.add_line(NAME, Change(HEAD, "Begin"))
        stand_in.add_token("app", "perfgate[bot]")
        stand_in.add_token("person", "octocat")
        stand_in.add_file(NAME, "main", WORKFLOW, b"on:\n  workflow_dispatch:\n")
        monkeypatch.setenv("PERFGATE_GITHUB_TOKEN", "app")
        monkeypatch.delenv("PERFGATE_SERVER", raising=False)
        yield stand_in


def walk(github: StandIn, *options: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["selftest", "--repo", NAME, "--api-url", github.url, "--json", *options])
    said = json.loads(capsys.readouterr().out)
    return code, {step["step"]: step for step in said["steps"]}


def test_everything_works_and_leaves_one_of_each(github: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A second self-test creates nothing new."""
    for _ in range(2):
        code, steps = walk(github, "--login", "perfgate[bot]", capsys=capsys)
        assert code == 0, steps
    (issue,) = github.issues(NAME)
    assert issue.state == "closed"
    assert sum(comment.body.startswith("<!-- perfgate:selftest -->") for comment in issue.comments) == 1
    assert len(github.check_runs(NAME, HEAD)) == 1


def test_a_person_s_token_writes_statuses(
    github: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an App may write check runs; a commit status takes their place."""
    monkeypatch.setenv("PERFGATE_GITHUB_TOKEN", "person")
    code, steps = walk(github, capsys=capsys)
    assert code == 0
    assert "status" in steps["a check run can be written"]["said"]
    assert "octocat" in steps["the token is known"]["said"]
    assert len(github.statuses(NAME)) == 1


def test_what_is_missing_is_named(
    github: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No workflow, no right to write, no server: each with the next step."""
    github.add_token("reader", "perfgate[bot]", may_write=False)
    github.add_file(NAME, "main", WORKFLOW, b"on: push\n")
    monkeypatch.setenv("PERFGATE_GITHUB_TOKEN", "reader")
    code, steps = walk(github, "--login", "perfgate[bot]", "--server", "http://127.0.0.1:9", capsys=capsys)
    assert code == 2
    missing = {name for name, step in steps.items() if not step["good"]}
    assert missing == {
        "the workflow is there",
        "a check run can be written",
        "an issue can be filed",
        "the server answers",
        "the server has a project for it",
    }
    assert "does not listen" in steps["the workflow is there"]["said"]


def test_a_wrong_token_ends_it_early(
    github: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot work without the repository is not tried."""
    monkeypatch.setenv("PERFGATE_GITHUB_TOKEN", "wrong")
    code = main(["selftest", "--repo", NAME, "--api-url", github.url])
    assert code == 2
    assert "2 of 2 steps do not work yet" in capsys.readouterr().out


def test_no_token_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 and the name of the variable."""
    monkeypatch.delenv("PERFGATE_GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert main(["selftest", "--repo", NAME]) == 2
    assert "PERFGATE_GITHUB_TOKEN" in capsys.readouterr().err
