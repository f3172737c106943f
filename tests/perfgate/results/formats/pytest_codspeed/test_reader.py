"""pytest-codspeed's walltime JSON is read completely, or refused with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from perfgate.errors import InvalidResult
from perfgate.results.formats import NO_COMMIT, read_results, read_run
from perfgate.results.records import WALL_TIME, SampleState
from tests.paths import DATA

NEW = DATA / "pytest-codspeed/5.0.4/results_1795804114040.json"
OLD = DATA / "pytest-codspeed/3.0.0/results_1795804116262.json"
NAMES = [
    "test_sort[10]",
    "test_sort[1000]",
    "TestText::test_split[a::b[c]]",
    "TestText::test_split[\\xfc]",
    "test_pedantic",
]


def changed(**values: Any) -> bytes:
    """Return the new file with other *values* at its top."""
    return json.dumps({**json.loads(NEW.read_bytes()), **values}).encode()


@pytest.mark.parametrize("file", [NEW, OLD])
def test_every_benchmark_is_read(file: Any) -> None:
    """Marked tests and those with a fixture, by their full names; times are seconds."""
    run = read_results(file)

    assert [f"tests/test_sort.py::{name}" for name in NAMES] == [sample.benchmark.label for sample in run.samples]
    assert {WALL_TIME} == {sample.metric for sample in run.samples}
    assert all(sample.value is not None and 1e-8 < sample.value < 1e-3 for sample in run.samples)
    assert () == run.refused


def test_the_numbers_are_those_of_the_file() -> None:
    """The value is the median, statistics have the names of other tools, and the calls of a round are kept."""
    entry, sample = json.loads(NEW.read_bytes())["benchmarks"][0], read_results(NEW).samples[0]

    assert pytest.approx(entry["stats"]["median_ns"] / 1e9) == sample.value
    assert pytest.approx(entry["stats"]["stdev_ns"] / 1e9) == sample.statistics["stddev"]
    assert entry["stats"]["rounds"] == sample.statistics["rounds"]
    assert entry["stats"]["iter_per_round"] == sample.calls


def test_what_the_file_says_of_the_session() -> None:
    """The tool and the interpreter, and by its name the moment; the commit is unknown."""
    run = read_results(NEW)

    assert ("pytest-codspeed", "pytest-codspeed 5.0.4", NO_COMMIT) == (run.suite, run.tool, run.commit.sha)
    assert datetime(2026, 11, 27, 18, 28, 34, 40_000, tzinfo=UTC) == run.started_at
    assert "linux-cpython-311-x86_64-linux-gnu" == run.environment.name
    assert {"os": "linux", "arch": "x86_64", "python": "3.11.7"} == run.environment.fields
    assert read_run(NEW.read_bytes(), name="saved.json").started_at is None


@pytest.mark.parametrize(("version", "seconds"), [("3.1.2", 2e-9), ("3.2.0", 8e-9), ("10.0", 8e-9), ("dev", 8e-9)])
def test_old_versions_wrote_times_per_round(version: str, seconds: float) -> None:
    """Before version 3.2 a time is that of all calls in a round."""
    stats = {"median_ns": 8.0, "min_ns": 4.0, "iter_per_round": 4}
    data = changed(creator={"name": "pytest-codspeed", "version": version}, benchmarks=[{"uri": "a", "stats": stats}])
    (sample,) = read_run(data, name="x.json").samples

    assert pytest.approx(seconds) == sample.value
    assert pytest.approx(seconds / 2) == sample.statistics["min"]


def test_what_is_sound_is_kept() -> None:
    """A benchmark without a median failed; a malformed or repeated one is refused."""
    good = {"uri": "a", "stats": {"median_ns": 1.0}}
    run = read_run(
        changed(benchmarks=[good, {"uri": "b", "stats": {"median_ns": None}}, {"uri": 3}, good]), name="x.json"
    )

    assert [SampleState.MEASURED, SampleState.FAILED] == [sample.state for sample in run.samples]
    assert ["x.json: $.benchmarks[2].uri", "x.json: $.benchmarks[3]"] == [refusal.where for refusal in run.refused]
    assert "twice" in run.refused[1].reason


@pytest.mark.parametrize("instrument", [{"type": "valgrind"}, {"type": "walltime"}])
def test_a_mode_that_does_not_measure_is_refused(instrument: dict[str, str]) -> None:
    """In its other modes the file has no times."""
    with pytest.raises(InvalidResult, match="--codspeed-mode walltime"):
        read_run(changed(instrument=instrument, benchmarks=None), name="x.json")
