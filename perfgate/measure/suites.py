"""The suite of benchmarks that a repository has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Where the benchmarks of one tool are in a checkout; all paths are relative to it."""

    tool: str
    """Name of the tool that runs them: ``asv`` or ``pytest-benchmark``."""
    project: Path = Path()
    """The folder of the project that the suite belongs to, in which pytest runs."""
    configuration: Path | None = None
    """asv's configuration file."""
    folder: Path | None = None
    """asv's folder of benchmarks."""
    files: tuple[Path, ...] = ()
    """Test files that use a fixture or mark of pytest-benchmark or pytest-codspeed."""
    plugins: tuple[str, ...] = ()
    """pytest plugins that the test files are written for; empty: pytest-benchmark."""
    left_out: tuple[Path, ...] = ()
    """Test files of other projects in the repository, which are not measured."""
    shared: tuple[Path, ...] = ()
    """Folders and files that belong to the benchmarks, not to the code that they measure."""

    @property
    def files_in_project(self) -> tuple[Path, ...]:
        """Return `files`, relative to the project's folder."""
        return tuple(Path(os.path.relpath(file, self.project)) for file in self.files)
