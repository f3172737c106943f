"""One side of a measurement: a checkout and an environment in which it, and no other copy, is imported.

The environment is a virtual environment without pip. It sees the packages of the developer's interpreter through
plain path entries: their ``.pth`` files are not processed there, so an editable install of the project cannot put the
developer's work tree in front of a side's own code.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from perfgate import git
from perfgate.errors import MeasurementFailed
from perfgate.suite.processes import run_tool, tail

SERVED = "perfgate_served"
"""Name under which `perfgate/suite/served` is imported in a side."""

AUTOMATIC, NEVER = "auto", "never"
"""Values of *install* beside a command of one's own."""

_PATHS = "zz_perfgate.pth"
_NO_PROJECT_CODE = frozenset({"benchmark", "benchmarks", "bench", "conftest", "doc", "docs", "examples", "noxfile", "setup",
                              "tasks", "test", "tests"})  # fmt: skip
"""Top-level names of a checkout that another package may rightly bear."""

_REMOVED = (
    "COVERAGE_PROCESS_START",
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTEST_XDIST_WORKER",  # makes pytest-benchmark measure nothing
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
)
"""Variables that would let a side load something of the developer's, or compile everything anew in every process."""

_SITE = """
import json, site, sys
packages = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
print(json.dumps([packages, [sys.prefix, sys.base_prefix]]))
"""
_PURELIB = "import json, sysconfig; print(json.dumps([sysconfig.get_path('purelib')]))"


@dataclass(frozen=True, kw_only=True)
class Side:
    """A prepared checkout with its environment."""

    role: str
    """``base`` or ``head``: equally long, as are all paths made from it."""
    sha: str
    checkout: Path
    environment: Path
    """Folder of the virtual environment."""
    site_packages: Path
    """Its own folder of packages."""
    shared: tuple[Path, ...]
    """The developer's folders of packages, visible behind it."""
    prefixes: tuple[str, ...]
    """Folders of the developer's interpreter."""
    repository: Path
    """The developer's work tree, from which nothing may be imported."""
    names: tuple[str, ...]
    """Top-level names of the project's modules."""

    @property
    def python(self) -> Path:
        """Return the interpreter."""
        return self.environment / "bin/python"

    @property
    def variables(self) -> dict[str, str]:
        """Return environment variables: ours, without what would let another copy of the project in."""
        kept = _variables()
        path = os.pathsep.join((str(self.environment / "bin"), kept.get("PATH", os.defpath)))
        return {**kept, "PATH": path, "VIRTUAL_ENV": str(self.environment)}

    @property
    def origins(self) -> dict[str, Any]:
        """Return what `served.channel.Origins` needs to find modules of the wrong copy."""
        return {
            "own": [str(self.checkout), str(self.environment)],
            "elsewhere": str(self.repository),
            "shared": [*map(str, self.shared), *self.prefixes],
            "names": list(self.names),
        }

    def refuse_foreign(self, foreign: Iterable[Iterable[str]]) -> None:
        """Raise if a process of this side imported the project from anywhere but here.

        Args:
            foreign: Name and file of each such module, as the served process reports them.

        Raises:
            MeasurementFailed: There is one: both sides may have run the same code.
        """
        for name, file in foreign:
            raise MeasurementFailed(
                f"the {self.role} side imported {name!r} from {file}, not from its own checkout of {self.sha[:12]}:"
                " the two sides would run the same code. Uninstall the project there, or say how to install it"
            )


def prepare(role: str, sha: str, checkout: Path, *, repository: Path, python: Path, install: str = AUTOMATIC) -> Side:
    """Make the environment of one side next to its checkout.

    Args:
        role: ``base`` or ``head``.
        sha: The commit that was checked out.
        checkout: Where it stands.
        repository: The developer's work tree.
        python: The interpreter whose packages (the measuring tool among them) the side sees.
        install: ``auto``: install the project if it says how it is built, else put its top folder and ``src`` on the
            path. ``never``: always the latter. Anything else: a command, in which ``{python}`` and ``{checkout}``
            are replaced.

    Raises:
        MeasurementFailed: The environment cannot be made, or the project cannot be installed.
    """
    environment = checkout.with_name(f"{role}_env")
    log = checkout.with_name(f"{role}_log")
    plain = _variables()
    run_tool([python, "-m", "venv", "--without-pip", environment], cwd=checkout.parent, environment=plain, output=log)
    (site_packages,) = _ask(environment / "bin/python", _PURELIB, log)
    shared, prefixes = _ask(python, _SITE, log)
    side = Side(
        role=role,
        sha=sha,
        checkout=checkout,
        environment=environment,
        site_packages=Path(site_packages),
        shared=tuple(Path(path) for path in shared if Path(path).is_dir()),
        prefixes=tuple(prefixes),
        repository=repository.resolve(),
        names=(),
    )
    served = checkout.with_name("served")
    shutil.copytree(Path(__file__).with_name("served"), served / SERVED, dirs_exist_ok=True)
    _see(side, [served, *side.shared])
    if _install(side, install, python, log):
        return replace(side, names=_installed_names(side.site_packages) or _source_names(checkout))
    _see(side, [checkout, *filter(Path.is_dir, [checkout / "src"]), served, *side.shared])
    return replace(side, names=_source_names(checkout))


def distribution_name(checkout: Path) -> str:
    """Return the normalised name under which the project would be installed, empty where it does not say."""
    try:
        found = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
        return re.sub(r"[-_.]+", "-", found["project"]["name"]).lower()
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _see(side: Side, folders: list[Path]) -> None:
    """Put *folders* on the path of *side*, behind what is installed in it, in this order."""
    (side.site_packages / _PATHS).write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {*_REMOVED, *git.REDIRECTING}}


def _ask(python: Path, script: str, log: Path) -> Any:
    """Return what *script*, run by *python*, prints as JSON."""
    run_tool([python, "-c", script], cwd=log.parent, environment=_variables(), output=log)
    try:
        return json.loads(tail(log, lines=1))
    except ValueError as error:
        raise MeasurementFailed(f"{python} does not tell where its packages are: {tail(log)}") from error


def _install(side: Side, install: str, python: Path, log: Path) -> bool:
    """Install the project into its side and tell whether that was to be done."""
    if install == NEVER or (install == AUTOMATIC and not _says_how_it_is_built(side.checkout)):
        return False
    if install != AUTOMATIC:
        words = [word.format(python=side.python, checkout=side.checkout) for word in shlex.split(install)]
        run_tool(words, cwd=side.checkout, environment=side.variables, output=log)
        return True
    uv = shutil.which("uv", path=os.pathsep.join((str(python.parent), os.environ.get("PATH", os.defpath))))
    command = [uv, "pip", "install", "--python"] if uv else [str(python), "-m", "pip", "--python"]
    command += [str(side.python), *([] if uv else ["install"]), "--quiet", "--no-deps"]
    install_with = partial(run_tool, cwd=side.checkout.parent, environment=side.variables, output=log)
    try:
        install_with([*command, side.checkout])
    except MeasurementFailed as failure:
        try:  # without a package index, what builds it may still be installed here
            install_with([*command, "--no-build-isolation", side.checkout])
        except MeasurementFailed:
            raise MeasurementFailed(
                f"the project at {side.sha[:12]} cannot be installed. Give the command that does (install=), or"
                f" install={NEVER!r} to import it from its folder.\n{failure}"
            ) from failure
    return True


def _says_how_it_is_built(checkout: Path) -> bool:
    if (checkout / "setup.py").is_file():
        return True
    try:
        found = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return "project" in found or "build-system" in found


def _installed_names(site_packages: Path) -> tuple[str, ...]:
    """Return the top-level names that installing put into the side."""
    names = {
        path.name.partition(".")[0]
        for path in site_packages.iterdir()
        if not path.name.endswith((".dist-info", ".pth"))
    }
    return tuple(sorted(name for name in names if _is_project_name(name)))


def _source_names(checkout: Path) -> tuple[str, ...]:
    """Return the top-level names that the checkout's top folder and ``src`` offer."""
    places = [checkout, checkout / "src"]
    packages = {path.parent.name for place in places for path in place.glob("*/__init__.py")}
    modules = {path.stem for place in places for path in place.glob("*.py")}
    return tuple(sorted(name for name in packages | modules if _is_project_name(name)))


def _is_project_name(name: str) -> bool:
    return (
        name.isidentifier()
        and name not in _NO_PROJECT_CODE
        and name not in sys.stdlib_module_names
        and name != "__pycache__"
    )
