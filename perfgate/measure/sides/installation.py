"""The project and what it asks for, installed into one side: wheels by pip or uv, kept by commit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides import checkout, requirements
from perfgate.measure.sides.requirements import Seen

_ROUNDS = 20
"""How often what was installed may itself ask for more: deeper than any chain of dependencies seen."""


@dataclass(frozen=True, kw_only=True)
class Installer:
    """pip or uv, at work on one side.

    pip runs in the developer's interpreter; a side has none.
    """

    developers: Path
    """The developer's interpreter."""
    python: Path
    """The side's."""
    variables: Mapping[str, str]
    log: Path

    def build(self, source: Path, folder: Path) -> None:
        """Build the wheel of *source* into the new *folder*.

        Raises:
            MeasurementFailed: It cannot be built, neither with what it asks for nor with what is installed here.
        """
        try:
            self._build(source, folder, [])
        except MeasurementFailed as failure:
            checkout.remove(folder)
            try:  # without a package index, what builds it may still be installed here
                self._build(source, folder, ["--no-build-isolation"])
            except MeasurementFailed:
                raise failure from None

    def install(self, wanted: Sequence[str | Path]) -> None:
        """Install files or requirements, and these alone.

        Raises:
            MeasurementFailed: That does not work.
        """
        uv: list[str | Path] = [self._uv, "pip", "install", "--python", self.python] if self._uv else []
        self._run([*(uv or [*self._pip, "install"]), "--quiet", "--no-deps", *wanted])

    @property
    def _uv(self) -> str | None:
        return shutil.which(
            "uv", path=os.pathsep.join((str(self.developers.parent), os.environ.get("PATH", os.defpath)))
        )

    @property
    def _pip(self) -> list[str | Path]:
        return [self.developers, "-m", "pip", "--python", self.python]

    def _build(self, source: Path, folder: Path, options: Sequence[str]) -> None:
        uv: list[str | Path] = [self._uv, "build", "--wheel", "--python", self.python] if self._uv else []
        command = [*uv, "--out-dir", folder] if uv else [*self._pip, "wheel", "--no-deps", "--wheel-dir", folder]
        self._run([*command, "--quiet", *options, source])

    def _run(self, command: Sequence[str | Path]) -> None:
        run_tool(command, cwd=self.log.parent, environment=self.variables, output=self.log)


def look(python: Path, variables: Mapping[str, str], log: Path) -> Seen:
    """Return what *python* sees installed.

    Raises:
        MeasurementFailed: It does not tell.
    """
    answer = log.with_name(f"{log.name}_seen")
    run_tool([python, "-c", requirements.LOOK, answer], cwd=log.parent, environment=variables, output=log)
    try:
        return msgspec.json.decode(answer.read_bytes(), type=Seen)
    except (OSError, msgspec.DecodeError) as error:
        raise MeasurementFailed(f"{python} does not tell what is installed: {tail(log)}") from error


def satisfy(installer: Installer, seen: Seen) -> Seen:
    """Install what the side's own packages ask for and do not see, and return what it sees then.

    Raises:
        MeasurementFailed: Something cannot be installed; names it, and what to do.
    """
    for _ in range(_ROUNDS):
        lacking = requirements.missing(seen, seen.own)
        if not lacking:
            return seen
        try:
            installer.install([text for one in lacking for text in one.wanted])
        except MeasurementFailed as failure:
            raise MeasurementFailed(
                f"the project asks for {'; '.join(map(str, lacking))}, which cannot be installed beside it. Install it"
                " where perfgate runs, or name an index that has it (PIP_INDEX_URL, PIP_FIND_LINKS; for uv"
                f" UV_INDEX_URL, UV_FIND_LINKS)\n{failure}"
            ) from failure
        seen = look(installer.python, installer.variables, installer.log)
    raise MeasurementFailed(
        f"what the project asks for is still not satisfied after {_ROUNDS} rounds of installing:"
        f" {'; '.join(map(str, lacking))}. Say how to install it (install=)"
    )
