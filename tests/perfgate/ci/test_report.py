"""The reporting job: what it shows and where, and which result files artifacts.py refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from perfgate.cli import main
from perfgate.results import records, result_file
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Run, Sample
from standin import StandIn

NAME, TOKEN = "octocat/shop", "ghs_workflow"
HEAD, BASE = "a" * 40, "b" * 40
MARKER = f"<!-- perfgate:pull:{NAME} -->"


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_repository(NAME)
        stand_in.add_token(TOKEN, "github-actions[bot]")
        yield stand_in


@pytest.fixture
def number(github: StandIn) -> int:
    return github.open_pull_request(NAME, title="Change", head_sha=HEAD, base_sha=BASE)


class Job:
    """A reporting job of a pull request."""

    def __init__(self, folder: Path, github: StandIn, patch: pytest.MonkeyPatch) -> None:
        self.results = folder / "results"
        self.results.mkdir()
        self.summary = folder / "summary.md"
        self.event = folder / "event.json"
        self.patch = patch
        for name, value in {
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_SHA": HEAD,
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_RUN_ID": "17",
        }.items():
            patch.setenv(name, value)
        for name in ("PERFGATE_SERVER", "PERFGATE_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"):
            patch.delenv(name, raising=False)

    def about(self, number: int, head: str = HEAD, repository: str = NAME) -> None:
        sides = {
            "head": {"sha": head, "repo": {"full_name": repository}},
            "base": {"sha": BASE, "repo": {"full_name": NAME}},
        }
        self.event.write_text(json.dumps({"pull_request": {"number": number, **sides}}))

    def leave(self, name: str = "suite.json", *, slow: float = 1.0, **changes: Any) -> None:
        """Write a result file as the measuring job does."""
        result_file.save(msgspec.structs.replace(result(slow), **changes), self.results / name)

    def report(self, *options: str) -> int:
        return main(["ci", "report", f"--results={self.results}", *options])


@pytest.fixture
def job(tmp_path: Path, github: StandIn, number: int, monkeypatch: pytest.MonkeyPatch) -> Job:
    made = Job(tmp_path, github, monkeypatch)
    made.about(number)
    return made


def result(slow: float, number: int = 1) -> Run:
    def side(sha: str, factor: float) -> Run:
        rounds = tuple(tuple(factor * (1 + 0.001 * ((i * 7 + j * 3) % 5 - 2)) for j in range(5)) for i in range(24))
        sample = Sample(benchmark=Benchmark(name="parse"), metric=CPU_TIME, value=records.level(rounds), rounds=rounds)
        environment = Environment(name="runner", fields={"cpu": "c"})
        return Run(suite="bench", tool="t 1", commit=Commit(sha=sha), environment=environment, samples=(sample,))

    return msgspec.structs.replace(side(HEAD, slow), baseline=side(BASE, 1.0), pull_request=number)


def test_red_everywhere_alike(job: Job, github: StandIn, number: int) -> None:
    """Summary, comment and check run say the same, and the job is red, too."""
    job.leave(slow=1.2)
    assert job.report() == 1

    (comment,) = github.comments(NAME, number)
    (check,) = github.check_runs(NAME, HEAD)
    assert check.conclusion == "failure"
    assert check.title is not None
    assert comment.body.startswith(MARKER)
    assert check.title in comment.body
    assert comment.body.endswith(job.summary.read_text())
    assert check.details_url == f"https://github.com/{NAME}/actions/runs/17"


def test_nothing_to_tell_and_then_resolved(job: Job, github: StandIn, number: int) -> None:
    """A pull request that changes nothing gets no comment; one that was red is told that it is not any more."""
    job.leave()
    assert job.report() == 0
    assert not github.comments(NAME, number)
    assert [check.conclusion for check in github.check_runs(NAME, HEAD)] == ["success"]

    job.leave(slow=1.2)
    job.report()
    job.leave()
    assert job.report() == 0
    (comment,) = github.comments(NAME, number)
    assert "✅" in comment.body
    assert [check.conclusion for check in github.check_runs(NAME, HEAD)] == ["success"]


def test_a_measuring_job_that_left_nothing_is_no_pass(job: Job, github: StandIn, number: int) -> None:
    """Exit code 3, a neutral check run and a comment: nobody takes a missing verdict for a good one."""
    assert job.report() == 3

    (check,) = github.check_runs(NAME, HEAD)
    assert check.conclusion == "neutral"
    assert "No verdict" in (check.title or "")
    (comment,) = github.comments(NAME, number)
    assert "left no result" in comment.body


def test_a_fork_gets_its_verdict_and_writes_nothing(
    job: Job, github: StandIn, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its token may only read: the job is red all the same, and its log says why there is no comment."""
    github.add_token(TOKEN, "github-actions[bot]", may_write=False)
    job.about(number, repository="mallory/shop")
    job.leave(slow=1.2)

    assert job.report() == 1
    assert "❌" in job.summary.read_text()
    assert not github.comments(NAME, number)
    assert capsys.readouterr().out.count("comes from a fork") == 2


def test_a_missing_permission_is_named(job: Job, github: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """The log says which permission to give, and the job is red all the same."""
    github.add_token(TOKEN, "github-actions[bot]", may_write=False)
    job.leave(slow=1.2)

    assert job.report() == 1
    said = capsys.readouterr().out
    assert "permissions: checks: write" in said
    assert "permissions: pull-requests: write" in said


def test_an_old_verdict_covers_no_newer_one(
    job: Job, github: StandIn, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job that ends after the pull request moved on writes its own commit's check run, and no comment."""
    job.leave(slow=1.2)
    github.push(NAME, number, "d" * 40)
    assert job.report() == 1

    assert not github.comments(NAME, number)
    assert "has moved on" in capsys.readouterr().out
    assert len(github.check_runs(NAME, HEAD)) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pull_request": 99}, "is about pull request 99, this job about 1: it is refused"),
        ({"commit": Commit(sha="e" * 40)}, f"is about commit {'e' * 40}, this job about {HEAD}"),
    ],
)
def test_a_result_about_something_else_is_refused(
    job: Job, github: StandIn, changes: dict[str, Any], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code under test may have written the file: number and commit count as the event says them."""
    job.leave(**changes)
    assert job.report() == 2
    assert why in capsys.readouterr().err
    assert not github.writes()


def test_untrusted_files_are_limited(
    job: Job, github: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many, too large, no JSON, a link out of the folder: each is refused or ignored, and nothing is written."""
    monkeypatch.setattr("perfgate.ci.artifacts.MAX_FILE_BYTES", 1_000)
    job.leave()
    assert job.report() == 2
    assert "at most 1,000 are read" in capsys.readouterr().err
    (job.results / "suite.json").write_text("[" * 900)
    assert job.report() == 2
    (job.results / "suite.json").unlink()
    for index in range(70):
        (job.results / f"{index}.json").write_text("{}")
    assert job.report() == 2
    assert "at most 64" in capsys.readouterr().err
    for file in job.results.glob("*.json"):
        file.unlink()
    (job.results / "passwd.json").symlink_to("/etc/passwd")
    assert not github.writes()
    assert job.report() == 3


def test_two_suites_give_one_comment_and_the_worse_decides(job: Job, github: StandIn, number: int) -> None:
    """The check run concludes what the worst suite does."""
    job.leave("one.json", suite="asv")
    job.leave("two.json", slow=1.2)
    assert job.report() == 1

    (comment,) = github.comments(NAME, number)
    assert "Suite `asv`" in comment.body
    assert "Suite `bench`" in comment.body
    assert [check.conclusion for check in github.check_runs(NAME, HEAD)] == ["failure"]


def test_a_push_is_shown_on_its_page_only(job: Job, github: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no verdict on one commit: GitHub is not called."""
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    job.event.write_text("{}")
    job.leave(baseline=None, pull_request=None)

    assert job.report() == 0
    assert "1 benchmarks at `aaaaaaaaaa`" in job.summary.read_text()
    assert not github.exchanges
