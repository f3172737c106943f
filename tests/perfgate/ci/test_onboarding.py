"""What `perfgate init` finds, and what it makes of it.

onboarding.py surveys the repository with older_results.py; templates.py has the files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.ci.older_results import OlderResults
from perfgate.ci.onboarding import survey
from perfgate.errors import MeasurementFailed
from tests.perfgate.repositories import git, make_project_without_perfgate, write


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_project_without_perfgate(tmp_path / "shop")


def test_older_results_are_found_in_the_work_tree_and_on_branches(repository: Path) -> None:
    """Each with the commands that import it; of pages that asv published, there is nothing to import."""
    write(repository, "asv.conf.json", '{"benchmark_dir": "bench", "results_dir": ".asv/results"}')
    write(repository, "bench/__init__.py")
    write(repository, ".asv/results/box/machine.json", "{}")
    git(repository, "switch", "-q", "--orphan", "gh-pages")
    write(repository, "dev/bench/data.js", "window.BENCHMARK_DATA = {}")
    write(repository, "graphs/summary/x.json", "{}")
    git(repository, "add", "dev", "graphs")
    git(repository, "commit", "-qm", "Pages")
    git(repository, "switch", "-q", "trunk")
    write(repository, "asv.conf.json", '{"benchmark_dir": "bench", "results_dir": ".asv/results"}')
    write(repository, "bench/__init__.py")
    found = survey(repository)

    assert (
        OlderResults("asv results", ".asv/results"),
        OlderResults("a data.js of github-action-benchmark", "dev/bench/data.js", "gh-pages"),
        OlderResults("pages that asv published; its results are needed to import them", "", "gh-pages"),
    ) == found.older_results
    assert found.older_results[1].commands[0].startswith("git worktree add --detach ../perfgate-history gh-pages")


def test_the_default_branch_is_the_one_that_is_checked_out(repository: Path) -> None:
    """Unless a remote says otherwise."""
    assert "trunk" == survey(repository).branch


def test_a_repository_without_benchmarks_is_an_error(tmp_path: Path) -> None:
    """The message says what was looked for and what to write."""
    with pytest.raises(MeasurementFailed, match=r"def test_it\(benchmark\)"):
        survey(tmp_path)
