"""Prepare one side: make an environment for its checkout, and install the project and its requirements there.

The environment is a virtual environment without pip. It sees the packages of the developer's interpreter through plain
path entries. ``.pth`` files in those folders are not processed, so an editable install of the project cannot put the
developer's work tree in front of the side's own code. Requirements that are not met are installed into the side alone.
Where an asv configuration needs more than that, asv builds the environment.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.cache import BUILDS, user_cache
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides import asv_environments
from perfgate.measure.sides.build_key import build_key
from perfgate.measure.sides.installation import Installer
from perfgate.measure.sides.installed import InstalledPackages, installed_packages
from perfgate.measure.sides.project import (
    distribution_name,
    installed_modules,
    is_installable,
    is_project_module,
    source_modules,
)
from perfgate.measure.sides.side import AGENT_PACKAGE, Side, clean_variables
from perfgate.measure.workspaces import workspace_of

ASV, PLAIN, NEVER = "asv", "plain", "never"
"""Values of *install* besides a command; see `prepare`."""

_PATHS = "zz_perfgate.pth"

_SITE_SCRIPT = """
import json, platform, site, sys
packages = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
print(json.dumps([packages, [sys.prefix, sys.base_prefix], [sys.version, sys.prefix, platform.platform()]]))
"""


def prepare(
    role: str,
    sha: str,
    checkout: Path,
    *,
    repository: Path,
    python: Path,
    install: str = PLAIN,
    configuration: Path | None = None,
) -> Side:
    """Make the environment of one side beside its checkout, or take it from the cache.

    Args:
        role: ``base`` or ``head``.
        sha: The commit that is checked out.
        checkout: Its folder.
        repository: The developer's work tree.
        python: The interpreter whose packages, including the benchmark tool, the side sees; for asv, the interpreter
            that has asv.
        install: ``plain``: install the project, if it says how it is built, and its unmet requirements; else put its top
            folder and ``src`` on the path. ``never``: always do the latter. ``asv``: let asv make the environment and
            install into it. Anything else is a command that installs the project and all its requirements; ``{python}``
            and ``{checkout}`` in it are replaced.
        configuration: asv's configuration file; only for ``asv``.

    Raises:
        MeasurementFailed: The environment cannot be made, or the project cannot be installed.
    """
    agent = checkout.with_name("agent")
    shutil.copytree(Path(__file__).parents[1] / "agent", agent / AGENT_PACKAGE, dirs_exist_ok=True)
    if configuration is not None:
        return _prepare_with_asv(role, sha, checkout, configuration, repository=repository, python=python)
    log = checkout.with_name(f"{role}_log")
    site_folders, prefixes, build = _site(python, log)
    side = _new_environment(role, sha, checkout, repository, python, log)
    side = replace(side, shared=tuple(filter(Path.is_dir, map(Path, site_folders))), prefixes=tuple(prefixes))
    _write_paths(side, [agent, *side.shared])
    if not _install(side, install, python, build, log):
        _write_paths(side, [checkout, *filter(Path.is_dir, [checkout / "src"]), agent, *side.shared])
        return _completed(
            side, installed_packages(side.python, side.variables, log), source_modules(checkout), frozenset()
        )
    modules = installed_modules(side.site_packages) or source_modules(checkout)
    installed = installed_packages(side.python, side.variables, log)
    project = installed.own
    if install == PLAIN:
        installed = _installer(side, python, log).install_requirements(installed)
    return _completed(side, installed, modules, project)


def _new_environment(role: str, sha: str, checkout: Path, repository: Path, python: Path, log: Path) -> Side:
    """Make an empty virtual environment beside *checkout*."""
    environment, variables = checkout.with_name(f"{role}_env"), clean_variables()
    command: list[str | Path] = [python, "-m", "venv", "--without-pip", environment]
    run_tool(command, cwd=checkout.parent, environment=variables, output=log)
    return Side(
        role=role,
        sha=sha,
        checkout=checkout,
        environment=environment,
        site_packages=Path(installed_packages(environment / "bin/python", variables, log).purelib),
        shared=(),
        prefixes=(),
        repository=repository.resolve(),
        tool_python=environment / "bin/python",
    )


def _prepare_with_asv(
    role: str, sha: str, checkout: Path, configuration: Path, *, repository: Path, python: Path
) -> Side:
    variables = clean_variables()
    made = asv_environments.make(role, sha, checkout, configuration, developer_python=python, variables=variables)
    log = checkout.with_name(f"{role}_log")
    installed = installed_packages(made.python, variables, log)
    side = Side(
        role=role,
        sha=sha,
        checkout=checkout,
        environment=made.python.parent.parent,
        site_packages=Path(installed.purelib),
        shared=(),
        prefixes=tuple(installed.prefixes),
        repository=repository.resolve(),
        # No path file is written into the environment: it is cached, and must stay as it was built.
        settings={**made.variables, "PYTHONPATH": str(checkout.with_name("agent"))},
        tool_python=python,
        notes=(made.note,),
        built_at=made.built_at,
    )
    project = installed.from_files or frozenset({distribution_name(checkout)})
    modules = {module for name in project & installed.own for module in installed.packages[name].modules}
    return _completed(
        side, installed, tuple(sorted(filter(is_project_module, modules))) or source_modules(checkout), project
    )


def _completed(side: Side, installed: InstalledPackages, names: tuple[str, ...], project: frozenset[str]) -> Side:
    """Return *side* with what is known after the installation."""
    project |= {distribution_name(side.checkout)}
    return replace(side, names=names, project=project, packages=installed.versions(exclude=project))


def _write_paths(side: Side, folders: Sequence[Path]) -> None:
    """Put *folders* on the import path of *side*, in this order, behind its own packages."""
    (side.site_packages / _PATHS).write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")


def _site(python: Path, log: Path) -> Any:
    """Return the site-packages folders of *python*, its prefixes, and the facts that identify it."""
    run_tool([python, "-c", _SITE_SCRIPT], cwd=log.parent, environment=clean_variables(), output=log)
    try:
        return json.loads(tail(log, lines=1))
    except ValueError as error:
        raise MeasurementFailed(f"{python} cannot list its site-packages folders: {tail(log)}") from error


def _install(side: Side, install: str, python: Path, build: list[str], log: Path) -> bool:
    """Install the project into its side; return False if it is not to be installed."""
    if install == NEVER or (install == PLAIN and not is_installable(side.checkout)):
        return False
    if install == PLAIN:
        _install_wheel(side, _installer(side, python, log), build)
    else:
        words = [word.format(python=side.python, checkout=side.checkout) for word in shlex.split(install)]
        run_tool(words, cwd=side.checkout, environment=side.variables, output=log)
    return True


def _installer(side: Side, python: Path, log: Path) -> Installer:
    return Installer(developer_python=python, python=side.python, variables=side.variables, log=log)


def _install_wheel(side: Side, installer: Installer, build: list[str]) -> None:
    """Install the project's wheel, from the cache if it was built before from this commit in the same way."""
    wheels = side.checkout.with_name(f"{side.role}_wheel")
    builds = user_cache(BUILDS, fallback=workspace_of(side.checkout))
    key = build_key("wheel", side.checkout, side.sha, *build)
    try:
        if not builds.fetch(key, wheels):
            installer.build(side.checkout, wheels)
            builds.store(key, wheels)
        installer.install(sorted(wheels.glob("*.whl")))
    except MeasurementFailed as failure:
        raise MeasurementFailed(
            f"the project at {side.sha[:12]} cannot be installed. Give the command that installs it (install=), or"
            f" install={NEVER!r} to import it from its folder.\n{failure}"
        ) from failure
