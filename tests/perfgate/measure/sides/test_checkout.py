"""Checkouts borrow from the repository and leave nothing in it; workspaces vanish."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import discover
from perfgate.measure.sides.checkout import check_out, copy_benchmarks
from tests.perfgate.measure.conftest import HEAD_CODE, Project
from tests.perfgate.measure.sides.prepared import prepare


def test_a_checkout_is_a_repository_of_its_own(project: Project, tmp_path: Path) -> None:
    """It has the commit's files and the tags; no worktree is registered in the repository that it came from."""
    check_out(project.path, project.git("rev-parse", "head"), tmp_path / "head")

    inside = Project(tmp_path / "head")
    assert (tmp_path / "head/shop/__init__.py").read_text() == HEAD_CODE
    assert inside.git("describe", "--tags") == "head"
    assert inside.git("status", "--porcelain") == ""
    assert project.git("worktree", "list").count("\n") == 0


def test_a_shallow_clone_can_be_checked_out(project: Project, tmp_path: Path) -> None:
    """Continuous integration fetches a commit without its history."""
    clone = Project(tmp_path / "clone")
    project.git("clone", "--quiet", "--depth=1", f"file://{project.path}", str(clone.path))

    check_out(clone.path, clone.git("rev-parse", "HEAD"), tmp_path / "head")

    assert (tmp_path / "head/shop/__init__.py").read_text() == HEAD_CODE


def test_a_missing_commit_is_an_error(project: Project, tmp_path: Path) -> None:
    """The error has git's own message."""
    with pytest.raises(MeasurementFailed, match="cannot check out 012345678901"):
        check_out(project.path, "0123456789012345678901234567890123456789", tmp_path / "head")


def test_the_heads_benchmarks_replace_the_bases(project: Project, tmp_path: Path) -> None:
    """The benchmarks of one side replace those of the other, whose code stays."""
    for role in ("base", "head"):
        check_out(project.path, project.git("rev-parse", role), tmp_path / role)
    (tmp_path / "base/benchmarks/test_old.py").write_text("")

    copy_benchmarks(discover(tmp_path / "head", "pytest-benchmark"), tmp_path / "head", tmp_path / "base")

    tests = Path("benchmarks/test_shop.py")
    assert (tmp_path / "base" / tests).read_text() == (tmp_path / "head" / tests).read_text()
    assert not (tmp_path / "base/benchmarks/test_old.py").exists()
    assert (tmp_path / "base/shop/__init__.py").read_text() != HEAD_CODE


def test_both_sides_have_paths_of_equal_length(project: Project, tmp_path: Path) -> None:
    """A longer path or environment alone can make identical code measurably slower."""
    sides = prepare(project, tmp_path, {"base": "base", "head": "head"}, suite="pytest-benchmark")

    base, head = sides["base"], sides["head"]
    assert len(str(base.checkout)) == len(str(head.checkout))
    assert len(str(base.variables)) == len(str(head.variables))
    assert base.variables.keys() == head.variables.keys()
    assert base.names == ("shop",)
