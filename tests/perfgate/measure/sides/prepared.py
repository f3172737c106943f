"""Prepare real sides without measuring on them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from perfgate.measure.discover import discover
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.sides.checkout import check_out
from perfgate.measure.sides.preparation import AUTOMATIC, prepare_all
from perfgate.measure.sides.side import Side
from tests.perfgate.measure.conftest import Project


def prepare(
    project: Project,
    folder: Path,
    revisions: dict[str, str],
    *,
    suite: str,
    needs: SuiteNeeds | None = None,
    install: str = AUTOMATIC,
) -> dict[str, Side]:
    """Check out *revisions*, by role, into *folder*, and prepare them for a suite that is not collected."""
    shas = {role: project.git("rev-parse", revision) for role, revision in revisions.items()}
    for role, sha in shas.items():
        check_out(project.path, sha, folder / role)
    return prepare_all(
        shas,
        folder,
        discover(folder / list(shas)[-1], suite),
        needs or SuiteNeeds(),
        repository=project.path,
        python=Path(sys.executable),
        install=install,
        try_out=_accepted,
        progress=lambda _: None,
    )


def _accepted(
    side: Side,
    needs: SuiteNeeds,
    complete: Callable[[SuiteNeeds], Side],  # noqa: ARG001 - nothing is added
) -> tuple[Side, SuiteNeeds]:
    return side, needs
