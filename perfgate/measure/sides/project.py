"""What a checkout says about the project in it: its distribution name, its modules, whether it can be installed."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

_AMBIGUOUS = frozenset({"__pycache__", "benchmark", "benchmarks", "bench", "conftest", "doc", "docs", "examples", "noxfile",
                        "setup", "tasks", "test", "tests"})  # fmt: skip
"""Top-level names in a checkout that an unrelated package may have, too."""


def distribution_name(checkout: Path) -> str:
    """Return the normalized name of the project's distribution; empty if pyproject.toml does not have it."""
    project = _pyproject(checkout).get("project")
    name = project.get("name") if isinstance(project, dict) else None
    return canonicalize_name(name) if isinstance(name, str) else ""


def project_folder(checkout: Path, path: Path, skipped: frozenset[str]) -> Path:
    """Return the folder of the project that *path* belongs to, relative to the checkout; the checkout if there is none.

    Args:
        checkout: The checkout.
        path: A file in it, relative to it.
        skipped: Names of folders that may have a project of their own for what they need, such as ``benchmarks``.
    """
    for folder in path.parents:
        if not skipped.intersection(folder.parts) and is_installable(checkout / folder):
            return folder
    return Path()


def is_installable(checkout: Path) -> bool:
    """Tell whether the checkout says how the project is built: by setup.py or a table of pyproject.toml."""
    return (checkout / "setup.py").is_file() or not {"project", "build-system"}.isdisjoint(_pyproject(checkout))


def installed_modules(site_packages: Path) -> tuple[str, ...]:
    """Return the top-level names of the modules in *site_packages*."""
    names = {
        path.name.partition(".")[0]
        for path in site_packages.iterdir()
        if not path.name.endswith((".dist-info", ".pth"))
    }
    return tuple(sorted(filter(is_project_module, names)))


def source_modules(checkout: Path) -> tuple[str, ...]:
    """Return the top-level names of the modules in the checkout's top folder and in ``src``."""
    places = [checkout, checkout / "src"]
    packages = {path.parent.name for place in places for path in place.glob("*/__init__.py")}
    modules = {path.stem for place in places for path in place.glob("*.py")}
    return tuple(sorted(filter(is_project_module, packages | modules)))


def is_project_module(name: str) -> bool:
    """Tell whether *name* can only be a module of the project, not of the standard library or another package."""
    return name.isidentifier() and name not in _AMBIGUOUS and name not in sys.stdlib_module_names


def _pyproject(checkout: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
