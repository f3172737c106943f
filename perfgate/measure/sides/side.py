"""One side of a measurement: a checkout, and an environment that imports the project as it was installed, and no other way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfgate import git
from perfgate.errors import MeasurementFailed

BASE, HEAD = "base", "head"
"""The roles of the two sides. They have the same length, so that all paths made from them have, too."""

AGENT_PACKAGE = "perfgate_agent"
"""Name under which `perfgate/measure/agent` is imported in a side."""

_REMOVED_VARIABLES = (
    "COVERAGE_PROCESS_START",
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTEST_XDIST_WORKER",  # with it, pytest-benchmark measures nothing
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
)
"""Variables that would make a side load the developer's files, or compile all modules again in every process."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """A prepared checkout with its environment."""

    role: str
    """`BASE` or `HEAD`."""
    sha: str
    checkout: Path
    project_folder: Path
    """The folder of the project in the checkout; the checkout itself unless it holds several projects."""
    environment: Path
    """Folder of the virtual environment."""
    site_packages: Path
    """The environment's own site-packages folder."""
    prefixes: tuple[str, ...]
    """Folders of the interpreter: its environment's, and those of the interpreter that this was made from."""
    repository: Path
    """The developer's work tree. Nothing may be imported from there."""
    is_installed: bool
    """Whether the project's modules must come from the environment; else they come from the checkout."""
    names: tuple[str, ...] = ()
    """Top-level names of the project's modules."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Version by normalized name of all installed packages except the project."""
    project: Mapping[str, str] = field(default_factory=dict)
    """Version by normalized name of the project's own distributions; empty text: it is not installed."""
    installed_as: str = "source tree"
    """How the project was installed, for people, such as ``wheel``."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables that belong to the environment."""
    tool_python: Path
    """The interpreter that has the benchmark tool itself, not only what runs inside the benchmarks."""
    notes: tuple[str, ...] = ()
    """What a reader must know about the environment, one sentence each."""
    built_at: float = field(default_factory=time.time)
    """When its packages were installed, in seconds since 1970."""

    @property
    def python(self) -> Path:
        """Return the path of the interpreter."""
        return self.environment / "bin/python"

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment variables for processes of this side."""
        clean = clean_variables()
        path = os.pathsep.join((str(self.environment / "bin"), clean.get("PATH", os.defpath)))
        return {**clean, "PATH": path, "VIRTUAL_ENV": str(self.environment), **self.settings}

    def origins(self, benchmarks: Iterable[Path]) -> dict[str, Any]:
        """Return the arguments of `agent.origins.Origins`, which decides where the project is imported from.

        Args:
            benchmarks: Files and folders of the suite, relative to the checkout.
        """
        return {
            "names": list(self.names),
            "installed": str(self.site_packages) if self.is_installed else "",
            "sources": [str(self.project_folder), str(self.project_folder / "src")],
            "checkout": str(self.checkout),
            "environment": str(self.environment),
            "benchmarks": [str(self.checkout / path) for path in benchmarks],
            "elsewhere": str(self.repository),
            "interpreter": list(self.prefixes),
        }

    def refuse_foreign(self, foreign: Iterable[Iterable[str]]) -> None:
        """Raise if a process of this side imported the project from anywhere but its own installation.

        Args:
            foreign: Name and file of each such module, as the agent reports them.

        Raises:
            MeasurementFailed: There is one, so what was measured is not what the commit installs.
        """
        expected = self.site_packages if self.is_installed else self.checkout
        for name, file in foreign:
            raise MeasurementFailed(
                f"the {self.role} side imported {name!r} from {file}, not from where its commit {self.sha[:12]} was"
                f" installed ({expected}): other code would be measured than the project ships. Let the benchmarks"
                " import the installed project, or give the command that installs it (--install)"
            )


def clean_variables() -> dict[str, str]:
    """Return our environment variables without those that would make a side load the developer's files."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in {*_REMOVED_VARIABLES, *git.REDIRECTING_VARIABLES}
    }
