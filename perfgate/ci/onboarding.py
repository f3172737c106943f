"""What a repository has that perfgate can use. Files are read and never imported; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfgate import git
from perfgate.ci.older_results import OlderResults, find_older_results
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure.discover import suites
from perfgate.measure.suites import Suite


@dataclass(frozen=True, kw_only=True)
class RepositorySurvey:
    """What was found in a repository."""

    suites: tuple[Suite, ...]
    older_results: tuple[OlderResults, ...]
    branch: str
    """The default branch."""


def survey(root: Path) -> RepositorySurvey:
    """Return what the repository at *root* has.

    Raises:
        MeasurementFailed: It has no suite; the message says what was looked for and what to do.
    """
    found = suites(root)
    if not found:
        raise MeasurementFailed(
            f"{root} has no benchmarks: looked for asv.conf.json and for tests with a 'benchmark' parameter or mark."
            " Write one, such as tests/test_bench.py with 'def test_it(benchmark): benchmark(function)', and run this again"
        )
    return RepositorySurvey(
        suites=found,
        older_results=tuple(find_older_results(root, found)),
        branch=_default_branch(root),
    )


def _default_branch(root: Path) -> str:
    for arguments in (("symbolic-ref", "--short", "refs/remotes/origin/HEAD"), ("symbolic-ref", "--short", "HEAD")):
        try:
            return git.run(root, *arguments).strip().removeprefix("origin/")
        except InvalidInput:
            continue
    return "main"
