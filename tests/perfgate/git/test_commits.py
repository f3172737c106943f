"""Commits are read from real repositories with their facts, branches and generations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfgate import git
from perfgate.errors import InvalidInput
from tests.perfgate.git.scratch import Repository


def test_a_commit_has_its_facts(repository: Repository) -> None:
    """Time in UTC, subject without body, author without address; the default branch is empty."""
    sha = repository.commit("Größer, schneller\tweiter")

    found = git.commit(repository.path, "HEAD")

    assert found.sha == sha
    assert found.committed_at == datetime(2020, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert (found.subject, found.author, found.branch, found.generation) == ("Größer, schneller\tweiter", "Ada", "", 1)


def test_a_generation_is_larger_than_every_ancestors(repository: Repository) -> None:
    """A merge's generation follows its longest line of ancestors; ancestors come before descendants even if all dates are equal."""
    first = repository.commit("1")
    repository("checkout", "--quiet", "-b", "side")
    side = [repository.commit("2 aside"), repository.commit("3 aside")]
    repository("checkout", "--quiet", "main")
    second = repository.commit("2")
    repository("merge", "--quiet", "--no-ff", "--message", "4", "side")
    merge = repository("rev-parse", "HEAD")

    found = {commit.sha: commit.generation for commit in git.commits(repository.path)}
    assert {first: 1, side[0]: 2, side[1]: 3, second: 2, merge: 4} == found
    order = list(found)
    assert 0 == order.index(first)
    assert 4 == order.index(merge)
    assert 2 == git.commit(repository.path, second).generation


def test_branches_are_named_but_the_default_is_not(repository: Repository) -> None:
    """A branch given by name, or checked out at the revision, is the run's branch."""
    sha = repository.commit("1")
    repository("tag", "v1")
    repository("checkout", "--quiet", "-b", "fix/one")

    assert "" == git.commit(repository.path, "main").branch
    assert "fix/one" == git.commit(repository.path, "fix/one").branch
    assert "fix/one" == git.commit(repository.path, "HEAD").branch
    assert "fix/one" == git.commit(repository.path, sha).branch
    assert "" == git.commit(repository.path, "v1").branch


def test_the_remotes_default_branch_is_known(repository: Repository, tmp_path: Path) -> None:
    """The default branch of the remote has an empty name, whatever it is called."""
    repository("checkout", "--quiet", "-b", "trunk")
    repository.commit("1")
    repository("clone", "--quiet", str(repository.path), str(tmp_path / "clone"))

    assert "" == git.commit(tmp_path / "clone", "origin/trunk").branch
    assert "" == git.commit(tmp_path / "clone", "HEAD").branch


def test_a_shallow_clone_has_no_generations(repository: Repository, tmp_path: Path) -> None:
    """In a shallow clone generations are unknown, because they would be too small."""
    for subject in "123":
        repository.commit(subject)
    repository("clone", "--quiet", "--depth=2", f"file://{repository.path}", str(tmp_path / "clone"))

    assert git.commit(tmp_path / "clone", "HEAD").generation is None
    assert [("2", None), ("3", None)] == [
        (commit.subject, commit.generation) for commit in git.commits(tmp_path / "clone")
    ]


def test_an_empty_repository_has_no_commits(repository: Repository) -> None:
    """A repository without commits gives none and no error."""
    assert [] == list(git.commits(repository.path))


def test_a_folder_outside_git_is_refused(tmp_path: Path) -> None:
    """The error has git's reason."""
    with pytest.raises(InvalidInput, match="not a git repository"):
        git.commit(tmp_path, "HEAD")
    with pytest.raises(InvalidInput, match="not a git repository"):
        list(git.commits(tmp_path))


def test_a_line_follows_first_parents(repository: Repository) -> None:
    """A merge is one commit of the line; the merged branch is reported separately."""
    good = repository.commit("Good")
    repository("checkout", "--quiet", "-b", "topic")
    topic = repository.commit("On the branch")
    repository("checkout", "--quiet", "main")
    second = repository.commit("Second")
    repository("merge", "--quiet", "--no-ff", "--message", "Merge", "topic")
    merge = repository("rev-parse", "HEAD")

    line = git.commits_between(repository.path, good, "main")

    assert [(second, "Second"), (merge, "Merge")] == [(commit.sha, commit.subject) for commit in line]
    assert (good, topic) == git.merged_branch(repository.path, merge)
    assert git.merged_branch(repository.path, second) is None


def test_a_line_needs_its_start_on_it(repository: Repository) -> None:
    """If the good commit is no ancestor, or was merged, the error names the commit to use instead."""
    good = repository.commit("Good")
    repository("checkout", "--quiet", "-b", "topic")
    topic = repository.commit("On the branch")
    repository("checkout", "--quiet", "main")
    repository.commit("Second")

    with pytest.raises(InvalidInput, match=f"no ancestor of 'main': name {good[:12]}"):
        git.commits_between(repository.path, topic, "main")
    repository("merge", "--quiet", "--no-ff", "--message", "Merge", "topic")
    with pytest.raises(InvalidInput, match=f"through a merge .* name {good[:12]}"):
        git.commits_between(repository.path, topic, "main")
