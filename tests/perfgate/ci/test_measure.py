"""The measuring job: each event measures what it is about, in a small real repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from perfgate.ci.artifacts import FIRST_NOTE
from perfgate.cli import main
from perfgate.results import result_file
from perfgate.results.records import Run

BENCH = "from shop import total\n\ndef test_total(benchmark):\n    benchmark(total, [1, 2, 3])\n"
NAME = "octocat/shop"
WORKFLOW = ".github/workflows/perfgate.yml"


class Shop:
    """A repository with two tags and the job that runs in it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.results, self.patch = folder / "shop", folder / "results", patch
        self.event = folder / "event.json"
        (self.folder / "tests").mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (self.folder / "shop.py").write_text("def total(prices):\n    return sum(prices)\n")
        (self.folder / "tests" / "test_bench.py").write_text(BENCH)
        self.first = self.commit("Sell things")
        self.git("tag", "v1")
        (self.folder / "shop.py").write_text("def total(prices):\n    return sum(list(prices))\n")
        self.second = self.commit("Copy them first")
        self.git("tag", "v2")
        patch.chdir(self.folder)
        patch.delenv("DJANGO_SETTINGS_MODULE", raising=False)  # of the tests themselves

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def measure(self, name: str, event: object, *options: str) -> tuple[int, list[Run]]:
        self.event.write_text(json.dumps(event))
        for variable, value in {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_SHA": self.second,
            "GITHUB_WORKFLOW_REF": f"{NAME}/{WORKFLOW}@refs/heads/main",
            "RUNNER_ENVIRONMENT": "github-hosted",
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "ImageOS": "ubuntu24",
        }.items():
            self.patch.setenv(variable, value)
        code = main(["ci", "measure", "--install=never", f"--results={self.results}", *options])
        return code, [result_file.read(file.read_bytes()) for file in sorted(self.results.glob("*.json"))]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def test_a_push_records_its_commit(shop: Shop) -> None:
    """Under the image's name: host names of GitHub's runners are new every time."""
    code, (run,) = shop.measure("push", {})
    assert code == 0
    assert run.commit.sha == shop.second
    assert run.baseline is None
    assert run.environment.name == "github-ubuntu24-X64"


def test_a_release_is_measured_beside_the_tag_before(shop: Shop) -> None:
    """The release before it is its base."""
    code, (run,) = shop.measure("release", {"release": {"tag_name": "v2"}}, "--time-budget=120s")
    assert code == 0
    assert run.baseline is not None
    assert (run.baseline.commit.sha, run.commit.sha) == (shop.first, shop.second)


def test_the_first_release_is_measured_alone(shop: Shop) -> None:
    """There is nothing to compare it with."""
    shop.git("tag", "-d", "v1")
    code, (run,) = shop.measure("release", {"release": {"tag_name": "v2"}})
    assert (code, run.baseline) == (0, None)


def test_a_pull_request_that_brings_the_workflow_is_gated_whole_and_says_so(shop: Shop) -> None:
    """Base is where both part, whatever has been merged since."""
    shop.git("switch", "-q", "-c", "setup", "v1")
    (shop.folder / WORKFLOW).parent.mkdir(parents=True)
    (shop.folder / WORKFLOW).write_text("on: pull_request\n")
    head = shop.commit("Gate performance")
    own = {"full_name": NAME}
    pull = {"number": 7, "head": {"sha": head, "repo": own}, "base": {"sha": shop.second, "repo": own}}
    code, (run,) = shop.measure("pull_request", {"pull_request": pull}, "--time-budget=120s")
    assert code == 0
    assert run.baseline is not None
    assert (run.baseline.commit.sha, run.commit.sha, run.pull_request) == (shop.first, head, 7)
    assert FIRST_NOTE in run.notes
    assert not run.exempt


def test_a_range_is_what_was_asked_for(shop: Shop) -> None:
    """A suite that was not asked for leaves the other job of the matrix alone; a head that is in no branch is fetched."""
    inputs = {"base": "v1", "head": "v2", "suite": "asv", "select": "*"}
    assert shop.measure("workflow_dispatch", {"inputs": inputs}, "--suite=pytest-benchmark") == (0, [])

    origin = shop.folder.parent / "origin"
    subprocess.run(["git", "clone", "-q", "--bare", shop.folder, origin], check=True)
    shop.git("remote", "add", "origin", str(origin))
    asked = {
        "base": shop.first,
        "head": shop.second,
        "suite": "pytest-benchmark",
        "select": "*total*",
        "pull_request": "7",
    }
    code, (run,) = shop.measure("workflow_dispatch", {"inputs": asked}, "--time-budget=120s")
    assert (code, run.pull_request) == (0, 7)
    assert shop.measure("workflow_dispatch", {"inputs": {**asked, "head": "e" * 40}})[0] == 2


def test_a_suite_that_breaks_is_an_error_and_leaves_nothing(shop: Shop) -> None:
    """No value of a broken commit reaches the history."""
    (shop.folder / "shop.py").write_text("raise RuntimeError\n")
    shop.second = shop.commit("Break it")
    code, runs = shop.measure("push", {})
    assert code in {2, 3}
    assert not any(sample.value for run in runs for sample in run.samples)
