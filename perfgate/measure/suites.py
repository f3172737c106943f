"""The suite of benchmarks that a repository has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Where the benchmarks of one tool are in a checkout; all paths are relative to it."""

    tool: str
    """Name of the tool that runs them: ``asv`` or ``pytest-benchmark``."""
    configuration: Path | None = None
    """asv's configuration file."""
    folder: Path | None = None
    """asv's folder of benchmarks."""
    files: tuple[Path, ...] = ()
    """Test files that use the benchmark fixture of pytest-benchmark."""
    shared: tuple[Path, ...] = ()
    """Folders and files that belong to the benchmarks, not to the code that they measure."""
