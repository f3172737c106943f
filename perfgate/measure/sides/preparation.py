"""Prepare all sides of a measurement: decide who builds, try the suite out, and give both sides the same packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from perfgate.errors import MeasurementFailed
from perfgate.measure.hygiene import available_cpus
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.processes import run_parallel
from perfgate.measure.sides import asv_environments
from perfgate.measure.sides.builds import Builds
from perfgate.measure.sides.environment import ASV, PLAIN, SideBuilder
from perfgate.measure.sides.requirements import differences
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite

AUTOMATIC = "auto"
"""Value of *install*: ``asv`` if the suite's configuration needs it, else ``plain``."""

MAX_BUILD_GAP_SECONDS = 3600.0
"""Environments that were built further apart may differ by what was released on the package index in between."""

TryOut = Callable[[Side, SuiteNeeds, Callable[[SuiteNeeds], Side]], tuple[Side, SuiteNeeds]]
"""Collects the suite on a side; returns that side and its needs, or a side that was completed with more needs."""


def prepare_all(
    shas: Mapping[str, str],
    folder: Path,
    suite: Suite,
    needs: SuiteNeeds,
    *,
    repository: Path,
    python: Path,
    install: str = AUTOMATIC,
    try_out: TryOut,
    progress: Callable[[str], None],
) -> dict[str, Side]:
    """Prepare all sides, at the same time if there is more than one CPU.

    The last side is completed first and the suite is collected on it; the others get the needs that were found there.

    Args:
        shas: The commit of each role; its checkout is in *folder* under the name of the role.
        folder: The workspace.
        suite: The suite of the last role. Its configuration decides who builds; each side is built by its own
            configuration, or by the last one's if it has none.
        needs: What the suite is known to need.
        repository: The developer's work tree.
        python: As in `SideBuilder`.
        install: As in `SideBuilder`; ``auto`` means ``asv`` if the suite's configuration needs it, else ``plain``.
        try_out: Collects the suite on the last side.
        progress: Called with a description of each step.

    Raises:
        MeasurementFailed: As in `SideBuilder`, or the suite cannot be collected; the message names the side.
    """
    last = list(shas)[-1]
    method = _method(install, suite, folder / last)
    builders = {
        role: SideBuilder(
            role=role,
            sha=sha,
            checkout=folder / role,
            repository=repository,
            project=suite.project,
            python=python,
            install=method,
            configuration=_configuration(suite, folder / role, folder / last) if method == ASV else None,
        )
        for role, sha in shas.items()
    }
    return _Preparation(builders=builders, try_out=try_out, progress=progress).prepare(needs)


@dataclass(frozen=True, kw_only=True)
class _Preparation:
    """The builders of all sides, by role."""

    builders: Mapping[str, SideBuilder]
    try_out: TryOut
    progress: Callable[[str], None]

    def prepare(self, needs: SuiteNeeds) -> dict[str, Side]:
        *others, last = self.builders
        calls: dict[str, Callable[[], Builds | Side | tuple[Side, SuiteNeeds]]] = {
            last: partial(self._first, last, needs),
            **{role: partial(self._other, role, needs) for role in others},
        }
        # The suite is collected while the others are built: where that fails, their builds are canceled.
        done = run_parallel(calls, in_threads=len(available_cpus()) > 1)
        first = done.pop(last)
        assert isinstance(first, tuple)
        side, needs = first
        sides = {role: made for role, made in done.items() if isinstance(made, Side)}
        sides |= {role: self._complete(role, made, needs) for role, made in done.items() if isinstance(made, Builds)}
        sides[last] = side
        if self.builders[last].install == ASV and _were_built_apart(list(sides.values())):
            # What an index released between the two is not part of the change: the older side is built again.
            older = min(sides.values(), key=lambda side: side.built_at)
            asv_environments.forget(older.environment)
            sides[older.role] = self._complete(older.role, Builds(), needs)
        return sides

    def _first(self, role: str, needs: SuiteNeeds) -> tuple[Side, SuiteNeeds]:
        builds = self._build(role, needs)
        side = self._complete(role, builds, needs)
        self.progress("collecting the suite")
        return self.try_out(side, needs, partial(self._complete, role, builds))

    def _other(self, role: str, needs: SuiteNeeds) -> Builds | Side:
        """Do what does not depend on what collecting the suite on the last side will find."""
        builds = self._build(role, needs)
        return self._complete(role, builds, needs) if self.builders[role].install == ASV else builds

    def _build(self, role: str, needs: SuiteNeeds) -> Builds:
        builder = self.builders[role]
        self.progress(f"building {role} {builder.sha[:12]}")
        try:
            return builder.build(needs)
        except MeasurementFailed as failure:
            raise MeasurementFailed(f"the {role} side: {failure}") from failure

    def _complete(self, role: str, builds: Builds, needs: SuiteNeeds) -> Side:
        builder = self.builders[role]
        self.progress(f"installing {role} {builder.sha[:12]}")
        try:
            return builder.complete(builds, needs)
        except MeasurementFailed as failure:
            raise MeasurementFailed(f"the {role} side: {failure}") from failure


def _method(install: str, suite: Suite, checkout: Path) -> str:
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
