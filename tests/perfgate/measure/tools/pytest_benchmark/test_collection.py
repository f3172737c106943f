"""A suite is collected on a prepared side without running it."""

from __future__ import annotations

from pathlib import Path

from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.tools.collected import count_benchmarks


def test_tests_are_collected(project: Project, tmp_path: Path) -> None:
    """Tests that use no benchmark fixture do not count; a file that cannot be imported is told, and hides no other."""
    assert 11 == count_benchmarks(project, tmp_path, "pytest-benchmark", "benchmarks/test_broken.py")
