"""A build's cache key names everything that the build depends on, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.sides.build_key import build_key
from perfgate.measure.sides.checkout import check_out
from tests.perfgate.measure.conftest import Project


def test_the_key_is_all_that_a_build_depends_on(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another commit, interpreter, tag or compiler flag gives another key; another checkout or CI job does not."""
    base, head = (project.git("rev-parse", role) for role in ("base", "head"))
    for name, sha in (("first", base), ("second", base), ("head", head)):
        check_out(project.path, sha, tmp_path / name)
    expected = build_key("wheel", tmp_path / "first", base, "python 3")

    assert expected == build_key("wheel", tmp_path / "second", base, "python 3")
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    assert expected == build_key("wheel", tmp_path / "first", base, "python 3")
    others = {
        build_key("wheel", tmp_path / "head", head, "python 3"),
        build_key("wheel", tmp_path / "first", base, "3.1"),
    }
    monkeypatch.setenv("CFLAGS", "-O0")
    others.add(build_key("wheel", tmp_path / "first", base, "python 3"))
    monkeypatch.delenv("CFLAGS")
    Project(tmp_path / "first").git("tag", "v2")
    others.add(build_key("wheel", tmp_path / "first", base, "python 3"))
    assert 4 == len(others - {expected})


def test_a_checkout_of_a_checkout_is_of_the_same_repository(project: Project, tmp_path: Path) -> None:
    """The canary measures a copy of the repository; a clone that shares no objects is another repository."""
    base = project.git("rev-parse", "base")
    check_out(project.path, base, tmp_path / "first")
    check_out(tmp_path / "first", base, tmp_path / "copy")
    project.git("clone", "--quiet", "--no-hardlinks", str(project.path), str(tmp_path / "clone"))
    check_out(tmp_path / "clone", base, tmp_path / "cloned")
    keys = [build_key("wheel", tmp_path / name, base) for name in ("first", "copy", "cloned")]

    assert keys[0] == keys[1] != keys[2]
