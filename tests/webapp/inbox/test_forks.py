"""Results of a fork are fetched, checked against what GitHub attests, and stored as untrusted. Covers archives.py too."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.test import Client

from perfgate.results import records, result_file
from standin import StandIn
from tests.webapp.lab import NAME, RUNNER, Lab, sha
from webapp.alerts.models import Alert
from webapp.history.models import Run
from webapp.inbox import deliveries
from webapp.inbox.models import Delivery
from webapp.publishing.models import Publication
from webapp.verdicts import judgments
from webapp.worker import tasks

FORK, BRANCH, HEAD = "mallory/hello", "faster", 100
WORKFLOW = ".github/workflows/perfgate.yml"


def result(lab: Lab, number: int | None, head: int = HEAD, *, slow: float = 1.2) -> bytes:
    def side(commit: int, seconds: float) -> records.Run:
        return records.Run(
            suite="bench",
            tool="t 1",
            commit=lab.commit(commit),
            environment=RUNNER,
            samples=(lab.sample("parse", seconds),),
        )

    run = msgspec.structs.replace(side(head, slow), baseline=side(1, 1.0), pull_request=number)
    return result_file.write(run)


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.fixture
def number(github: StandIn) -> int:
    """A pull request from a fork."""
    return github.open_pull_request(
        NAME,
        title="Faster",
        head_sha=sha(HEAD),
        base_sha=sha(1),
        head_ref=BRANCH,
        head_repository=FORK,
        author="mallory",
    )


def ended(github: StandIn, artifacts: dict[str, bytes], **changes: str) -> Delivery:
    """Let the fork's workflow have ended, and GitHub tell us."""
    facts: dict[str, Any] = {
        "path": WORKFLOW,
        "event": "pull_request",
        "head_sha": sha(HEAD),
        "head_branch": BRANCH,
        "head_repository": FORK,
        **changes,
    }
    run_id = github.add_workflow_run(NAME, artifacts=artifacts, **facts)
    payload = {
        "action": "completed",
        "repository": {"full_name": NAME},
        "workflow_run": {"id": run_id, "event": "pull_request", "head_repository": {"full_name": FORK}},
    }
    deliveries.store(str(run_id), "workflow_run", payload)
    row = Delivery.objects.get(guid=str(run_id))
    tasks.process_delivery(row.pk)
    row.refresh_from_db()
    return row


def test_it_is_commented_on_and_marked(lab: Lab, github: StandIn, number: int, client: Client) -> None:
    """A comment that says where the numbers come from; no check run, no point of a history, no alert."""
    row = ended(github, {"perfgate-0": zipped({"suite.json": result(lab, number)})})
    lab.work()

    assert "1 results for pull request" in row.outcome
    run = Run.objects.get()
    assert not run.trusted
    assert run.number is None
    (comment,) = github.comments(NAME, number)
    assert "its author can have changed them" in comment.body
    for page in (f"/runs/{run.pk}/", f"/runs/{run.pk}/verdict/"):
        assert "its author can have changed them" in client.get(page).content.decode()
    assert client.get(f"/api/v1/runs/{run.pk}").json()["trusted"] is False
    assert not github.check_runs(NAME, sha(HEAD))
    assert not Alert.objects.exists()
    assert not [asked for asked in github.exchanges if asked.path.startswith("/_storage") and asked.status == 400]


def test_a_trusted_result_replaces_an_untrusted_one(lab: Lab, github: StandIn, number: int) -> None:
    """Once the project's runner measured the same commit, its verdict is told, and makes the check run."""
    ended(github, {"perfgate-0": zipped({"suite.json": result(lab, number, slow=0.5)})})
    lab.work()
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()

    (comment,) = github.comments(NAME, number)
    assert "can have changed them" not in comment.body
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD))] == ["failure"]
    ended(github, {"perfgate-0": zipped({"suite.json": result(lab, number, slow=0.6)})})
    lab.work()
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD))] == ["failure"]
    assert "❌" in github.comments(NAME, number)[0].body


def test_untrusted_results_are_not_counted_as_false_alarms(lab: Lab, github: StandIn, number: int) -> None:

    data = result_file.read(result(lab, number))
    data = msgspec.structs.replace(data, exempt=("parse",), assumptions=("x",))
    ended(github, {"perfgate-0": zipped({"suite.json": result_file.write(data)})})
    lab.work()
    assert judgments.false_alarms(lab.project).judged == 0


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda lab, _: {"s.json": result(lab, 99)}, "is about pull request 99"),
        (lambda lab, _: {"s.json": result(lab, None)}, "is about pull request none"),
        (lambda lab, number: {"s.json": result(lab, number, 101)}, "the run was for"),
        (lambda lab, number: {"a.json": result(lab, number), "b.json": result(lab, 99)}, "is about pull request 99"),
        (lambda lab, number: {"../s.json": result(lab, number)}, "our workflow leaves no such file"),
        (lambda lab, number: {"/etc/s.json": result(lab, number)}, "our workflow leaves no such file"),
        (lambda lab, number: {"c:\\s.json": result(lab, number)}, "our workflow leaves no such file"),
        (lambda _, __: {"s.sh": b"reboot"}, "our workflow leaves no such file"),
        (lambda _, __: {"s.json": b" " * 65 * 1024 * 1024}, "unpacked"),
        (lambda _, __: {f"{i}.json": b"{}" for i in range(100)}, "holds 100 files"),
        (lambda _, __: {"s.json": b"[" * 100_000}, "s.json"),
        (lambda _, __: {"s.json": b"\xff\xfe"}, "s.json"),
    ],
)
def test_what_is_refused_says_why_and_stores_nothing(
    lab: Lab, github: StandIn, number: int, make: Callable[[Lab, int], dict[str, bytes]], why: str
) -> None:
    row = ended(github, {"perfgate-0": zipped(make(lab, number))})
    assert why in row.outcome
    assert row.processed_at is not None
    assert not Run.objects.exists()
    assert not Publication.objects.exists()


@pytest.mark.usefixtures("lab", "number")
def test_a_bomb_that_lies_about_its_size(github: StandIn) -> None:
    """The size that is announced is held against the limit, and what really comes out of it, too."""
    bomb = bytearray(zipped({"s.json": b" " * 70 * 1024 * 1024}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = bomb.index(mark) + offset
        bomb[at : at + 4] = (1_000).to_bytes(4, "little")
    assert len(bomb) < 1_000_000
    row = ended(github, {"perfgate-0": bytes(bomb)})
    assert row.processed_at is not None
    assert not Run.objects.exists()


@pytest.mark.usefixtures("lab", "number")
@pytest.mark.parametrize("data", [b"no zip", zlib.compress(b"x"), b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_zip_file(github: StandIn, data: bytes) -> None:
    row = ended(github, {"perfgate-0": data})
    assert row.processed_at is not None
    assert not Run.objects.exists()


@pytest.mark.usefixtures("lab", "number")
def test_a_large_artifact_is_not_read_to_its_end(github: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.inbox.forks.MAX_PACKED_BYTES", 1_000)
    row = ended(github, {"perfgate-0": b"x" * 200_000})
    assert "larger than 1,000 bytes" in row.outcome


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"path": ".github/workflows/other.yml"}, "not .github/workflows/perfgate.yml"),
        ({"event": "push"}, "for push"),
        ({"head_repository": NAME}, "left no result for"),
        ({"head_sha": sha(101)}, "it moved on, or is closed"),
        ({"head_branch": "other"}, "it moved on, or is closed"),
        ({"head_repository": "eve/hello"}, "it moved on, or is closed"),
    ],
)
def test_only_the_pull_request_that_github_knows(
    lab: Lab, github: StandIn, number: int, changes: dict[str, str], why: str
) -> None:
    """Branch and head as GitHub attests them decide, never what the files say."""
    row = ended(github, {"perfgate-0": zipped({"s.json": result(lab, number)})}, **changes)
    assert why in row.outcome
    assert not Run.objects.exists()


def test_github_away_is_asked_again(lab: Lab, github: StandIn, number: int) -> None:
    github.fail("actions/get-workflow-run", 502)
    row = ended(github, {"perfgate-0": zipped({"s.json": result(lab, number)})})
    assert row.processed_at is None
    Delivery.objects.update(not_before=None)
    tasks.process_delivery(row.pk)
    tasks.process_delivery(row.pk)
    assert Run.objects.count() == 1
