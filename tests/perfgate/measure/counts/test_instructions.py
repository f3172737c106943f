"""Instructions of a real project's benchmarks under real valgrind: they repeat, and show a hundredth more work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.counts import instructions
from perfgate.measure.suites import Suite
from perfgate.results.records import Sample
from perfgate.stats.deterministic import judge_counts
from perfgate.stats.judgments import Judgment
from tests.perfgate.measure import probed
from tests.perfgate.measure.probed import TEST, by_name, item

needs_valgrind = pytest.mark.skipif(
    shutil.which("valgrind") is None and "CI" not in os.environ, reason="valgrind is not installed"
)


@needs_valgrind
def test_counts_repeat_and_show_one_hundredth_more_work(tmp_path: Path) -> None:
    """The same work counts the same within 0.1 %, one hundredth more is a regression; broken tests fail alone."""
    project = probed.make(tmp_path / "shop")
    wanted = [item(TEST + name) for name in ("test_exits", "test_same", "test_spin", "test_gone")]
    with probed.prepared(project, "pytest-benchmark") as ready:
        found = instructions.measure(ready.sides, ready.suite, wanted, ready.folder)
        assert not list((ready.folder / "counts").glob("*.[0-9]*.[0-9]*"))

    base, head = (by_name(found[role], "instructions") for role in ("base", "head"))
    before, after = value(base["test_same"]), value(head["test_same"])
    assert before > 5_000_000
    assert before == pytest.approx(after, rel=0.001)
    before, after = value(base["test_spin"]), value(head["test_spin"])
    decision = judge_counts([[before]], [[after]], budget=0.0, repeatability=0.001)
    assert Judgment.REGRESSED is decision.outcome
    assert 0.007 < decision.effect < 0.013
    assert "base: failed: its process ended with status 3" in head["test_exits"].reason
    assert "pytest does not collect" in head["test_gone"].reason


@needs_valgrind
def test_asv_benchmarks_are_counted(tmp_path: Path) -> None:
    """Benchmarks of an asv suite, with setup and setup_cache, share one process a side and are counted."""
    project = probed.make(tmp_path / "shop")
    wanted = [item("b.Cached.time_work", cache="b:20"), item("b.Keeps.time_keep-0")]
    with probed.prepared(project, "asv") as ready:
        found = instructions.measure(ready.sides, ready.suite, wanted, ready.folder)

    for before, after in zip(found["base"], found["head"], strict=True):
        assert value(before) > 1_000_000
        assert 1 < value(after) / value(before) < 1.05


def test_a_missing_valgrind_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without valgrind nothing is measured, and the error says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MeasurementFailed, match="install the package 'valgrind'"):
        instructions.measure({}, Suite(tool="asv"), [], tmp_path)


def value(sample: Sample) -> float:
    assert sample.value is not None, sample.reason
    return sample.value
