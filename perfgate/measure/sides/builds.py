"""Build the wheels of a side: of the project, and of other projects in the same repository that it requires."""

from __future__ import annotations

import os
import shlex
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from perfgate import git
from perfgate.errors import MeasurementFailed
from perfgate.measure.cache import BUILDS, user_cache
from perfgate.measure.processes import run_tool
from perfgate.measure.sides.build_key import build_key
from perfgate.measure.sides.installer import Installer
from perfgate.measure.sides.project import distribution_name, is_installable
from perfgate.measure.workspaces import workspace_of

_SKIPPED_FOLDERS = frozenset({"node_modules", "venv", "env", "build", "dist", "test", "tests", "docs", "examples"})
_MAX_DEPTH = 3
"""How deep in a repository its projects are looked for."""


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A built distribution."""

    path: Path
    name: str
    """Normalized."""
    requires: tuple[str, ...]
    """Normalized names of what it may require, with any extra and in any environment."""


@dataclass(frozen=True, kw_only=True)
class Builds:
    """The wheels of one side."""

    wheels: tuple[Wheel, ...] = ()
    """That of the project first."""
    modules: tuple[str, ...] = ()
    """Top-level names of the modules that a command of the user installed, if there is one instead of wheels."""
    notes: tuple[str, ...] = ()
    """What a reader must know about them."""


def build_wheels(
    checkout: Path, sha: str, folder: Path, *, installer: Installer, python: Path, before_build: Sequence[str]
) -> Builds:
    """Build the project in *folder* and the other projects of its repository that it requires, unless they are cached.

    Args:
        checkout: The checkout.
        sha: Its full commit hash.
        folder: The project's folder in it.
        installer: Builds.
        python: The interpreter that the wheels are for.
        before_build: Commands that run in *folder* first.

    Raises:
        MeasurementFailed: A build fails, also with the packages as they were when the commit was made.
    """
    builder = _Builder(checkout=checkout, sha=sha, installer=installer, python=python, before_build=tuple(before_build))
    siblings: dict[str, Path] | None = None
    found: list[Wheel] = []
    notes: list[str] = []
    waiting = [folder]
    while waiting:
        wheel, note = builder.build(waiting.pop(0), is_first=not found)
        found.append(wheel)
        notes += [note] if note else []
        siblings = projects_in(checkout) if siblings is None else siblings
        done = {wheel.name for wheel in found}
        waiting += [siblings[name] for name in wheel.requires if name in siblings and name not in done]
        waiting = list(dict.fromkeys(waiting))
    return Builds(wheels=tuple(found), notes=tuple(notes))


def projects_in(checkout: Path) -> dict[str, Path]:
    """Return the folders of the projects in a repository by the normalized names of their distributions."""
    found: dict[str, Path] = {}
    for folder, folders, files in os.walk(checkout):
        depth = len(Path(folder).relative_to(checkout).parts)
        kept = [name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS]
        folders[:] = sorted(kept) if depth < _MAX_DEPTH else []
        if "pyproject.toml" in files and is_installable(Path(folder)) and (name := distribution_name(Path(folder))):
            found.setdefault(name, Path(folder))
    return found


@dataclass(frozen=True, kw_only=True)
class _Builder:
    """Builds projects of one checkout."""

    checkout: Path
    sha: str
    installer: Installer
    python: Path
    before_build: tuple[str, ...]

    def build(self, folder: Path, *, is_first: bool) -> tuple[Wheel, str]:
        """Return the wheel of one project, and a note; built only if it is not cached."""
        inside = folder.relative_to(self.checkout)
        wheels = self.checkout.with_name(f"{self.checkout.name}_wheels") / ("project" if is_first else folder.name)
        wheels.parent.mkdir(exist_ok=True)
        builds = user_cache(BUILDS, fallback=workspace_of(self.checkout))
        key = build_key("wheel", self.checkout, self.sha, inside, self.before_build, *self._facts)
        note = ""
        if not builds.fetch(key, wheels):
            note = self._build(folder, wheels)
            (wheels / "note").write_text(note, encoding="utf-8")
            builds.store(key, wheels)
        note = (wheels / "note").read_text(encoding="utf-8")
        return _read(next(iter(sorted(wheels.glob("*.whl"))))), note

    @property
    def _facts(self) -> tuple[object, ...]:
        """Return what a wheel depends on besides the commit."""
        return (self.python.resolve(), self.installer.can_go_back)

    def _build(self, folder: Path, wheels: Path) -> str:
        try:
            for command in self.before_build:
                self._run(command, folder)
            self.installer.build(folder, wheels, self.python)
        except MeasurementFailed as failure:
            if self._build_as_of_commit(folder, wheels):
                day = self._moment[:10]
                return f"{self.sha[:12]} no longer builds with today's packages: it was built with those of {day}."
            raise MeasurementFailed(
                f"the project at {self.sha[:12]} cannot be built. If it needs more than its build system declares, write"
                f" the commands that prepare it into perfgate.toml: [suite] before_build = [...]\n{failure}"
            ) from failure
        return ""

    def _build_as_of_commit(self, folder: Path, wheels: Path) -> bool:
        if not self.installer.can_go_back:
            return False
        try:
            self.installer.build(folder, wheels, self.python, as_of=self._moment)
        except MeasurementFailed:
            return False
        return True

    @property
    def _moment(self) -> str:
        """When the commit was made, in UTC."""
        seconds = int(git.run(self.checkout, "log", "-1", "--format=%ct", self.sha))
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _run(self, command: str, folder: Path) -> None:
        words = [word.format(python=self.python) for word in shlex.split(command)]
        variables: Mapping[str, str] = self.installer.variables
        output = self.checkout.with_name(f"{self.checkout.name}_before_build")
        run_tool(words, cwd=folder, environment=variables, output=output)


def _read(path: Path) -> Wheel:
    """Return what the metadata of a wheel says."""
    with zipfile.ZipFile(path) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(inside).decode("utf-8", errors="replace"))
    required = metadata.get_all("Requires-Dist") or []
    return Wheel(path=path, name=canonicalize_name(metadata["Name"] or ""), requires=tuple(_names(required)))


def _names(requirements: Sequence[str]) -> list[str]:
    found = []
    for text in requirements:
        try:
            found.append(canonicalize_name(Requirement(text).name))
        except InvalidRequirement:
            continue  # old tools have written some that nobody can read
    return list(dict.fromkeys(found))
