"""Results that were measured before perfgate, in the work tree or on a branch, and the commands that import them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfgate import git
from perfgate.measure.sides.asv_configuration import read_configuration
from perfgate.measure.suites import Suite

BRANCHES = ("gh-pages", "asv-results", "benchmarks", "benchmark-results", "asv", "perf")
"""Branches, here or at a remote, that may hold only results."""

_DATA = re.compile(r"(?:^|/)data\.js$")
_MACHINE = re.compile(r"(?:^|/)machine\.json$")
_ASV_PAGES = re.compile(r"(?:^|/)graphs/summary/")


@dataclass(frozen=True)
class OlderResults:
    """Results that can be imported."""

    title: str
    """What they are, for people."""
    path: str
    """Folder or file; empty if there is nothing to import, only pages made from it."""
    branch: str = ""
    """Branch that holds them; empty: the work tree."""

    @property
    def commands(self) -> tuple[str, ...]:
        """Return the commands that import them into a server."""
        if not self.branch:
            return (_import(self.path),)
        folder = "../perfgate-history"
        return (
            f"git worktree add --detach {folder} {shlex.quote(self.branch)}",
            _import(f"{folder}/{self.path}" if self.path else folder),
        )


def find_older_results(root: Path, suites: Sequence[Suite]) -> Iterator[OlderResults]:
    """Yield the results that the repository at *root* holds; branches are listed, not checked out."""
    for suite in suites:
        if suite.configuration is not None:
            named = str(read_configuration(root / suite.configuration).get("results_dir", "results"))
            results = suite.configuration.parent / named
            if any((root / results).glob("*/machine.json")):
                yield OlderResults("asv results", results.as_posix())
    if any((root / ".benchmarks").glob("*/*.json")):
        yield OlderResults("pytest-benchmark files", ".benchmarks")
    for branch in _branches(root):
        yield from _on_branch(root, branch)


def _branches(root: Path) -> Iterator[str]:
    """Yield the branches that may hold results; a local branch is preferred to the remote's of the same name."""
    listed = git.run(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes").splitlines()
    seen = set()
    for name in sorted(listed, key=lambda name: name.count("/")):
        last = name.removeprefix("origin/")
        if last in BRANCHES and last not in seen:
            seen.add(last)
            yield name


def _on_branch(root: Path, branch: str) -> Iterator[OlderResults]:
    files = git.run(root, "ls-tree", "-r", "-z", "--name-only", f"{branch}^{{commit}}").split("\0")
    for path in files:
        if _DATA.search(path):
            yield OlderResults("a data.js of github-action-benchmark", path, branch)
    machines = [path for path in files if _MACHINE.search(path)]
    if machines:
        results = machines[0].rpartition("/")[0].rpartition("/")[0]
        yield OlderResults("asv results", results, branch)
    elif any(_ASV_PAGES.search(path) for path in files):
        yield OlderResults("pages that asv published; its results are needed to import them", "", branch)


def _import(path: str) -> str:
    return f"python manage.py import_results {shlex.quote(path)} --project NAME --repo ."
