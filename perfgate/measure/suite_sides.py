"""Prepare the sides of a measurement with everything that their suite needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from perfgate import git
from perfgate.measure.discover import discover, suite_table
from perfgate.measure.needs.detection import DetectedNeeds, find_needs
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.needs.trial import Collected, try_out
from perfgate.measure.sides.builds import projects_in
from perfgate.measure.sides.checkout import check_out, copy_benchmarks
from perfgate.measure.sides.preparation import AUTOMATIC, prepare_all
from perfgate.measure.sides.project import distribution_name, source_modules
from perfgate.measure.sides.side import HEAD, Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of
from perfgate.measure.workspaces import workspace
from perfgate.policy.suite_table import SuiteTable


@dataclass(frozen=True, kw_only=True)
class TriedSuite:
    """A suite that was collected in an environment of its own."""

    suite: Suite
    table: SuiteTable
    """What it needs, as ``[suite]`` of perfgate.toml says it."""
    sources: tuple[str, ...]
    """Where the requirements are declared."""
    count: int
    """Number of benchmarks that were found."""
    errors: str
    """What the tool printed about files that could not be collected."""


def try_suite(
    repository: Path,
    revision: str,
    name: str | None,
    *,
    python: Path,
    progress: Callable[[str], None],
) -> TriedSuite:
    """Build one environment, collect a suite there, and return what it needs and how many benchmarks it has.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: The revision to build.
        name: As in `perfgate.measure.discover.discover`.
        python: The interpreter that perfgate runs in.
        progress: Called with a description of each step.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: It cannot be built, or no benchmark can be collected; the message says what to add.
    """
    root = git.root(repository)
    sha = git.resolve(root, revision)
    with workspace() as folder:
        check_out(root, sha, folder / HEAD)
        suite = discover(folder / HEAD, name)
        prepared = _prepare({HEAD: sha}, folder, suite, None, root, python, AUTOMATIC, progress)
        collected = tool_of(suite).collect(suite, prepared.sides[HEAD])
        return TriedSuite(
            suite=suite,
            table=prepared.detected.table(prepared.needs, suite),
            sources=prepared.needs.sources,
            count=collected.count,
            errors=collected.errors,
        )


def prepare_sides(
    shas: Mapping[str, str],
    folder: Path,
    suite: Suite,
    *,
    origin: Path | None = None,
    repository: Path,
    python: Path,
    install: str = AUTOMATIC,
    progress: Callable[[str], None],
) -> dict[str, Side]:
    """Return a prepared side for each role, all with the same needs, on the last of which the suite was collected.

    Args:
        shas: The commit of each role; its checkout is in *folder* under the name of the role.
        folder: The workspace.
        suite: The suite that is measured.
        origin: The checkout whose benchmarks are measured; None: that of the last role.
        repository: The developer's work tree.
        python: The interpreter that perfgate runs in; for asv's environments, the one that has asv.
        install: As in `perfgate.measure.sides.preparation.prepare_all`.
        progress: Called with a description of each step.

    Raises:
        MeasurementFailed: A side cannot be prepared, or no benchmark can be collected.
    """
    return _prepare(shas, folder, suite, origin, repository, python, install, progress).sides


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """Sides, and what was found out on the way."""

    sides: dict[str, Side]
    needs: SuiteNeeds
    detected: DetectedNeeds


def _prepare(
    shas: Mapping[str, str],
    folder: Path,
    suite: Suite,
    origin: Path | None,
    repository: Path,
    python: Path,
    install: str,
    progress: Callable[[str], None],
) -> _Prepared:
    tool, origin = tool_of(suite), origin or folder / list(shas)[-1]
    project = origin / suite.project
    detected = find_needs(
        origin,
        suite,
        tool.packages(suite),
        suite_table=suite_table(origin),
        own=[*projects_in(origin), distribution_name(project)],
        own_modules=set(source_modules(project)),
    )
    final = detected.needs

    def collect(side: Side) -> Collected:
        if side.checkout != origin:
            copy_benchmarks(suite, origin, side.checkout)
        return tool.collect(suite, side)

    def tried_out(side: Side, needs: SuiteNeeds, complete: Callable[[SuiteNeeds], Side]) -> tuple[Side, SuiteNeeds]:
        nonlocal final
        side, final = try_out(
            side, needs, collect=collect, complete=complete, added=detected.added, advice=detected.advice
        )
        return side, final

    sides = prepare_all(
        shas,
        folder,
        suite,
        detected.needs,
        repository=repository,
        python=python,
        install=install,
        try_out=tried_out,
        progress=progress,
    )
    return _Prepared(sides=sides, needs=final, detected=detected)
