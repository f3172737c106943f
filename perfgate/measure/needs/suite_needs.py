"""What a suite needs to run, besides the project itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SuiteNeeds:
    """What is installed for a suite, and how it is run; equal for both sides of a comparison."""

    python: str | None = None
    """Version of Python, or a specifier such as ``>=3.9,<3.13``; None: the running one."""
    packages: tuple[str, ...] = ()
    """Requirements, as pip reads them."""
    requirement_files: tuple[Path, ...] = ()
    """Requirements files, relative to the checkout."""
    extras: tuple[str, ...] = ()
    """Extras of the project."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the suite's processes."""
    before_build: tuple[str, ...] = ()
    """Commands that run in the checkout's project folder before the project is built."""
    sources: tuple[str, ...] = ()
    """Where the requirements are declared, for people."""
