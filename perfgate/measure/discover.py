"""Which suite a repository holds: an asv suite by its configuration, a pytest-benchmark suite by its tests' text.

Detection reads files and imports nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed

ASV_CONFIGURATION = "asv.conf.json"
ASV_FOLDERS = ("", "benchmarks", "asv_bench", "asv", "benchmark", "perf", "ci")
"""Where an asv configuration is looked for, in this order."""

TEST_FOLDERS = frozenset(
    {"bench", "benches", "benchmark", "benchmarks", "perf", "performance", "test", "testing", "tests"}
)
"""Folder names below which, at any depth, tests with benchmarks are looked for."""

_SKIPPED_FOLDERS = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})

_USES_FIXTURE = re.compile(rb"^[ \t]*(?:async[ \t]+)?def[ \t]+\w+[ \t]*\([^)]*\bbenchmark\b", re.MULTILINE)
"""A function, over several lines if need be, that has ``benchmark`` among its parameters."""

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


class Kind(StrEnum):
    """The tool that runs a suite."""

    ASV = "asv"
    PYTEST_BENCHMARK = "pytest-benchmark"


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Where the benchmarks of one tool stand in a checkout; all paths are relative to it."""

    kind: Kind
    configuration: Path | None = None
    """asv's configuration file."""
    folder: Path | None = None
    """asv's folder of benchmarks."""
    files: tuple[Path, ...] = ()
    """Test files that use the benchmark fixture."""

    @property
    def shared(self) -> tuple[Path, ...]:
        """Return the folders and files that belong to the benchmarks rather than to the code they measure."""
        if self.folder is not None:
            return (self.folder,)
        return tuple(dict.fromkeys(path for file in self.files for path in _belonging(file)))


def suites(checkout: Path) -> tuple[Suite, ...]:
    """Return all suites that *checkout* holds, asv first; none is no error here."""
    found = []
    for folder in ASV_FOLDERS:
        if (checkout / folder / ASV_CONFIGURATION).is_file():
            found.append(_asv(checkout, Path(folder, ASV_CONFIGURATION)))
            break
    if files := tuple(_tests(checkout, checkout)):
        found.append(Suite(kind=Kind.PYTEST_BENCHMARK, files=files))
    return tuple(found)


def discover(checkout: Path, wanted: str | None = None) -> Suite:
    """Return the suite to run.

    Args:
        checkout: Top folder of the checked-out code.
        wanted: ``asv``, ``pytest-benchmark``, or a path inside *checkout*: an asv configuration file, a test file or
            a folder of tests. None: the only suite there is.

    Raises:
        MeasurementFailed: There is no such suite, or more than one and none was named.
    """
    if wanted is not None and wanted not in set(Kind):
        return _at(checkout, wanted)
    found = [suite for suite in suites(checkout) if wanted is None or suite.kind == wanted]
    if len(found) > 1:
        names = " and ".join(suite.kind for suite in found)
        raise MeasurementFailed(f"the repository holds two suites, {names}: name the one to run")
    if found:
        return found[0]
    asv = ", ".join(str(Path(folder, ASV_CONFIGURATION)) for folder in ASV_FOLDERS)
    looked = {
        Kind.ASV: f"an asv configuration ({asv})",
        Kind.PYTEST_BENCHMARK: f"tests with a 'benchmark' parameter in *.py below {', '.join(sorted(TEST_FOLDERS))}",
    }
    sought = " and ".join(text for kind, text in looked.items() if wanted in {None, kind})
    raise MeasurementFailed(f"found no benchmarks: looked for {sought}. Add a suite, or name the path of yours")


def read_configuration(path: Path) -> dict[str, Any]:
    """Return an asv configuration; comments and trailing commas are allowed in it.

    Raises:
        MeasurementFailed: It is no JSON object.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    plain = _TRAILING_COMMA.sub(lambda match: match[1] or "", _COMMENT.sub(lambda match: match[1] or " ", text))
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise MeasurementFailed(f"{path.name} is not the JSON that asv reads: {error}") from error
    if not isinstance(found, dict):
        raise MeasurementFailed(f"{path.name} must hold a JSON object, not {type(found).__name__}")
    return found


def _asv(checkout: Path, configuration: Path) -> Suite:
    named = read_configuration(checkout / configuration).get("benchmark_dir", "benchmarks")
    folder = Path(os.path.normpath(configuration.parent / str(named)))
    if folder.is_absolute() or folder.parts[:1] == ("..",) or not (checkout / folder).is_dir():
        raise MeasurementFailed(f"{configuration} names benchmark_dir {named!r}, which is no folder of the repository")
    return Suite(kind=Kind.ASV, configuration=configuration, folder=folder)


def _at(checkout: Path, wanted: str) -> Suite:
    path = Path(os.path.normpath(wanted))
    if path.is_absolute() or path.parts[:1] == ("..",) or not (checkout / path).exists():
        raise MeasurementFailed(f"the suite {wanted!r} is neither asv, pytest-benchmark nor a path in the repository")
    if path.suffix == ".json":
        return _asv(checkout, path)
    if path.suffix == ".py":
        return Suite(kind=Kind.PYTEST_BENCHMARK, files=(path,))
    if (checkout / path / ASV_CONFIGURATION).is_file():
        return _asv(checkout, path / ASV_CONFIGURATION)
    if files := tuple(_tests(checkout, checkout / path)):
        return Suite(kind=Kind.PYTEST_BENCHMARK, files=files)
    raise MeasurementFailed(f"{wanted!r} holds neither {ASV_CONFIGURATION} nor tests with a 'benchmark' parameter")


def _tests(checkout: Path, start: Path) -> Iterator[Path]:
    """Yield the Python files below *start* that use the fixture, sorted; below the top folder by their names."""
    for folder, folders, files in os.walk(start):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS)
        inside = Path(folder).relative_to(checkout)
        for name in sorted(files):
            is_named = bool(TEST_FOLDERS.intersection(inside.parts)) or name.startswith(("test_", "bench_"))
            # A conftest.py may wrap the fixture, but holds no tests.
            if not name.endswith(".py") or name == "conftest.py" or not (is_named or start != checkout):
                continue
            if _USES_FIXTURE.search(Path(folder, name).read_bytes()):
                yield inside / name


def _belonging(file: Path) -> tuple[Path, ...]:
    """Return what must go with a test file: its outermost folder of tests, else itself and the conftest beside it."""
    for depth, part in enumerate(file.parts[:-1], start=1):
        if part in TEST_FOLDERS:
            return (Path(*file.parts[:depth]),)
    return (file, file.with_name("conftest.py"))
