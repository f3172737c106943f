"""`perfgate init`: what it writes, what it prints, and that it overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from perfgate import policy
from perfgate.ci import templates
from perfgate.cli import main
from perfgate.results.records import Policy
from tests.perfgate.repositories import ACTION, git, make_project_without_perfgate, write

WORKFLOW = Path(templates.WORKFLOW)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_project_without_perfgate(tmp_path / "shop")


def init(folder: Path, *options: str) -> int:
    return main(["init", "--repository", str(folder), "--action", ACTION, *options])


def test_a_dry_run_writes_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(repository, "--dry-run") == 0
    assert f"uses: {ACTION}" in capsys.readouterr().out
    assert not (repository / ".github").exists()
    assert not (repository / policy.FILE_NAME).exists()


def test_nothing_is_overwritten(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even a dangling link is followed."""
    write(repository, templates.WORKFLOW, "mine\n")
    (repository / policy.FILE_NAME).symlink_to("elsewhere")
    assert init(repository) == 0
    assert (repository / WORKFLOW).read_text() == "mine\n"
    assert not (repository / "elsewhere").exists()
    assert capsys.readouterr().out.count("kept") == 2


def test_the_written_policy_changes_nothing(repository: Path) -> None:
    """It can be read, also with every comment sign taken away."""
    init(repository)
    text = (repository / policy.FILE_NAME).read_text().partition("\n\n")[2]
    assert policy.read(Policy(text=text)).rules == ()
    shown = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if line.startswith(("# [", '# "')) or " = " in line
    )
    assert len(policy.read(Policy(text=shown)).rules) == 3


def test_two_suites_are_measured_one_after_the_other(repository: Path) -> None:
    write(repository, "asv.conf.json", '{"benchmark_dir": "bench"}')
    write(repository, "bench/__init__.py")
    write(repository, "bench/sums.py", "def time_sum():\n    sum([1])\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Add a suite of asv")
    init(repository)
    job = yaml.safe_load((repository / WORKFLOW).read_text())["jobs"]["measure"]
    assert job["strategy"] == {"matrix": {"suite": ["asv", "pytest-benchmark"]}, "max-parallel": 1}


def test_a_runner_of_one_s_own_is_kept_from_strangers(repository: Path) -> None:
    init(repository, "--runner", "self-hosted, bench")
    job = yaml.safe_load((repository / WORKFLOW).read_text())["jobs"]["measure"]
    assert job["runs-on"] == ["self-hosted", "bench"]
    assert "head.repo.full_name == github.repository" in job["if"]


def test_a_server_gets_the_history_and_an_identity(repository: Path) -> None:
    init(repository, "--server", "https://perf.example.org/")
    document = yaml.safe_load((repository / WORKFLOW).read_text())
    assert document[True]["push"] == {"branches": ["trunk"]}
    verdict = document["jobs"]["verdict"]
    assert verdict["permissions"]["id-token"] == "write"
    assert verdict["steps"][0]["with"]["server"] == "https://perf.example.org"


def test_histories_are_found_wherever_they_are(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the work tree, and on branches that hold nothing else; each with the command that imports it."""
    write(repository, "asv.conf.json", '{"benchmark_dir": "bench", "results_dir": ".asv/results"}')
    write(repository, "bench/__init__.py")
    write(repository, "bench/sums.py", "def time_sum():\n    sum([1])\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Add a suite of asv")
    write(repository, ".asv/results/box/machine.json", "{}")
    write(repository, ".benchmarks/Linux-CPython-3.11-64bit/0001_x.json", "{}")
    git(repository, "switch", "-q", "--orphan", "gh-pages")
    write(repository, "dev/bench/data.js", "window.BENCHMARK_DATA = {}")
    git(repository, "add", "dev")
    git(repository, "commit", "-qm", "Pages")
    git(repository, "switch", "-q", "trunk")
    assert init(repository) == 0
    said = capsys.readouterr().out
    assert "import_results .asv/results" in said
    assert "import_results .benchmarks" in said
    assert "git worktree add --detach ../perfgate-history gh-pages" in said
    assert "import_results ../perfgate-history/dev/bench/data.js" in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--server", "perf.example.org"], "write it as https://host"),
        (["--runner", "self-hosted,${{ x }}"], "is not the label of a runner"),
        (["--action", "perfgate"], "is not an action"),
    ],
)
def test_bad_options_are_named(
    repository: Path, options: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(repository, *options) == 2
    assert why in capsys.readouterr().err
    assert not (repository / WORKFLOW).exists()


def test_without_benchmarks_it_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "init", "-q")
    assert init(tmp_path) == 2
    assert "def test_it(benchmark)" in capsys.readouterr().err


def test_the_suite_is_tried_out_before_anything_is_written(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it needs is written once, for every machine; what is missing is named, and nothing is written."""
    assert init(repository) == 0
    assert "found 1 benchmark" in capsys.readouterr().out
    found = policy.read(Policy(text=(repository / policy.FILE_NAME).read_text())).suite
    assert ("pytest-benchmark", {"pytest", "pytest-benchmark"}) == (found.tool, set(found.packages))

    (repository / policy.FILE_NAME).unlink()
    write(
        repository, "tests/test_bench.py", "import no_such_shelf\n\ndef test_it(benchmark):\n    benchmark(sum, [1])\n"
    )
    git(repository, "commit", "-qam", "Need what nobody has")
    assert init(repository) == 2
    assert 'add to perfgate.toml: [suite] packages = ["no-such-shelf"]' in capsys.readouterr().err
    assert not (repository / policy.FILE_NAME).exists()


def test_a_suite_that_is_not_committed_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would not be found in any commit."""
    write(repository, "tests/test_more.py", "def test_more(benchmark):\n    benchmark(sum, [1])\n")

    assert init(repository) == 2
    assert "tests/test_more.py is not committed" in capsys.readouterr().err


def test_a_policy_that_is_kept_is_told_what_to_add(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only if it does not say yet what the suite needs."""
    write(repository, policy.FILE_NAME, "[alerts]\npoints = 3\n")
    assert init(repository) == 0
    assert "Add to perfgate.toml what the benchmarks need:\n     [suite]\n" in capsys.readouterr().out

    write(repository, policy.FILE_NAME, "[suite]\npackages = ['pytest-benchmark']\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Say it")
    assert init(repository) == 0
    assert "Add to perfgate.toml" not in capsys.readouterr().out
