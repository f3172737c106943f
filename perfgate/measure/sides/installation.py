"""Install the project and its requirements into one side, with pip or uv."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfgate.errors import MeasurementFailed
from perfgate.measure.processes import run_tool
from perfgate.measure.sides.installed import InstalledPackages, installed_packages
from perfgate.measure.sides.requirements import unmet
from perfgate.measure.workspaces import remove

_MAX_ROUNDS = 20
"""How often a newly installed package may itself have unmet requirements: more than any chain of dependencies seen."""


@dataclass(frozen=True, kw_only=True)
class Installer:
    """Builds and installs into one side: with uv if there is one, else with pip.

    pip runs in the developer's interpreter, because a side has none.
    """

    developer_python: Path
    """The developer's interpreter."""
    python: Path
    """The side's interpreter."""
    variables: Mapping[str, str]
    """Environment variables."""
    log: Path
    """File that receives the output."""

    def build(self, source: Path, folder: Path) -> None:
        """Build the wheel of *source* into the new *folder*.

        Raises:
            MeasurementFailed: The build fails, with its build requirements and with the packages installed here.
        """
        try:
            self._build(source, folder, [])
        except MeasurementFailed as failure:
            remove(folder)
            try:  # without a package index, the build requirements may still be installed here
                self._build(source, folder, ["--no-build-isolation"])
            except MeasurementFailed:
                raise failure from None

    def install(self, items: Sequence[str | Path]) -> None:
        """Install files or requirements, without their dependencies.

        Raises:
            MeasurementFailed: The installation fails.
        """
        uv: list[str | Path] = [self._uv, "pip", "install", "--python", self.python] if self._uv else []
        self._run([*(uv or [*self._pip, "install"]), "--quiet", "--no-deps", *items])

    def install_requirements(self, installed: InstalledPackages) -> InstalledPackages:
        """Install the unmet requirements of the side's own packages; return what is installed then.

        Raises:
            MeasurementFailed: A package cannot be installed; the message names it and what to do.
        """
        for _ in range(_MAX_ROUNDS):
            lacking = unmet(installed, installed.own)
            if not lacking:
                return installed
            try:
                self.install([text for package in lacking for text in package.requirements])
            except MeasurementFailed as failure:
                raise MeasurementFailed(
                    f"the project requires {'; '.join(map(str, lacking))}, which cannot be installed. Install it"
                    " where perfgate runs, or name an index that has it (PIP_INDEX_URL, PIP_FIND_LINKS; for uv"
                    f" UV_INDEX_URL, UV_FIND_LINKS)\n{failure}"
                ) from failure
            installed = installed_packages(self.python, self.variables, self.log)
        raise MeasurementFailed(
            f"the project's requirements are still not met after {_MAX_ROUNDS} rounds of installing:"
            f" {'; '.join(map(str, lacking))}. Give the command that installs it (install=)"
        )

    @property
    def _uv(self) -> str | None:
        path = os.pathsep.join((str(self.developer_python.parent), os.environ.get("PATH", os.defpath)))
        return shutil.which("uv", path=path)

    @property
    def _pip(self) -> list[str | Path]:
        return [self.developer_python, "-m", "pip", "--python", self.python]

    def _build(self, source: Path, folder: Path, options: Sequence[str]) -> None:
        uv: list[str | Path] = [self._uv, "build", "--wheel", "--python", self.python] if self._uv else []
        command = [*uv, "--out-dir", folder] if uv else [*self._pip, "wheel", "--no-deps", "--wheel-dir", folder]
        self._run([*command, "--quiet", *options, source])

    def _run(self, command: Sequence[str | Path]) -> None:
        run_tool(command, cwd=self.log.parent, environment=self.variables, output=self.log)
