"""Collect the suites of a project, also with a file that cannot be imported."""

from __future__ import annotations

from pathlib import Path

from perfgate.measure.discover import discover
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.sides.environment import NEVER
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of
from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.sides.prepared import prepare

BROKEN = "import no_such_shelf\n\ndef test_it(benchmark):\n    benchmark(sum, [1])\n"


def count_benchmarks(project: Project, folder: Path, name: str, broken: str) -> int:
    """Return how many benchmarks a suite has; a *broken* file beside them is told, and changes nothing.

    Args:
        project: The project, whose ``head`` holds the suite.
        folder: An empty folder.
        name: The tool.
        broken: Path of the file that cannot be imported, in the checkout.
    """
    needs = SuiteNeeds(packages=tool_of(Suite(tool=name)).packages(Suite(tool=name)))
    side = prepare(project, folder, {"head": "head"}, suite=name, needs=needs, install=NEVER)["head"]
    suite = discover(side.checkout, name)
    whole = tool_of(suite).collect(suite, side)
    assert "" == whole.errors
    (side.checkout / broken).write_text(BROKEN)
    suite = discover(side.checkout, name)
    found = tool_of(suite).collect(suite, side)
    assert "No module named 'no_such_shelf'" in found.errors
    assert found.count == whole.count
    return whole.count
