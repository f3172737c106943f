"""Find the suite of benchmarks in a checkout. Files are read, nothing is imported."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from perfgate import policy
from perfgate.errors import MeasurementFailed
from perfgate.measure.suites import Suite
from perfgate.measure.tools import TOOLS
from perfgate.policy.suite_table import SuiteTable


def suites(checkout: Path) -> tuple[Suite, ...]:
    """Return all suites in *checkout*, asv's first; none is no error here.

    Raises:
        MeasurementFailed: An asv configuration cannot be used.
    """
    return tuple(suite for tool in TOOLS if (suite := tool.find(checkout)) is not None)


def discover(checkout: Path, name: str | None = None) -> Suite:
    """Return the suite to run.

    Args:
        checkout: Top folder of the checked-out code.
        name: ``asv``, ``pytest-benchmark``, or a path inside *checkout*: an asv configuration file, a test file or a
            folder of tests. None: what ``[suite]`` in perfgate.toml names, else the only suite there is.

    Raises:
        MeasurementFailed: There is no such suite, or more than one and *name* is None.
    """
    table = suite_table(checkout)
    name = name or table.path or table.tool
    is_tool = name in {None, *(tool.name for tool in TOOLS)}
    found = _only_suite(checkout, name) if is_tool else _suite_at(checkout, str(name))
    return _in_folder(checkout, found, table)


def _only_suite(checkout: Path, name: str | None) -> Suite:
    """Return the suite of a tool, or of any tool if there is only one."""
    found = [suite for suite in suites(checkout) if name in {None, suite.tool}]
    if len(found) > 1:
        names = " and ".join(suite.tool for suite in found)
        raise MeasurementFailed(f"the repository has two suites, {names}: name the one to run")
    if not found:
        places = " and ".join(tool.places for tool in TOOLS if name in {None, tool.name})
        raise MeasurementFailed(f"found no benchmarks: looked for {places}. Add a suite, or name the path of yours")
    return found[0]


def suite_table(checkout: Path) -> SuiteTable:
    """Return the table ``[suite]`` of a checkout; an empty one if it has none.

    Raises:
        InvalidPolicy: Its perfgate.toml cannot be read.
    """

    def read_file(name: str) -> str | None:
        file = checkout / name
        return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else None

    return policy.read(policy.find(read_file)).suite


def _in_folder(checkout: Path, suite: Suite, table: SuiteTable) -> Suite:
    """Return *suite* with the project's folder that the table names."""
    if table.folder is None or not (table.describes(suite.tool) or table.path):
        return suite
    folder = Path(os.path.normpath(table.folder))
    if folder.is_absolute() or folder.parts[:1] == ("..",) or not (checkout / folder).is_dir():
        raise MeasurementFailed(f"perfgate.toml: [suite] folder = {table.folder!r} is no folder of the repository")
    return replace(suite, project=folder)


def _suite_at(checkout: Path, name: str) -> Suite:
    path = Path(os.path.normpath(name))
    if path.is_absolute() or path.parts[:1] == ("..",) or not (checkout / path).exists():
        names = ", ".join(tool.name for tool in TOOLS)
        raise MeasurementFailed(f"the suite {name!r} is neither {names} nor a path in the repository")
    for tool in TOOLS:
        if suite := tool.find_at(checkout, path):
            return suite
    raise MeasurementFailed(f"{name!r} contains neither {' nor '.join(tool.evidence for tool in TOOLS)}")
