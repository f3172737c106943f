"""Environments that asv builds, where a suite's configuration needs more than the developer's interpreter has.

They are built in the cache and used in place, because an environment cannot be moved. An environment is used only for
the commit that it was built for, and only if nothing in it has changed since.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.measure.cache import BUILDS, user_cache
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides.asv_configuration import read_configuration
from perfgate.measure.sides.build_key import build_key
from perfgate.measure.workspaces import remove, workspace_of

_ANSWER = "perfgate.json"

_PLAIN_TYPES = frozenset({"", "existing", "uv", "virtualenv"})
"""Types of environment that do not differ from ours, if the configuration needs nothing else."""


class AsvEnvironment(msgspec.Struct, frozen=True):
    """An environment that asv built."""

    python: Path
    name: str
    """asv's own name for it: type, Python version and requirements."""
    combinations: int
    """How many environments the configuration names; this is the first."""
    missing: list[str]
    """The Python versions that the configuration names, if none of them is installed; else empty."""
    built_at: float
    """In seconds since 1970."""
    replaced: str
    """The type of environment that the configuration names, if it cannot be made here and virtualenv was used; else empty."""
    variables: dict[str, str]
    """Environment variables that the configuration sets."""

    @property
    def note(self) -> str:
        """Return a sentence about the environment for the reader of the result."""
        text = f"asv built the environments: {self.name}"
        if self.combinations > 1:
            text += f", the first of {self.combinations} that its configuration names"
        if self.replaced:
            text += f"; its configuration asks for {self.replaced}, which is not installed"
        if self.missing:
            text += f"; Python {', '.join(self.missing)}, which the configuration names, is not installed"
        return f"{text}."


def needs_asv(configuration: Path) -> str:
    """Return what an asv configuration contains that only asv can build, as text; empty if nothing.

    Raises:
        MeasurementFailed: The file is not the JSON that asv reads.
    """
    settings = read_configuration(configuration)
    found = [f"a {name}" for name in ("matrix", "build_command", "install_command") if settings.get(name)]
    if settings.get("include"):
        found.append("more than a matrix (include)")
    kind = str(settings.get("environment_type") or "")
    if kind not in _PLAIN_TYPES:
        found.append(f"an environment of type {kind!r}")
    return " and ".join(found)


def make(
    role: str, sha: str, checkout: Path, configuration: Path, *, developer_python: Path, variables: Mapping[str, str]
) -> AsvEnvironment:
    """Return an environment with the commit installed, from the cache or built by asv.

    Args:
        role: ``base`` or ``head``; part of its path.
        sha: The full sha of the commit.
        checkout: The folder of its checkout.
        configuration: asv's configuration file.
        developer_python: The interpreter that has asv.
        variables: Environment variables.

    Raises:
        MeasurementFailed: asv is missing, cannot make such an environment here, or its build fails.
    """
    owner = workspace_of(checkout)
    builds = user_cache(BUILDS, fallback=owner)
    versions = _versions(developer_python, variables, checkout)
    facts = (developer_python.resolve(), sys.platform, configuration.read_bytes(), versions)
    folder = builds.claim(build_key(f"asv-{role}", checkout, sha, *facts), owner)
    if not (folder / _ANSWER).exists():
        try:
            _build(sha, checkout, configuration, folder, developer_python, variables)
        except BaseException:  # KeyboardInterrupt, too, must leave no half-built environment; it is raised again
            remove(folder.parent)
            raise
        builds.seal(folder)
    answer = (folder / _ANSWER).read_bytes()
    return msgspec.json.decode(answer, type=AsvEnvironment, dec_hook=lambda kind, value: kind(value))


def forget(environment: Path) -> None:
    """Remove an environment from the cache, so that it is built again. No process may be running in it."""
    remove(environment.parents[1])


def _build(
    sha: str, checkout: Path, configuration: Path, folder: Path, developer_python: Path, variables: Mapping[str, str]
) -> None:
    """Let asv build an environment in the empty *folder*, and keep its answer there."""
    request = {"configuration": str(configuration), "repository": str(checkout), "folder": str(folder), "sha": sha}
    arguments = [msgspec.json.encode(request).decode(), str(folder / _ANSWER)]
    log = checkout.with_name(f"{checkout.name}_log")
    script = Path(__file__).parents[1] / "agent/asv/build.py"
    cwd = configuration.parent if configuration.is_relative_to(checkout) else checkout
    run_tool([developer_python, script, *arguments], cwd=cwd, environment=variables, output=log)
    answer = msgspec.json.decode((folder / _ANSWER).read_bytes())
    if reason := answer.get("unavailable"):
        raise MeasurementFailed(
            f"{configuration.name} needs {needs_asv(configuration) or 'nothing special'}, which only asv can build, and"
            f" it cannot: {reason}. Install what it needs beside perfgate, or measure with the packages that are installed"
            f" here (--install plain)\n{tail(log)}"
        )


def _versions(developer_python: Path, variables: Mapping[str, str], checkout: Path) -> str:
    """Return the versions of Python and asv that build. If this fails, so does the build, with a better message."""
    script = "import sys, importlib.metadata as m; print(sys.version, [m.version(n) for n in ('asv', 'virtualenv')])"
    log = checkout.with_name(f"{checkout.name}_versions")
    command: list[str | Path] = [developer_python, "-c", script]
    run_tool(command, cwd=checkout.parent, environment=variables, output=log, allowed=(0, 1))
    return tail(log, lines=1)
