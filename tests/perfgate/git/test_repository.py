"""Revisions, tags, files and common ancestors are read from the repository that was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate import git
from perfgate.errors import InvalidInput
from tests.perfgate.git.scratch import Repository


def test_a_hooks_variables_do_not_lead_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a hook, where git sets GIT_DIR, the named repository is still the one that is read."""
    sha = repository.commit("1")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))

    assert git.resolve(repository.path, "HEAD") == sha


@pytest.mark.parametrize("revision", ["nowhere", "--all", "HEAD~5", "", "HEAD:file"])
def test_an_unknown_revision_is_refused(repository: Repository, revision: str) -> None:
    """An unknown revision is an error, even if it looks like an option."""
    repository.commit("1")

    with pytest.raises(InvalidInput, match="names no commit"):
        git.commit(repository.path, revision)


def test_the_root_of_a_bare_repository_is_itself(repository: Repository, tmp_path: Path) -> None:
    """The root is the top of the work tree, from any folder in it; a bare repository has none."""
    repository.commit("1")
    (repository.path / "a/b").mkdir(parents=True)
    repository("clone", "--quiet", "--bare", str(repository.path), str(tmp_path / "bare.git"))

    assert repository.path == git.root(repository.path / "a/b")
    assert tmp_path / "bare.git" == git.root(tmp_path / "bare.git")


def test_a_file_is_read_at_a_commit(repository: Repository) -> None:
    """The content is that of the commit and not that of the work tree."""
    without = repository.commit("1")
    (repository.path / "a.txt").write_text("first")
    repository("add", "a.txt")
    with_file = repository.commit("2")
    (repository.path / "a.txt").write_text("second")

    assert "first" == git.read_file(repository.path, with_file, "a.txt")
    assert git.read_file(repository.path, without, "a.txt") is None


def test_the_tag_before_is_that_of_an_ancestor(repository: Repository) -> None:
    """The nearest earlier tag counts; the first tag has none."""
    for subject in ("1", "2", "3"):
        repository.commit(subject)
        if subject != "2":
            repository("tag", f"v{subject}")

    assert "v1" == git.tag_before(repository.path, "v3")
    assert "" == git.tag_before(repository.path, "v1")


def test_the_tag_before_a_merge_may_be_on_either_side(repository: Repository) -> None:
    """A release that merges a maintenance branch is compared with the newest release on it."""
    repository.commit("1")
    repository("tag", "v1.0")
    repository("checkout", "--quiet", "-b", "maintenance")
    repository.commit("2")
    repository("tag", "v1.1")
    repository("checkout", "--quiet", "main")
    repository.commit("3")
    repository("merge", "--quiet", "--no-ff", "-m", "Merge", "maintenance")
    repository("tag", "v2.0")

    assert "v1.1" == git.tag_before(repository.path, "v2.0")


def test_the_merge_base_is_the_common_ancestor(repository: Repository) -> None:
    """Branches without a common ancestor are refused with the usual cause in CI."""
    common = repository.commit("1")
    repository("checkout", "--quiet", "-b", "topic")
    repository.commit("2 on topic")
    repository("checkout", "--quiet", "main")
    repository.commit("2")
    repository("checkout", "--quiet", "--orphan", "other")
    repository.commit("unrelated")

    assert common == git.merge_base(repository.path, "main", "topic")
    with pytest.raises(InvalidInput, match="fetch-depth: 0"):
        git.merge_base(repository.path, "main", "other")


def test_a_missing_commit_is_fetched_by_its_hash(repository: Repository, tmp_path: Path) -> None:
    """A commit that a shallow clone lacks is fetched from its origin; a name never is."""
    first = repository.commit("1")
    repository.commit("2")
    clone = tmp_path / "clone"
    repository("clone", "--quiet", "--depth=1", f"file://{repository.path}", str(clone))
    with pytest.raises(InvalidInput):
        git.resolve(clone, first)

    git.fetch_missing(clone, first)
    git.fetch_missing(clone, "no-such-name")

    assert first == git.resolve(clone, first)
