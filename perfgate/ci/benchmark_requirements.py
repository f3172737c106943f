"""What the benchmarks of a repository import besides the project itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

_PLAIN_LINE = re.compile(r"[\w.,;:'\"()\[\]<>=!~ -]{1,200}", re.ASCII)
"""A requirement that can be written into a workflow without quoting."""


@dataclass(frozen=True, kw_only=True)
class BenchmarkRequirements:
    """The requirements among which the benchmark tools are listed."""

    lines: tuple[str, ...]
    """Lines of a requirements file."""
    source: str = ""
    """Where they are declared; empty if nowhere: then the lines name the tools alone."""


def find_requirements(root: Path, tools: Sequence[str]) -> BenchmarkRequirements:
    """Return what must be installed to run the benchmarks of *tools*.

    Looked for in requirements files, then in dependency groups, then in extras.

    Args:
        root: Top folder of the repository.
        tools: Names of distributions, such as ``pytest-benchmark``. Those that are listed nowhere are added.
    """
    listed, source, named = _from_requirements_file(root, tools) or _from_pyproject(root, tools) or ([], "", set())
    missing = [tool for tool in tools if tool not in named]
    return BenchmarkRequirements(lines=(*listed, *missing), source=source)


_Listed = tuple[list[str], str, set[str]]
"""Lines, where they are declared, and which of the tools they name."""


def _from_requirements_file(root: Path, tools: Sequence[str]) -> _Listed | None:
    for file in sorted((*root.glob("*requirements*.txt"), *root.glob("requirements/*.txt"))):
        named = _named(file.read_text(encoding="utf-8", errors="replace").splitlines(), tools)
        if named:
            name = file.relative_to(root).as_posix()
            return [f"-r {name}"], name, named
    return None


def _from_pyproject(root: Path, tools: Sequence[str]) -> _Listed | None:
    try:
        document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    project = _mapping(document.get("project"))
    own_name = str(project.get("name", ""))
    for where, table in (
        ("dependency-groups", _mapping(document.get("dependency-groups"))),
        ("project.optional-dependencies", _mapping(project.get("optional-dependencies"))),
    ):
        for name in table:
            lines = list(dict.fromkeys(_expand(table, name, own_name, frozenset())))
            if named := _named(lines, tools):
                return [line for line in lines if _PLAIN_LINE.fullmatch(line)], f"{where}.{name}", named
    return None


def _expand(table: Mapping[str, Any], name: str, own_name: str, seen: frozenset[str]) -> Iterator[str]:
    """Yield the requirements of a group or an extra, including those of groups and extras that it names."""
    entries = table.get(name)
    if name in seen or not isinstance(entries, list):
        return
    for entry in entries:
        included = _included(entry, own_name)
        for other in included:
            yield from _expand(table, other, own_name, seen | {name})
        if isinstance(entry, str) and not included:
            yield entry.strip()


def _included(entry: object, own_name: str) -> list[str]:
    """Return the groups or extras that an entry includes; none if it is a requirement."""
    if isinstance(entry, dict):
        return [str(entry.get("include-group", ""))]
    own_extras = re.fullmatch(rf"{re.escape(own_name)}\[([\w, -]+)\]", str(entry)) if own_name else None
    return [extra.strip() for extra in own_extras[1].split(",")] if own_extras else []


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _named(lines: Sequence[str], tools: Sequence[str]) -> set[str]:
    """Return which of *tools* the lines of a requirements file name."""
    found = (re.match(r"[A-Za-z0-9][\w.-]*", line.strip()) for line in lines)
    names: set[str] = {canonicalize_name(match[0]) for match in found if match}
    return names.intersection(tools)
