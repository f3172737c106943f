"""A session that is not measured in pairs says what it collected, and fails if it measured another copy of the project."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perfgate.measure.agent.origins import VARIABLE

AGENT = Path(__file__).parents[5] / "perfgate/measure/agent"
FOREIGN_STATUS = 70


@pytest.mark.parametrize(("place", "status"), [("packages", 0), ("elsewhere", FOREIGN_STATUS)])
def test_a_session(tmp_path: Path, place: str, status: int) -> None:
    """The number of tests is a line of its own; a wrong copy has an exit status of its own and is named."""
    shutil.copytree(AGENT, tmp_path / "agents/perfgate_agent")
    (tmp_path / place).mkdir()
    (tmp_path / place / "shop.py").touch()
    load = f"import importlib.util, sys\nsys.path.insert(0, {str(tmp_path / place)!r})\nsys.meta_path.pop(0)\nimport shop\n"
    (tmp_path / "test_shop.py").write_text(f"{load}def test_a(): pass\ndef test_b(): pass\n")
    origins = {
        "names": ["shop"],
        "installed": str(tmp_path / "packages"),
        "sources": [],
        "checkout": str(tmp_path / "checkout"),
        "environment": str(tmp_path / "packages"),
        "benchmarks": [],
        "elsewhere": str(tmp_path / "work"),
        "interpreter": [],
    }

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "perfgate_agent.pytest_benchmark.alone", "test_shop.py"],
        cwd=tmp_path,
        env={VARIABLE: json.dumps(origins), "PYTHONPATH": str(tmp_path / "agents")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert status == done.returncode, done.stdout
    assert "perfgate collected 2\n" in done.stdout
    assert (status == FOREIGN_STATUS) == (f"imported 'shop' from {tmp_path / 'elsewhere'}" in done.stdout)
