"""A suite is collected on a prepared side without running it."""

from __future__ import annotations

from pathlib import Path

from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.tools.collected import count_benchmarks


def test_files_are_imported(project: Project, tmp_path: Path) -> None:
    """Each benchmark counts once, whatever its parameters; a file that cannot be imported is told, and hides no other."""
    assert 9 == count_benchmarks(project, tmp_path, "asv", "asv_bench/broken.py")
