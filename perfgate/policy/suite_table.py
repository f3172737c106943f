"""The table ``[suite]`` of perfgate.toml: which benchmarks a repository has, and what they need to run."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
_Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,199}$")]


class SuiteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The suite of a repository. It is read from the revision whose benchmarks are measured."""

    tool: _Name | None = None
    """``asv`` or ``pytest-benchmark``; needed only where the repository holds both."""
    path: _Name | None = None
    """A test file, a folder of tests or an asv configuration."""
    folder: _Name | None = None
    """The project's folder, where the suite runs; found by its pyproject.toml or setup.py if left out."""
    python: _Name | None = None
    """A version of Python, such as ``3.12``, or a specifier."""
    packages: tuple[_Name, ...] = ()
    """Requirements, as pip reads them."""
    groups: tuple[_Name, ...] = ()
    """Dependency groups of the project's pyproject.toml."""
    extras: tuple[_Name, ...] = ()
    """Extras of the project."""
    environment: dict[_Variable, str] = {}
    """Environment variables of the suite."""
    before_build: tuple[_Name, ...] = ()
    """Commands that run in the project's folder before it is built; ``{python}`` in them is replaced."""

    @property
    def says_what_is_needed(self) -> bool:
        """Whether the requirements are listed here, and not to be found in other files."""
        return bool(self.packages or self.groups or self.extras)

    def describes(self, suite: str | None) -> bool:
        """Return whether the table is about the suite that was asked for by tool or path; None asks for any."""
        return suite in {None, self.tool, self.path} or (self.tool is None and self.path is None)
