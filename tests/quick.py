"""Run the tests of what changed since main, nearest first, for 45 seconds: ``python -m tests.quick``, which `make quick` calls.

The order is: test files that changed, the tests that mirror a changed module, the test files that import it, and the tests
that mirror the modules that import it. Tests for which there is no time are skipped with that reason; `make test` runs
everything.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import PurePosixPath

import pytest

from tests import habits
from tests.paths import ROOT

SECONDS = 45
ALONE = ("tests/test_demo.py", "tests/test_action.py")
"""Tests that take longer than a minute."""


def changed() -> list[str]:
    """Return the files that differ from where this branch left main, committed or not."""
    for main in ("origin/main", "main"):
        if base := _git("merge-base", "HEAD", main):
            break
    else:
        base = ["HEAD"]
    return sorted({*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")})


def affected(files: Iterable[str]) -> list[str]:
    """Return the test files of changed *files*, nearest first."""
    files = list(files)
    ours, product = habits.python_files(*habits.OURS, "tests/"), habits.python_files(*habits.PRODUCT)
    tests = [name for name in ours if PurePosixPath(name).name.startswith("test_")]
    modules = sorted(set(files) & set(ours))
    found = sorted(set(tests) & set(files))
    found += _mirrors_of(modules, tests)
    found += _beside(sorted(set(files) - set(modules)), tests)
    found += _importers_of(modules, tests)
    found += _mirrors_of(_importers_of(modules, product), tests)
    found += ["tests/test_architecture.py", "tests/test_docs.py"]  # any file can break these
    return [test for test in dict.fromkeys(found) if test not in ALONE]


def _importers_of(modules: Sequence[str], files: Iterable[str]) -> list[str]:
    return [name for name in files if _imports_any(name, modules)]


def _mirrors_of(modules: Iterable[str], tests: Sequence[str]) -> list[str]:
    return [test for module in modules for test in tests if _mirrors(test, module)]


def _beside(files: Iterable[str], tests: Sequence[str]) -> list[str]:
    """Return the test files that mirror the folders of templates, style sheets and other data."""
    folders = {"tests" / PurePosixPath(file).parent for file in files}
    return [test for test in tests if PurePosixPath(test).parent in folders]


def _imports_any(name: str, modules: Iterable[str]) -> bool:
    return any(_dotted(module) in _imports(name) for module in modules)


def _mirrors(test: str, module: str) -> bool:
    """Return whether a test file stands where the tests of *module* belong, and is named after it."""
    path = PurePosixPath(module)
    names = {path.stem, path.parent.name} if path.stem == "__init__" else {path.stem}
    parents = {str(path.parent), str(path.parent.parent)} if path.stem == "__init__" else {str(path.parent)}
    tested = PurePosixPath(test)
    return tested.stem.removeprefix("test_") in names and str(tested.parent).removeprefix("tests/") in parents


def _dotted(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the dotted names that a file imports: modules, and what it takes out of them."""
    return frozenset(_imported(habits.tree(name)))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _git(*arguments: str) -> list[str]:
    """Return the lines that git prints; none where it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def main() -> int:
    """Run the tests and return pytest's exit code."""
    files = [name for name in affected(changed()) if (ROOT / name).exists()]
    print(f"{len(files)} test files are affected: {' '.join(files)}")
    os.environ["QUICK_DEADLINE"] = str(time.time() + SECONDS)
    return pytest.main(["-q", "-n", "2", "--dist", "worksteal", *files])


if __name__ == "__main__":
    sys.exit(main())
