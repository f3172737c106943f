"""Facts about the source that `tests/test_architecture.py` holds to limits; ``python -m tests.habits`` prints a table of them."""

from __future__ import annotations

import ast
import math
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tests.paths import ROOT

PRODUCT = ("perfgate/", "webapp/")
OURS = (*PRODUCT, "standin/", "demo/", "benchmarks/", "docs/", "manage.py")
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.match_case)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Function:
    """One function of one file."""

    place: str
    """``file:line name``."""
    lines: int
    """Lines from ``def`` to the end, docstring included."""
    complexity: int
    """1 + branches, nested functions included."""


@cache
def tracked(*folders: str) -> tuple[str, ...]:
    """Return the paths of the files that git knows below *folders*, relative to the repository's root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()))


@cache
def python_files(*folders: str) -> tuple[str, ...]:
    """Return the Python files below *folders* that people write: no migrations, no files of other tools."""
    skipped = ("/migrations/", "demo/project/", "tests/data/")
    names = tracked(*folders)
    return tuple(name for name in names if name.endswith(".py") and not any(part in name for part in skipped))


@cache
def tree(name: str) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


@cache
def functions(*folders: str) -> tuple[Function, ...]:
    """Return every function below *folders*, methods and nested functions included."""
    return tuple(
        Function(f"{name}:{node.lineno} {node.name}", _length(node), complexity(node))
        for name in python_files(*folders)
        for node in ast.walk(tree(name))
        if isinstance(node, FUNCTIONS)
    )


def complexity(function: ast.AST) -> int:
    """Return 1 + the branches of a function: if, for, while, except, ternary, comprehension, match case, and / or."""
    count = 1
    for node in ast.walk(function):
        count += isinstance(node, BRANCHES)
        if isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            count += len(node.ifs)
    return count


def modules(package: str) -> list[str]:
    """Return the names of a package's own modules and packages; *package* is dotted."""
    folder = package.replace(".", "/")
    inside = [name.removeprefix(f"{folder}/") for name in python_files(f"{folder}/")]
    files = [name.removesuffix(".py") for name in inside if "/" not in name and name != "__init__.py"]
    packages = [name.partition("/")[0] for name in inside if name.count("/") == 1 and name.endswith("/__init__.py")]
    return sorted({*files, *packages})


def packages(*roots: str) -> list[str]:
    """Return the dotted names of all packages below *roots*, these included."""
    names = [name for root in roots for name in python_files(f"{root}/") if name.endswith("/__init__.py")]
    return sorted(name.removesuffix("/__init__.py").replace("/", ".") for name in names)


def loop_names(name: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of every loop variable of a file, comprehensions included."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for target in ast.walk(node.target):
                if isinstance(target, ast.Name):
                    yield target.lineno, target.id


def percentile_90(values: Sequence[int]) -> int:
    """Return the smallest value that nine tenths of *values* do not exceed."""
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def main() -> None:
    """Print the table."""
    for title, folders in (("perfgate and webapp", PRODUCT), ("all but tests", OURS), ("tests", ("tests/",))):
        lengths = [(ROOT / name).read_text(encoding="utf-8").count("\n") for name in python_files(*folders)]
        found = functions(*folders)
        print(
            f"{title}: {len(lengths)} files of {sum(lengths)} lines, 90 % up to {percentile_90(lengths)},"
            f" longest {max(lengths)}; {len(found)} functions, 90 % up to"
            f" {percentile_90([function.lines for function in found])} lines, longest"
            f" {max(function.lines for function in found)},"
            f" {sum(function.complexity > 10 for function in found)} with a complexity above 10"
        )


if __name__ == "__main__":
    main()
