"""One side of a measurement: a checkout and an environment in which it, and no other copy, is imported.

The environment is a virtual environment without pip. It sees the packages of the developer's interpreter through
plain path entries: their ``.pth`` files are not processed there, so an editable install of the project cannot put the
developer's work tree in front of a side's own code. What the project asks for and does not see so is installed into its
side alone. Or asv makes the environment, where its configuration asks for more.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from perfgate import git
from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import Suite
from perfgate.measure.machine import available_cpus
from perfgate.measure.processes import run_tool, tail, together
from perfgate.measure.sides import asv_environments, cache
from perfgate.measure.sides.cache import Cache
from perfgate.measure.sides.checkout import workspace_of
from perfgate.measure.sides.installation import Installer, look, satisfy
from perfgate.measure.sides.requirements import Seen, differences, normalised

SERVED = "perfgate_agent"
"""Name under which `perfgate/measure/agent` is imported in a side."""

AUTOMATIC, ASV, PLAIN, NEVER = "auto", "asv", "plain", "never"
"""Values of *install* beside a command of one's own; see `prepare`."""

APART_SECONDS = 3600.0
"""Environments that were built further apart may differ by what was released in between."""

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
import json, platform, site, sys
packages = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
print(json.dumps([packages, [sys.prefix, sys.base_prefix], [sys.version, sys.prefix, platform.platform()]]))
"""


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
    names: tuple[str, ...] = ()
    """Top-level names of the project's modules."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions of all that it sees installed, by normalised name, the project left out."""
    project: frozenset[str] = frozenset()
    """Normalised names under which the project itself is installed."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables that belong to its environment."""
    tool: Path
    """The interpreter that has the measuring tool itself, and not only what serves its benchmarks."""
    notes: tuple[str, ...] = ()
    """What a reader must know about the environment, one sentence each."""
    built_at: float = field(default_factory=time.time)
    """When what it has installed was chosen, in seconds since 1970."""

    @property
    def python(self) -> Path:
        """Return the interpreter."""
        return self.environment / "bin/python"

    @property
    def variables(self) -> dict[str, str]:
        """Return environment variables: ours, without what would let another copy of the project in."""
        kept = _variables()
        path = os.pathsep.join((str(self.environment / "bin"), kept.get("PATH", os.defpath)))
        return {**kept, "PATH": path, "VIRTUAL_ENV": str(self.environment), **self.settings}

    @property
    def origins(self) -> dict[str, Any]:
        """Return what `agent.channel.Origins` needs to find modules of the wrong copy."""
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
    """Make the environments of all sides, at the same time where there is more than one CPU.

    Args:
        shas: The commit of each role; its checkout stands in *folder* under the role's name.
        folder: The workspace.
        suite: What is measured, as the last of the roles has it. Its configuration decides for all who builds; each
            side is built as its own says, or as the last one's where it has none.
        repository: The developer's work tree.
        python: As `prepare`.
        install: As `prepare`; ``auto`` also means ``asv`` where the suite's configuration asks for what only asv builds.
        progress: Is told what begins.

    Raises:
        MeasurementFailed: As `prepare`, with the side named; nothing goes on then.
    """
    last = folder / list(shas)[-1]
    builder = install
    if install == AUTOMATIC:
        asks = suite.configuration is not None and asv_environments.asks(last / suite.configuration)
        builder = ASV if asks else PLAIN
    if builder == ASV and suite.configuration is None:
        raise MeasurementFailed(f"install={ASV!r} needs an asv suite, and this is a {suite.kind} suite: leave it out")

    def one(role: str, sha: str) -> Side:
        progress(f"preparing {role} {sha[:12]}")
        configuration = None
        if builder == ASV and suite.configuration is not None:
            own = folder / role / suite.configuration
            configuration = own if own.is_file() else last / suite.configuration
        try:
            return prepare(
                role,
                sha,
                folder / role,
                repository=repository,
                python=python,
                install=builder,
                configuration=configuration,
            )
        except MeasurementFailed as failure:
            raise MeasurementFailed(f"the {role} side: {failure}") from failure

    calls = {role: partial(one, role, sha) for role, sha in shas.items()}
    sides = together(calls, at_once=len(available_cpus()) > 1)
    if builder == ASV and _were_built_apart(list(sides.values())):
        # What an index had new between the two is no part of the change: the older one gets it too.
        older = min(sides.values(), key=lambda side: side.built_at)
        asv_environments.forget(older.environment)
        sides[older.role] = one(older.role, older.sha)
    return sides


def _were_built_apart(sides: Sequence[Side]) -> bool:
    """Tell whether sides differ in their packages and were not built at about the same time."""
    times = [side.built_at for side in sides]
    return max(times) - min(times) > APART_SECONDS and any(
        differences(one.packages, other.packages) for one, other in pairwise(sides)
    )


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
    """Make the environment of one side next to its checkout, or take it from the cache.

    Args:
        role: ``base`` or ``head``.
        sha: The commit that was checked out.
        checkout: Where it stands.
        repository: The developer's work tree.
        python: The interpreter whose packages (the measuring tool among them) the side sees; or, for asv, that has asv.
        install: ``plain``: install the project if it says how it is built, and what it asks for and does not see; else
            put its top folder and ``src`` on the path. ``never``: always the latter. ``asv``: asv makes the environment
            and installs into it. Anything else: a command, in which ``{python}`` and ``{checkout}`` are replaced; it
            installs the project and all that it needs.
        configuration: What asv reads; only for ``asv``.

    Raises:
        MeasurementFailed: The environment cannot be made, or the project cannot be installed.
    """
    served = checkout.with_name("served")
    shutil.copytree(Path(__file__).parents[1] / "agent", served / SERVED, dirs_exist_ok=True)
    if configuration is not None:
        return _made_by_asv(role, sha, checkout, configuration, repository=repository, python=python)
    environment, log = checkout.with_name(f"{role}_env"), checkout.with_name(f"{role}_log")
    plain = _variables()
    run_tool([python, "-m", "venv", "--without-pip", environment], cwd=checkout.parent, environment=plain, output=log)
    shared, prefixes, build = _ask(python, log)
    side = Side(
        role=role,
        sha=sha,
        checkout=checkout,
        environment=environment,
        site_packages=Path(look(environment / "bin/python", plain, log).purelib),
        shared=tuple(Path(path) for path in shared if Path(path).is_dir()),
        prefixes=tuple(prefixes),
        repository=repository.resolve(),
        tool=environment / "bin/python",
    )
    _see(side, [served, *side.shared])
    if not _install(side, install, python, build, log):
        _see(side, [checkout, *filter(Path.is_dir, [checkout / "src"]), served, *side.shared])
        return _known(side, look(side.python, side.variables, log), _source_names(checkout), frozenset())
    names = _installed_names(side.site_packages) or _source_names(checkout)
    seen = look(side.python, side.variables, log)
    project = seen.own
    if install == PLAIN:
        seen = satisfy(Installer(developers=python, python=side.python, variables=side.variables, log=log), seen)
    return _known(side, seen, names, project)


def _made_by_asv(role: str, sha: str, checkout: Path, configuration: Path, *, repository: Path, python: Path) -> Side:
    made = asv_environments.make(role, sha, checkout, configuration, developers=python, variables=_variables())
    log = checkout.with_name(f"{role}_log")
    seen = look(made.python, _variables(), log)
    side = Side(
        role=role,
        sha=sha,
        checkout=checkout,
        environment=made.python.parent.parent,
        site_packages=Path(seen.purelib),
        shared=(),
        prefixes=tuple(seen.prefixes),
        repository=repository.resolve(),
        # Its folder of packages stays as it was built: it may serve again.
        settings={**made.variables, "PYTHONPATH": str(checkout.with_name("served"))},
        tool=python,
        notes=(made.note,),
        built_at=made.built_at,
    )
    project = seen.from_files or frozenset({distribution_name(checkout)})
    modules = {top for name in project & seen.own for top in seen.packages[name].modules if _is_project_name(top)}
    return _known(side, seen, tuple(sorted(modules)) or _source_names(checkout), project)


def _known(side: Side, seen: Seen, names: tuple[str, ...], project: frozenset[str]) -> Side:
    """Return *side* with what is known once all is installed."""
    project |= {distribution_name(side.checkout)}
    return replace(side, names=names, project=project, packages=seen.versions(leaving_out=project))


def distribution_name(checkout: Path) -> str:
    """Return the normalised name under which the project would be installed, empty where it does not say."""
    try:
        found = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
        return normalised(found["project"]["name"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _see(side: Side, folders: list[Path]) -> None:
    """Put *folders* on the path of *side*, behind what is installed in it, in this order."""
    (side.site_packages / _PATHS).write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {*_REMOVED, *git.REDIRECTING}}


def _ask(python: Path, log: Path) -> Any:
    """Return where the packages of *python* are, its prefixes, and what it is."""
    run_tool([python, "-c", _SITE], cwd=log.parent, environment=_variables(), output=log)
    try:
        return json.loads(tail(log, lines=1))
    except ValueError as error:
        raise MeasurementFailed(f"{python} does not tell where its packages are: {tail(log)}") from error


def _install(side: Side, install: str, python: Path, build: list[str], log: Path) -> bool:
    """Install the project into its side and tell whether that was to be done."""
    if install == NEVER or (install == PLAIN and not _says_how_it_is_built(side.checkout)):
        return False
    if install != PLAIN:
        words = [word.format(python=side.python, checkout=side.checkout) for word in shlex.split(install)]
        run_tool(words, cwd=side.checkout, environment=side.variables, output=log)
        return True
    installer = Installer(developers=python, python=side.python, variables=side.variables, log=log)
    wheels = side.checkout.with_name(f"{side.role}_wheel")
    kept = Cache.of_user(workspace_of(side.checkout))
    key = cache.key("wheel", side.checkout, side.sha, *build)
    try:
        if not kept.fetch(key, wheels):
            installer.build(side.checkout, wheels)
            kept.store(key, wheels)
        installer.install(sorted(wheels.glob("*.whl")))
    except MeasurementFailed as failure:
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
