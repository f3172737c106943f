"""The options that are the same for everything that measures a suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfgate.measure.sides.preparation import AUTOMATIC


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """Which benchmarks are measured, and in which environment.

    >>> MeasureOptions(suite="asv", select="*parse*").install
    'auto'
    """

    suite: str | None = None
    """``asv``, ``pytest-benchmark`` or a path; needed only where the revision holds more than one suite."""
    select: str | None = None
    """Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks."""
    install: str = AUTOMATIC
    """How the project is installed: ``auto``, ``asv``, ``plain``, ``never``, or a command with ``{python}`` and
    ``{checkout}``; see `perfgate.measure.sides.preparation.prepare_all`."""
    environment: str | None = None
    """Name of the environment in the run; None: made from the system and the interpreter."""
    python: Path | None = None
    """Interpreter that the environments are made from, unless the project asks for another; None: the running one."""
