"""A suite is collected on a prepared side without running it."""

from __future__ import annotations

from pathlib import Path

from perfgate.measure.discover import discover
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.needs.trial import Collected
from perfgate.measure.sides.environment import NEVER
from perfgate.measure.suites import Suite
from perfgate.measure.tools import TOOLS
from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.sides.prepared import prepare

NAME = "pytest-benchmark"


def collected(project: Project, folder: Path) -> Collected:
    (tool,) = [tool for tool in TOOLS if tool.name == NAME]
    needs = SuiteNeeds(packages=tool.packages(Suite(tool=NAME)))
    side = prepare(project, folder, {"head": "head"}, suite=NAME, needs=needs, install=NEVER)["head"]
    whole = tool.collect(discover(side.checkout, NAME), side)
    assert "" == whole.errors
    (side.checkout / BROKEN).write_text("import no_such_shelf\n\ndef test_it(benchmark):\n    benchmark(sum, [1])\n")
    broken = tool.collect(discover(side.checkout, NAME), side)
    assert "No module named 'no_such_shelf'" in broken.errors
    assert broken.count == whole.count
    return whole


BROKEN = "benchmarks/test_broken.py"


def test_tests_are_collected(project: Project, tmp_path: Path) -> None:
    """Tests that use no benchmark fixture do not count; a file that cannot be imported is told, and hides no other."""
    assert 11 == collected(project, tmp_path).count
