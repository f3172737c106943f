"""The benchmarks of a suite are listed; a file that cannot be imported hides no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from asv_runner.discovery import update_sys_path

from perfgate.measure.agent.asv.collect import importable_benchmarks


def test_a_broken_file_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is returned; without one, all benchmarks are there and no error."""
    monkeypatch.setattr("sys.path", ["before"])
    folder = tmp_path / "speed_of_shop"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "good.py").write_text("def time_sum():\n    sum([1])\n\ndef track_one():\n    return 1\n")
    update_sys_path(str(folder))
    found, errors = importable_benchmarks(str(folder))
    assert (["good.time_sum", "good.track_one"], []) == (sorted(benchmark.name for benchmark in found), errors)

    (folder / "bad.py").write_text("import no_such_shelf\n\ndef time_shelf():\n    pass\n")
    found, errors = importable_benchmarks(str(folder))

    assert ["good.time_sum", "good.track_one"] == sorted(benchmark.name for benchmark in found)
    assert ["ModuleNotFoundError: No module named 'no_such_shelf'"] == errors
