"""Environments that asv itself makes, where a suite's configuration asks for more than the developer's interpreter has.

They stand in the cache and are used where they stand: an environment cannot be moved. One is used for the commit that
it was built for and no other, and again only as it was built.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import read_configuration
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides import cache, checkout
from perfgate.measure.sides.cache import Cache

_ANSWER = "perfgate.json"

_SERVED_BY_ANY = frozenset({"", "existing", "uv", "virtualenv"})
"""Types of environment that, with nothing else asked for, are no different from one that we make."""


class Made(msgspec.Struct, frozen=True):
    """An environment that asv made."""

    python: Path
    name: str
    """asv's own name for it: its type, Python and requirements."""
    combinations: int
    """How many the configuration asks for; this is the first."""
    missing: list[str]
    """Versions of Python that the configuration asks for and that are not here; empty if the environment has one."""
    built_at: float
    """In seconds since 1970."""
    variables: dict[str, str]
    """What the configuration sets in it."""

    @property
    def note(self) -> str:
        """Return what a reader must know about it, in one sentence."""
        text = f"asv built the environments: {self.name}"
        if self.combinations > 1:
            text += f", the first of {self.combinations} that its configuration asks for"
        if self.missing:
            text += f"; Python {', '.join(self.missing)}, which it asks for, is not here"
        return f"{text}."


def asks(configuration: Path) -> str:
    """Return what an asv configuration asks for that only asv builds; empty if nothing.

    Raises:
        MeasurementFailed: It is not the JSON that asv reads.
    """
    found = read_configuration(configuration)
    wanted = [f"a {name}" for name in ("matrix", "build_command", "install_command") if found.get(name)]
    if found.get("include"):
        wanted.append("more than a matrix (include)")
    kind = str(found.get("environment_type") or "")
    if kind not in _SERVED_BY_ANY:
        wanted.append(f"an environment of type {kind!r}")
    return " and ".join(wanted)


def make(
    role: str, sha: str, copy: Path, configuration: Path, *, developers: Path, variables: Mapping[str, str]
) -> Made:
    """Return an environment with the commit installed, built by asv or as it was built before.

    Args:
        role: ``base`` or ``head``; part of its path.
        sha: The full sha of the commit.
        copy: Its checkout.
        configuration: The file that asv reads.
        developers: The interpreter that has asv.
        variables: Environment variables.

    Raises:
        MeasurementFailed: asv is missing, cannot make what is asked for here, or cannot build.
    """
    owner = checkout.workspace_of(copy)
    kept = Cache.of_user(owner)
    facts = (developers.resolve(), sys.platform, configuration.read_bytes(), _versions(developers, variables, copy))
    folder = kept.claim(cache.key(f"asv-{role}", copy, sha, *facts), owner)
    if not (folder / _ANSWER).exists():
        try:
            _build(sha, copy, configuration, folder, developers, variables)
        except BaseException:
            checkout.remove(folder.parent)
            raise
        kept.seal(folder)
    return msgspec.json.decode((folder / _ANSWER).read_bytes(), type=Made, dec_hook=lambda kind, value: kind(value))


def forget(environment: Path) -> None:
    """Remove an environment that was made and that nothing runs in, so that it is built anew."""
    checkout.remove(environment.parents[1])


def _build(
    sha: str, copy: Path, configuration: Path, folder: Path, developers: Path, variables: Mapping[str, str]
) -> None:
    """Let asv build into the empty *folder*, and keep its answer there."""
    request = {"configuration": str(configuration), "repository": str(copy), "folder": str(folder), "sha": sha}
    words = [msgspec.json.encode(request).decode(), str(folder / _ANSWER)]
    log = copy.with_name(f"{copy.name}_log")
    script = Path(__file__).parents[1] / "agent" / "asv_build.py"
    here = configuration.parent if configuration.is_relative_to(copy) else copy
    run_tool([developers, script, *words], cwd=here, environment=variables, output=log)
    found = msgspec.json.decode((folder / _ANSWER).read_bytes())
    if why := found.get("unavailable"):
        raise MeasurementFailed(
            f"{configuration.name} asks for {asks(configuration) or 'nothing in particular'}, which asv makes: {why}."
            " Install what it needs beside perfgate, or measure with the packages that are installed here"
            f" (--install plain)\n{tail(log)}"
        )


def _versions(developers: Path, variables: Mapping[str, str], copy: Path) -> str:
    """Return the versions of Python and asv that build; a failure tells itself when asv is asked to."""
    script = "import sys, importlib.metadata as m; print(sys.version, [m.version(n) for n in ('asv', 'virtualenv')])"
    log = copy.with_name(f"{copy.name}_versions")
    run_tool([developers, "-c", script], cwd=copy.parent, environment=variables, output=log, allowed=(0, 1))
    return tail(log, lines=1)
