"""Make environments, build projects and install packages: with uv if there is one, else with venv and pip."""

from __future__ import annotations

import configparser
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from perfgate.errors import MeasurementFailed
from perfgate.measure.processes import run_tool
from perfgate.measure.workspaces import remove

_PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
"""Where pip's configuration may name package indexes, which uv does not read."""

_MINORS = range(8, 20)
"""Minor versions of Python that are looked for where there is no uv."""


@dataclass(frozen=True, kw_only=True)
class Installer:
    """Builds and installs into one side.

    pip runs in the developer's interpreter, because a side has none.
    """

    developer_python: Path
    """The interpreter that perfgate runs in."""
    variables: Mapping[str, str]
    """Environment variables."""
    folder: Path
    """A folder for logs and lists."""
    name: str
    """Prefix of the files in *folder*."""

    def make_environment(self, environment: Path, version: str | None) -> None:
        """Make an empty virtual environment.

        Args:
            environment: Its folder.
            version: Version or specifier of its Python; None: that of the developer's interpreter.

        Raises:
            MeasurementFailed: There is no such Python.
        """
        if self._uv:
            python = version or self.developer_python
            self._run([self._uv, "venv", "--quiet", "--no-project", "--python", python, environment])
            return
        python = _interpreter(version) if version else self.developer_python
        self._run([python, "-m", "venv", "--without-pip", environment])

    def build(self, source: Path, wheels: Path, python: Path, *, as_of: str = "") -> None:
        """Build the wheel of the project in *source* into the new folder *wheels*.

        Args:
            source: The project's folder.
            wheels: The folder to make.
            python: The interpreter that the wheel is for.
            as_of: Use no package that was released after this moment, in ISO 8601; only uv can.

        Raises:
            MeasurementFailed: The build fails; the message has its last lines.
        """
        remove(wheels)
        if self._uv:
            command: list[str | Path] = [
                self._uv,
                "build",
                "--wheel",
                "--python",
                python,
                "--out-dir",
                wheels,
                *self._indexes,
            ]
            self._run([*command, "--quiet", *_until(as_of), source])
        else:
            command = [*self._pip(python), "wheel", "--no-deps", "--wheel-dir", wheels]
            self._run([*command, "--quiet", source])

    def install(self, python: Path, requirements: Sequence[str], *, cwd: Path, as_of: str = "") -> None:
        """Install *requirements* and everything that they depend on.

        Args:
            python: The interpreter of the environment.
            requirements: Lines of a requirements file.
            cwd: Folder that relative paths in them start from.
            as_of: As in `build`.

        Raises:
            MeasurementFailed: They cannot be installed together; the message has the last lines.
        """
        listed = self.folder / f"{self.name}_requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
        command: list[str | Path] = [*self._pip(python), "install"]
        if self._uv:
            command = [self._uv, "pip", "install", "--python", python, *self._indexes, *_until(as_of)]
        self._run([*command, "--quiet", "--requirement", listed], cwd=cwd)

    @property
    def can_go_back(self) -> bool:
        """Whether packages can be resolved as of an earlier moment."""
        return self._uv is not None

    @property
    def _uv(self) -> str | None:
        path = os.pathsep.join((str(self.developer_python.parent), os.environ.get("PATH", os.defpath)))
        return shutil.which("uv", path=path)

    def _pip(self, python: Path) -> list[str | Path]:
        return [self.developer_python, "-m", "pip", "--python", python]

    @property
    def _indexes(self) -> list[str]:
        """Return uv's options for the package indexes that pip is configured with, if uv itself is not."""
        if any(name in self.variables for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_NO_INDEX")):
            return []
        return list(_uv_options(_pip_settings(self.variables)))

    def _run(self, command: Sequence[str | Path], cwd: Path | None = None) -> None:
        log = self.folder / f"{self.name}_log"
        run_tool(command, cwd=cwd or self.folder, environment=self.variables, output=log)


def _until(as_of: str) -> list[str]:
    return ["--exclude-newer", as_of] if as_of else []


def _pip_settings(variables: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings of package indexes: from its configuration files, then from its variables."""
    parser = configparser.ConfigParser(interpolation=None)
    files = (*map(os.path.expanduser, _PIP_FILES), variables.get("PIP_CONFIG_FILE", ""))
    try:
        parser.read(files, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}  # pip itself would name the error
    names = ("index-url", "extra-index-url", "find-links", "no-index")
    in_files = {name: parser.get("global", name, fallback="") for name in names}
    in_variables = {name: variables.get(f"PIP_{name.upper().replace('-', '_')}", "") for name in names}
    return {name: in_variables[name] or in_files[name] for name in names}


def _uv_options(settings: Mapping[str, str]) -> Iterator[str]:
    if settings.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        yield "--no-index"
    for url in filter(_exists, settings.get("index-url", "").split()):
        yield f"--default-index={url}"
    extra = list(filter(_exists, settings.get("extra-index-url", "").split()))
    yield from (f"--index={url}" for url in extra)
    if extra:
        yield "--index-strategy=unsafe-best-match"  # as pip does
    for place in filter(_exists, settings.get("find-links", "").split()):
        yield f"--find-links={place}"


def _exists(place: str) -> bool:
    """Tell whether a place is remote or exists: pip passes over the others, and uv does not."""
    local = place.removeprefix("file://")
    return "://" in local or Path(local).exists()


def _interpreter(version: str) -> str:
    """Return the newest Python on the path that *version* admits."""
    try:
        admitted = SpecifierSet(version if version[:1] in "<>=!~" else f"=={version}.*")
    except InvalidSpecifier as error:
        raise MeasurementFailed(f"{version!r} is no version of Python: write 3.12 or >=3.9,<3.13") from error
    for minor in reversed(_MINORS):
        found = shutil.which(f"python3.{minor}")
        if found and admitted.contains(f"3.{minor}"):
            return found
    raise MeasurementFailed(f"no Python {version} is installed: install it, or install uv, which can fetch it")
