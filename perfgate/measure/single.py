"""Measure one revision, as its tool itself does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from perfgate import git
from perfgate.measure import machine
from perfgate.measure.discover import discover
from perfgate.measure.sides.checkout import check_out
from perfgate.measure.sides.preparation import AUTOMATIC
from perfgate.measure.sides.side import HEAD
from perfgate.measure.suite_sides import prepare_sides
from perfgate.measure.tools import tool_of
from perfgate.measure.workspaces import workspace
from perfgate.results.records import Run


def measure(
    repository: Path,
    revision: str,
    *,
    suite: str | None = None,
    select: str | None = None,
    environment_name: str | None = None,
    python: Path | None = None,
    install: str = AUTOMATIC,
    progress: Callable[[str], None] | None = None,
) -> Run:
    """Return one run of the suite at *revision*, as pytest-benchmark or asv measured it.

    The revision is checked out in a workspace; the work tree is not touched. Commit and environment are read from git
    and from this machine, not from the tool's file.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: Anything that git resolves to a commit.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed if the revision has more than one suite.
        select: Shell-style pattern over the tool's names of benchmarks; None: all.
        environment_name: Name of the environment in the run; None: made from the system and the interpreter.
        python: Interpreter that the sides' environments are made from, unless the project asks for another; None: the
            running one.
        install: How the project is installed; see `perfgate.measure.sides.preparation.prepare_all`.
        progress: Called with a description of each step.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: There is no suite, it cannot be built or run, or it measures nothing. The message has the last
            lines of output.
    """
    report = progress or (lambda _: None)
    python = (python or Path(sys.executable)).absolute()
    root = git.root(repository)
    commit = git.commit(root, revision)
    with workspace() as folder:
        report(f"checking out {commit.sha[:12]}")
        check_out(root, commit.sha, folder / HEAD)
        found = discover(folder / HEAD, suite)
        shas = {HEAD: commit.sha}
        side = prepare_sides(shas, folder, found, repository=root, python=python, install=install, progress=report)[
            HEAD
        ]
        report(f"running the {found.tool} suite")
        run = tool_of(found).measure(found, side, select)
        environment = machine.describe(
            environment_name, side.python, exclude=frozenset(side.project), settings=side.settings
        )
    return msgspec.structs.replace(run, commit=commit, environment=environment, notes=(*run.notes, *side.notes))
