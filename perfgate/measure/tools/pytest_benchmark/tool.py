"""How suites of pytest-benchmark and pytest-codspeed are found and run."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from perfgate.measure.live.items import Item
from perfgate.measure.live.live_suite import LiveSuite, PairConditions
from perfgate.measure.needs.trial import Collected
from perfgate.measure.sides.project import project_folder
from perfgate.measure.sides.side import AGENT_PACKAGE, Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools.interface import Tool
from perfgate.measure.tools.pytest_benchmark.collection import collect_pytest
from perfgate.measure.tools.pytest_benchmark.command import pytest_command
from perfgate.measure.tools.pytest_benchmark.items import collected_items, file_of
from perfgate.measure.tools.pytest_benchmark.live_suite import PytestLiveSuite
from perfgate.measure.tools.pytest_benchmark.single_run import run_pytest
from perfgate.results.records import Run

TEST_FOLDERS = frozenset(
    {"bench", "benches", "benchmark", "benchmarks", "perf", "performance", "test", "testing", "tests"}
)
"""Names of folders in which tests with benchmarks are looked for, at any depth."""

_SKIPPED_FOLDERS = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})

_IS_BENCHMARK = re.compile(
    rb"^[ \t]*(?:async[ \t]+)?def[ \t]+\w+[ \t]*\([^)]*\b(?:codspeed_)?benchmark\b"
    rb"|^[^#\n]*\bmark\.(?:codspeed_)?benchmark\b",
    re.MULTILINE,
)
"""A function with a parameter ``benchmark``, which may be on another line; or the mark of that name."""

PYTEST_BENCHMARK = "pytest-benchmark"

_SPEAKS_OF = {
    PYTEST_BENCHMARK: re.compile(rb"\bpytest[-_]benchmark\b"),
    "pytest-codspeed": re.compile(rb"\bpytest[-_]codspeed\b|\bcodspeed_benchmark\b"),
}
"""Plugin to what shows that a suite is written for it."""

_DECLARE_REQUIREMENTS = (
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "noxfile.py",
    "*requirements*.txt",
    "requirements/*.txt",
)


class PytestBenchmarkTool(Tool):
    """pytest with pytest-benchmark, pytest-codspeed, both, or marked tests only."""

    name = PYTEST_BENCHMARK
    evidence = "tests with a 'benchmark' parameter or mark"
    places = f"tests with a 'benchmark' parameter or mark in *.py below {', '.join(sorted(TEST_FOLDERS))}"
    runs_in_checkout = True

    def find(self, checkout: Path) -> Suite | None:
        """Return the tests in the folders of tests, and those in files named like tests."""
        return self._suite(checkout, _test_files(checkout, checkout))

    def find_at(self, checkout: Path, path: Path) -> Suite | None:
        """Return a test file, or all tests in a folder."""
        return self._suite(checkout, [path] if path.suffix == ".py" else _test_files(checkout, checkout / path))

    def packages(self, suite: Suite) -> tuple[str, ...]:
        """Return pytest with the plugins of the suite."""
        return ("pytest", *(suite.plugins or (PYTEST_BENCHMARK,)))

    def collect(self, suite: Suite, side: Side) -> Collected:
        """Let pytest collect the suite."""
        return collect_pytest(suite, side)

    def measure(self, suite: Suite, side: Side, select: str | None) -> Run:
        """Run pytest with pytest-benchmark."""
        return run_pytest(suite, side, select)

    def open_live(
        self, suite: Suite, sides: Mapping[str, Side], folder: Path, timeout_seconds: float, first: PairConditions
    ) -> LiveSuite:
        """Return the suite, ready for live pairs; the agents of the first pair collect it."""
        return PytestLiveSuite(suite, sides, folder, timeout_seconds, first)

    def probe_command(self, side: Side, items: Sequence[Item]) -> list[str]:
        """Return the command line of the probing agent, which collects only the files of *items*."""
        files = dict.fromkeys(file_of(item.address) for item in items)
        return [*pytest_command(side), "-p", f"{AGENT_PACKAGE}.pytest_benchmark.probe", *files]

    def trace_command(self, side: Side, files: Sequence[str]) -> list[str]:
        """Return the command line of the tracing agent."""
        return [*pytest_command(side), "-p", f"{AGENT_PACKAGE}.pytest_benchmark.trace", *files]

    def session_of(self, item: Item) -> str:
        """Return the test file: what one file imports must not count for the benchmarks of another."""
        return file_of(item.address)

    def items(self, collected: Sequence[Mapping[str, Any]]) -> list[Item]:
        """Return one item for each test and combination of parameters."""
        return collected_items(collected)

    def _suite(self, checkout: Path, found: Iterator[Path] | list[Path]) -> Suite | None:
        by_project = defaultdict(list)
        for file in found:
            by_project[project_folder(checkout, file, TEST_FOLDERS)].append(file)
        if not by_project:
            return None
        project, files = max(by_project.items(), key=lambda entry: len(entry[1]))
        shared = tuple(dict.fromkeys(path for file in files for path in _shared_by(file)))
        left_out = [file for other, others in by_project.items() if other != project for file in others]
        return Suite(
            tool=self.name,
            project=project,
            files=tuple(files),
            plugins=_plugins(checkout, project, files),
            shared=shared,
            left_out=tuple(left_out),
        )


def _test_files(checkout: Path, start: Path) -> Iterator[Path]:
    """Yield the Python files below *start* that use a fixture or a mark for benchmarks, sorted.

    In the whole checkout, only files with names of tests, or in folders with names of tests, count.
    """
    for folder, folders, files in os.walk(start):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS)
        inside = Path(folder).relative_to(checkout)
        for name in sorted(files):
            if _may_have_tests(inside, name, is_named=start != checkout) and _has_benchmarks(Path(folder, name)):
                yield inside / name


def _may_have_tests(folder: Path, name: str, *, is_named: bool) -> bool:
    if not name.endswith(".py") or name == "conftest.py":  # a conftest.py may wrap the fixture, but contains no tests
        return False
    return is_named or not TEST_FOLDERS.isdisjoint(folder.parts) or name.startswith(("test_", "bench_"))


def _has_benchmarks(file: Path) -> bool:
    return _IS_BENCHMARK.search(file.read_bytes()) is not None


def _plugins(checkout: Path, project: Path, files: Sequence[Path]) -> tuple[str, ...]:
    """Return the plugins that the test files and the files that declare requirements speak of."""
    declared = chain.from_iterable((checkout / project).glob(pattern) for pattern in _DECLARE_REQUIREMENTS)
    texts = [path.read_bytes() for path in (*declared, *(checkout / file for file in files)) if path.is_file()]
    found = [plugin for plugin, words in _SPEAKS_OF.items() if any(words.search(text) for text in texts)]
    return tuple(found) or (PYTEST_BENCHMARK,)


def _shared_by(file: Path) -> tuple[Path, ...]:
    """Return what belongs to a test file: its outermost folder of tests, else the file and the conftest.py beside it."""
    for depth, part in enumerate(file.parts[:-1], start=1):
        if part in TEST_FOLDERS:
            return (Path(*file.parts[:depth]),)
    return (file, file.with_name("conftest.py"))
