"""The files that differ between two commits, and what a changed file may affect beyond the benchmarks that reach it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from perfgate import git
from perfgate.errors import InvalidInput
from perfgate.formatting import code
from perfgate.measure.suites import Suite

_NATIVE = frozenset({".a", ".c", ".cc", ".cpp", ".cu", ".cxx", ".dll", ".dylib", ".f", ".f90", ".go", ".h", ".hpp", ".o",
                     ".pxd", ".pxi", ".pyd", ".pyx", ".rs", ".so", ".zig"})  # fmt: skip
_BUILD = frozenset({"CMakeLists.txt", "Cargo.toml", "MANIFEST.in", "Makefile", "meson.build", "setup.cfg", "setup.py"})
_LOCKS = frozenset({"Pipfile", "constraints.txt", "environment.yaml", "environment.yml"})
_COMMON = frozenset({"asv.conf.json", "conftest.py", "pytest.ini", "sitecustomize.py", "tox.ini", "usercustomize.py"})
_LEGAL_TEXTS = ("AUTHORS", "COPYING", "LICEN", "NOTICE")
"""How their names begin; the word license has two spellings."""
_HARMLESS_TOOLS = frozenset({"black", "codespell", "coverage", "flake8", "isort", "mypy", "perfgate", "pylint", "pyright",
                             "ruff", "towncrier"})  # fmt: skip
"""Tables of ``[tool]`` in pyproject.toml that neither build nor run anything that is measured."""


def changed_files(root: Path, base: str, head: str) -> dict[str, str]:
    """Return git's status letter of each file that differs; a renamed file counts as deleted and added.

    Args:
        root: Top folder of the repository.
        base: The sha of a commit.
        head: The sha of another commit.
    """
    listed = git.run(root, "diff-tree", "-r", "-z", "--no-renames", "--name-status", base, head).split("\0")
    return dict(zip(listed[1::2], listed[0::2], strict=False))


def reason_for_gating_all(root: Path, base: str, head: str, changes: Mapping[str, str], suite: Suite | None) -> str:
    """Return a sentence on why no benchmark can be exempt, whatever it reaches; empty if some can be.

    Args:
        root: Top folder of the repository.
        base: The sha of the traced commit.
        head: The sha of the commit that is judged.
        changes: The result of `changed_files`.
        suite: The suite; None if it is not known yet which files belong to the benchmarks.
    """
    for path, status in sorted(changes.items()):
        if reason := _effect_on_all(root, base, head, path, status, suite):
            return f"No benchmark is exempt: {code(path)} {reason}."
    return ""


def _effect_on_all(root: Path, base: str, head: str, path: str, status: str, suite: Suite | None) -> str:
    """Return how a change of *path* may affect any benchmark; empty if it affects only those that reach it."""
    file = PurePosixPath(path)
    if file.name == "pyproject.toml":
        before, after = _pyproject(root, base, path), _pyproject(root, head, path)
        return "" if before is not None and before == after else "says how the project is built"
    if file.name in _LOCKS or file.name.startswith("requirements") or file.suffix == ".lock":
        return "says which dependencies are installed"
    if suite is not None and _belongs_to(suite, Path(path)):
        return "belongs to the benchmarks themselves"
    return "" if _is_inert(file) else _effect_of_code(file, status)


def _belongs_to(suite: Suite, path: Path) -> bool:
    return path in suite.files or (suite.folder is not None and path.is_relative_to(suite.folder))


def _effect_of_code(file: PurePosixPath, status: str) -> str:
    if file.suffix in _NATIVE or file.name in _BUILD:
        return "belongs to native code or to the build"
    if file.name in _COMMON:
        return "affects all benchmarks"
    if file.suffix != ".py":
        return "may be read as data"
    return "" if status == "M" else "appears or disappears, so that another module may be imported in its place"


def _pyproject(root: Path, sha: str, path: str) -> dict[str, Any] | None:
    """Return what a pyproject.toml says about building and running; None if there is none or it is broken."""
    try:
        found = tomllib.loads(git.run(root, "show", f"{sha}:{path}"))
        tools = found.get("tool", {})
        return {**found, "tool": {name: table for name, table in tools.items() if name not in _HARMLESS_TOOLS}}
    except (InvalidInput, ValueError, AttributeError):
        return None


def _is_inert(file: PurePosixPath) -> bool:
    """Tell whether *file* can affect only benchmarks that read it, which a trace shows."""
    is_documentation = file.suffix in {".md", ".rst"} or (file.suffix == ".txt" and file.parts[0] in {"doc", "docs"})
    is_legal = file.stem.startswith(_LEGAL_TEXTS) and file.suffix in {"", ".txt"}
    return is_documentation or is_legal or file.parts[0] == ".github" or file.name == "perfgate.toml"
