"""Prepare the sides of a measurement with everything that their suite needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from perfgate.measure.discover import suite_table
from perfgate.measure.needs.detection import find_needs
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.needs.trial import Collected, try_out
from perfgate.measure.sides.builds import projects_in
from perfgate.measure.sides.checkout import copy_benchmarks
from perfgate.measure.sides.preparation import AUTOMATIC, prepare_all
from perfgate.measure.sides.project import distribution_name, source_modules
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of


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
    tool, origin = tool_of(suite), origin or folder / list(shas)[-1]
    project = origin / suite.project
    detected = find_needs(
        origin,
        suite,
        tool.packages,
        suite_table=suite_table(origin),
        own=[*projects_in(origin), distribution_name(project)],
        own_modules=set(source_modules(project)),
    )

    def collect(side: Side) -> Collected:
        if side.checkout != origin:
            copy_benchmarks(suite, origin, side.checkout)
        return tool.collect(suite, side)

    def tried_out(side: Side, needs: SuiteNeeds, complete: Callable[[SuiteNeeds], Side]) -> tuple[Side, SuiteNeeds]:
        return try_out(side, needs, collect=collect, complete=complete, added=detected.added, advice=detected.advice)

    return prepare_all(
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
