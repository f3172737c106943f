"""Prepare one side: make an environment for its checkout, and install the project and what its suite needs there.

The environment is a virtual environment of its own. It sees nothing of the interpreter that perfgate runs in: a project
that perfgate or pytest need themselves is measured in its own version. Where an asv configuration asks for a matrix or
for commands of its own, asv builds the environment.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.processes import run_tool
from perfgate.measure.sides import asv_environments
from perfgate.measure.sides.builds import Builds, build_wheels
from perfgate.measure.sides.installed import InstalledPackages, installed_packages
from perfgate.measure.sides.installer import Installer
from perfgate.measure.sides.project import (
    distribution_name,
    installed_modules,
    is_installable,
    is_project_module,
    source_modules,
)
from perfgate.measure.sides.side import AGENT_PACKAGE, Side, clean_variables

ASV, PLAIN, NEVER = "asv", "plain", "never"
"""Values of *install* besides a command; see `SideBuilder`."""

_PATHS = "zz_perfgate.pth"

_ASV_AND_VIRTUALENV = ("asv", "virtualenv", "packaging")


@dataclass(frozen=True, kw_only=True)
class SideBuilder:
    """Makes one side, step by step.

    Raises:
        MeasurementFailed: From each step: it failed; the message has the last lines of the program that did.
    """

    role: str
    """``base`` or ``head``."""
    sha: str
    """The full hash of the commit that is checked out."""
    checkout: Path
    repository: Path
    """The developer's work tree."""
    project: Path
    """The project's folder, relative to the checkout."""
    python: Path
    """The interpreter that perfgate runs in."""
    install: str = PLAIN
    """``plain``: install the project, if it says how it is built; else import it from its folder. ``never``: always do the
    latter. ``asv``: let asv make the environment and install into it. Anything else is a command that installs the project
    and everything that it requires; ``{python}`` and ``{checkout}`` in it are replaced."""
    configuration: Path | None = None
    """asv's configuration file; only for ``asv``."""

    def build(self, needs: SuiteNeeds) -> Builds:
        """Make the empty environment, and build the project's wheels or take them from the cache."""
        agent = self.checkout.with_name("agent")
        shutil.copytree(Path(__file__).parents[1] / "agent", agent / AGENT_PACKAGE, dirs_exist_ok=True)
        if self.install == ASV:
            self._provide_asv(needs.python)
            return Builds()
        self._installer(needs).make_environment(self._environment, needs.python)
        folder = self.checkout / self.project
        if self._is_command:
            words = [word.format(python=self._python, checkout=self.checkout) for word in shlex.split(self.install)]
            run_tool(words, cwd=self.checkout, environment=self._variables(needs), output=self._log)
            packages = Path(installed_packages(self._python, self._variables(needs), self._log).purelib)
            return Builds(modules=installed_modules(packages) or source_modules(folder))
        if self.install == NEVER or not is_installable(folder):
            return Builds()
        return build_wheels(
            self.checkout,
            self.sha,
            folder,
            installer=self._installer(needs),
            python=self._python,
            before_build=needs.before_build,
        )

    def complete(self, builds: Builds, needs: SuiteNeeds, *, as_of: str = "") -> Side:
        """Install the project and *needs* into the environment that `build` made; may be called again with more needs.

        Args:
            builds: What `build` returned.
            needs: What the suite needs.
            as_of: Use no package that was released after this moment, in ISO 8601.
        """
        if self.install == ASV:
            return self._build_with_asv(needs)
        folder = self.checkout / self.project
        requirements = [*_wheel_lines(builds, needs), *needs.packages]
        requirements += [f"-r {self.checkout / file}" for file in needs.requirement_files]
        if requirements:
            self._installer(needs).install(self._python, requirements, cwd=folder, as_of=as_of)
        installed = installed_packages(self._python, self._variables(needs), self._log)
        side = self._side(needs, installed)
        paths = [self.checkout.with_name("agent")]
        if builds.wheels:
            return self._with_wheels(side, builds, installed, paths)
        if not self._is_command:
            paths = [folder, *filter(Path.is_dir, [folder / "src"]), *paths]
        _write_paths(side, paths)
        own = distribution_name(folder)
        version = installed.packages[own].version if own in installed.packages else ""
        project = {own: version} if own else {}
        return replace(
            side,
            names=builds.modules or source_modules(folder),
            project=project,
            installed_as=f"by {self.install}" if self._is_command else "source tree",
            packages=installed.versions(exclude=project),
        )

    def _with_wheels(self, side: Side, builds: Builds, installed: InstalledPackages, paths: list[Path]) -> Side:
        """Return *side* with what the wheels put there."""
        _write_paths(side, paths)
        packages = [installed.packages[wheel.name] for wheel in builds.wheels if wheel.name in installed.packages]
        names = {module for package in packages for module in package.modules if is_project_module(module)}
        project = {wheel.name: installed.packages[wheel.name].version for wheel in builds.wheels}
        return replace(
            side,
            is_installed=True,
            names=tuple(sorted(names)),
            project=project,
            installed_as="wheel",
            packages=installed.versions(exclude=project),
            notes=builds.notes,
        )

    def _side(self, needs: SuiteNeeds, installed: InstalledPackages) -> Side:
        return Side(
            role=self.role,
            sha=self.sha,
            checkout=self.checkout,
            project_folder=self.checkout / self.project,
            environment=self._environment,
            site_packages=Path(installed.purelib),
            prefixes=tuple(installed.prefixes),
            repository=self.repository.resolve(),
            is_installed=False,
            settings=needs.variables,
            tool_python=self._python,
        )

    def _build_with_asv(self, needs: SuiteNeeds) -> Side:
        assert self.configuration is not None
        made = asv_environments.make(
            self.role,
            self.sha,
            self.checkout,
            self.configuration,
            developer_python=self._tool_python,
            variables={**clean_variables(), **needs.variables},
        )
        installed = installed_packages(made.python, clean_variables(), self._log)
        names = installed.from_files or frozenset({distribution_name(self.checkout)})
        modules = {module for name in names & installed.own for module in installed.packages[name].modules}
        project = {name: installed.packages[name].version for name in names if name in installed.packages}
        return replace(
            self._side(needs, installed),
            environment=made.python.parent.parent,
            # No path file is written into the environment: it is cached, and must stay as it was built.
            settings={**needs.variables, **made.variables, "PYTHONPATH": str(self.checkout.with_name("agent"))},
            tool_python=self._tool_python,
            notes=(made.note,),
            built_at=made.built_at,
            is_installed=bool(modules),
            names=tuple(sorted(filter(is_project_module, modules))) or source_modules(self.checkout),
            project=project,
            installed_as="by asv",
            packages=installed.versions(exclude=project),
        )

    @property
    def _is_command(self) -> bool:
        return self.install not in {ASV, PLAIN, NEVER}

    def _variables(self, needs: SuiteNeeds) -> dict[str, str]:
        return {**clean_variables(), **needs.variables}

    def _installer(self, needs: SuiteNeeds) -> Installer:
        return Installer(
            developer_python=self.python,
            variables=self._variables(needs),
            folder=self.checkout.parent,
            name=self.role,
        )

    @property
    def _environment(self) -> Path:
        return self.checkout.with_name(f"{self.role}_env")

    @property
    def _python(self) -> Path:
        return self._environment / "bin/python"

    def _provide_asv(self, version: str | None) -> None:
        """Make an environment with asv, unless the interpreter that perfgate runs in has it and will do."""
        command: list[str | Path] = [self.python, "-c", "import asv, virtualenv"]
        lacks_asv = run_tool(
            command, cwd=self.checkout, environment=clean_variables(), output=self._log, allowed=(0, 1)
        )
        if version or lacks_asv:
            installer, environment = self._installer(SuiteNeeds()), self._asv_python.parents[1]
            installer.make_environment(environment, version)
            installer.install(self._asv_python, _ASV_AND_VIRTUALENV, cwd=self.checkout)

    @property
    def _asv_python(self) -> Path:
        return self.checkout.with_name(f"{self.role}_asv") / "bin/python"

    @property
    def _tool_python(self) -> Path:
        """The interpreter that has asv and what it makes environments with."""
        return self._asv_python if self._asv_python.exists() else self.python

    @property
    def _log(self) -> Path:
        return self.checkout.with_name(f"{self.role}_log")


def _wheel_lines(builds: Builds, needs: SuiteNeeds) -> list[str]:
    """Return the requirements that the built wheels are installed by; the first is the project's."""
    lines: list[str] = []
    for wheel in builds.wheels:
        extras = f"[{','.join(needs.extras)}]" if needs.extras and not lines else ""
        lines.append(f"{wheel.name}{extras} @ {wheel.path.as_uri()}")
    return lines


def _write_paths(side: Side, folders: list[Path]) -> None:
    """Put *folders* on the import path of *side*, in this order, behind its own packages."""
    (side.site_packages / _PATHS).write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")
