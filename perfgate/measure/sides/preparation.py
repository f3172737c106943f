"""Prepare all sides of a measurement, and decide who builds their environments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from perfgate.errors import MeasurementFailed
from perfgate.measure.hygiene import available_cpus
from perfgate.measure.processes import run_parallel
from perfgate.measure.sides import asv_environments
from perfgate.measure.sides.environment import ASV, PLAIN, prepare
from perfgate.measure.sides.requirements import differences
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite

AUTOMATIC = "auto"
"""Value of *install*: ``asv`` if the suite's configuration needs it, else ``plain``."""

MAX_BUILD_GAP_SECONDS = 3600.0
"""Environments that were built further apart may differ by what was released on the package index in between."""


def prepare_all(
    shas: Mapping[str, str],
    folder: Path,
    suite: Suite,
    *,
    repository: Path,
    python: Path,
    install: str = AUTOMATIC,
    progress: Callable[[str], None],
) -> dict[str, Side]:
    """Prepare all sides, at the same time if there is more than one CPU.

    Args:
        shas: The commit of each role; its checkout is in *folder* under the name of the role.
        folder: The workspace.
        suite: The suite of the last role. Its configuration decides who builds; each side is built by its own
            configuration, or by the last one's if it has none.
        repository: The developer's work tree.
        python: As in `prepare`.
        install: As in `prepare`; ``auto`` means ``asv`` if the suite's configuration needs it, else ``plain``.
        progress: Called with a description of each step.

    Raises:
        MeasurementFailed: As in `prepare`; the message names the side.
    """
    last = folder / list(shas)[-1]
    builder = _builder(install, suite, last)

    prepare_side = partial(prepare, repository=repository, python=python)

    def prepare_one(role: str, sha: str) -> Side:
        progress(f"preparing {role} {sha[:12]}")
        configuration = _configuration(suite, folder / role, last) if builder == ASV else None
        try:
            return prepare_side(role, sha, folder / role, install=builder, configuration=configuration)
        except MeasurementFailed as failure:
            raise MeasurementFailed(f"the {role} side: {failure}") from failure

    calls = {role: partial(prepare_one, role, sha) for role, sha in shas.items()}
    sides = run_parallel(calls, in_threads=len(available_cpus()) > 1)
    if builder == ASV and _were_built_apart(list(sides.values())):
        # What an index released between the two is not part of the change: the older side is built again.
        older = min(sides.values(), key=lambda side: side.built_at)
        asv_environments.forget(older.environment)
        sides[older.role] = prepare_one(older.role, older.sha)
    return sides


def _builder(install: str, suite: Suite, checkout: Path) -> str:
    """Return the value of *install* with ``auto`` replaced by what it means for *suite*."""
    if install == AUTOMATIC:
        needs_asv = suite.configuration is not None and asv_environments.needs_asv(checkout / suite.configuration)
        return ASV if needs_asv else PLAIN
    if install == ASV and suite.configuration is None:
        raise MeasurementFailed(f"install={ASV!r} needs an asv suite, and this is a {suite.tool} suite: leave it out")
    return install


def _configuration(suite: Suite, checkout: Path, last: Path) -> Path:
    """Return asv's configuration file of one side; that of the *last* checkout if the side has none."""
    assert suite.configuration is not None
    own = checkout / suite.configuration
    return own if own.is_file() else last / suite.configuration


def _were_built_apart(sides: Sequence[Side]) -> bool:
    """Tell whether the sides differ in their packages and were not built at about the same time."""
    times = [side.built_at for side in sides]
    return max(times) - min(times) > MAX_BUILD_GAP_SECONDS and any(
        differences(first.packages, second.packages) for first, second in pairwise(sides)
    )
