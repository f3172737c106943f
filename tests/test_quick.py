"""`make quick` finds the tests of what changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import quick
from tests.paths import ROOT

RATES = ["tests/perfgate/stats/test_rates.py"]


@pytest.mark.parametrize(
    ("changed", "nearest"),
    [
        ("tests/perfgate/stats/test_rates.py", RATES),
        ("perfgate/stats/rates.py", RATES),
        ("perfgate/gate/pairing.py", ["tests/perfgate/gate/test_pairing.py"]),
        ("webapp/pages/home/home.html", ["tests/webapp/pages/home/test_views.py"]),
    ],
)
def test_the_tests_of_a_changed_file_come_first(changed: str, nearest: list[str]) -> None:
    """A test that changed, the mirror of a changed module, and the tests beside a template are run before all others."""
    assert nearest == quick.affected([changed])[: len(nearest)]


def test_importers_are_affected() -> None:
    """A change reaches the test files that import the module, and the tests of modules that import it."""
    found = quick.affected(["webapp/history/ingest.py"])

    assert "tests/webapp/history/test_imports.py" in found
    assert "tests/webapp/api/test_uploads.py" in found


def test_a_helper_of_the_tests_affects_those_that_import_it() -> None:
    """A change of a test helper reaches the test files that use it."""
    assert "tests/webapp/verdicts/test_judgments.py" in quick.affected(["tests/webapp/lab.py"])


def test_tests_that_measure_are_left_out() -> None:
    """What must run alone is never among tests that run side by side."""
    assert not set(quick.ALONE) & set(quick.affected(["demo/services.py", *quick.ALONE]))


def test_the_time_ends(tmp_path: Path) -> None:
    """After the deadline a test is skipped, with the reason."""
    (tmp_path / "test_late.py").write_text("def test_late(): raise AssertionError")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "tests.conftest", str(tmp_path)]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "QUICK_DEADLINE": "0"}, capture_output=True, text=True, check=False
    )

    assert "the time of `make quick` is over" in ended.stdout
    assert 0 == ended.returncode
