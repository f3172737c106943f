"""Sessions of pytest-benchmark, old and new: reader.py, with documents.py below it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perfgate.errors import InvalidResult
from perfgate.results.formats import NO_COMMIT, read_results
from perfgate.results.formats.pytest_benchmark import reader as pytest_benchmark
from perfgate.results.records import CPU_TIME, TIME, Run, SampleState
from tests import paths

DATA = paths.DATA / "pytest-benchmark"
WITH_DATA = sorted(DATA.glob("*-with-data.json"))
SAVED = sorted(DATA.glob("saved/*/*.json"))
NEWEST = DATA / "5.3.1-with-data.json"
MACHINE = {"node": "host", "system": "Linux", "python_implementation": "CPython", "python_version": "3.12.1",
           "machine": "x86_64", "cpu": {"brand_raw": "CPU", "count": 2, "bits": 64}}  # fmt: skip


def read(*benchmarks: Any, **fields: Any) -> Run:
    document = {"machine_info": MACHINE, "commit_info": {"id": "a" * 40}, "benchmarks": benchmarks, **fields}
    return pytest_benchmark.read(json.dumps(document).encode(), name="x.json")


def entry(fullname: str, *, median: Any = 1.0, **fields: Any) -> dict[str, Any]:
    return {"fullname": fullname, "stats": {"median": median, **fields.pop("stats", {})}, **fields}


@pytest.mark.parametrize("path", [*WITH_DATA, *SAVED], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_version_is_read(path: Path) -> None:
    """The files of all versions have the same 16 benchmarks; the one that failed during the measurement is in none."""
    run = read_results(path)

    assert (16, 16) == (len(run.samples), run.count(SampleState.MEASURED))
    assert () == run.refused
    assert {"test_bench.py::test_fails_after", "test_bench.py::TestClass::test_method"} <= {
        sample.benchmark.label for sample in run.samples
    }
    assert "be26e622f00d8e0bee68a839e5c7a9f1f45a290c" == run.commit.sha
    assert not run.commit.dirty


@pytest.mark.parametrize("path", WITH_DATA, ids=lambda path: path.name)
def test_measurements_are_one_round(path: Path) -> None:
    """A session is one process, so its measurements are one round, with the tool's count and median."""
    for sample in read_results(path).samples:
        (one_round,) = sample.rounds
        assert len(one_round) == sample.statistics["rounds"]
        assert sample.value is not None
        assert min(one_round) <= sample.value <= max(one_round)
        assert (sample.calls or 0) >= 1


def test_saved_without_measurements() -> None:
    """A session saved without its measurements keeps value and statistics."""
    sample = read_results(SAVED[0]).samples[0]

    assert () == sample.rounds
    assert {"min", "max", "mean", "stddev", "q1", "q3", "iqr", "rounds", "total"} == set(sample.statistics)


def test_parameters() -> None:
    """Values are parameters; pytest's id is used if a value is no JSON or two have the same text."""
    labels = [sample.benchmark.label for sample in read_results(NEWEST).samples]

    assert [
        "test_bench.py::test_build[param=list-10]",
        "test_bench.py::test_build[param=list-100]",
        "test_bench.py::test_build[param=tuple-10]",
        "test_bench.py::test_build[param=tuple-100]",
        "test_bench.py::test_parameters[param=thing0]",
        "test_bench.py::test_parameters[thing=null]",
        "test_bench.py::test_parameters[thing=1.5]",
        'test_bench.py::test_parameters[thing={"a":1}]',
        "test_bench.py::test_parameters[NaN]",
        "test_bench.py::test_parameters[nan]",
        "test_bench.py::test_parameters[thing=a[b]/c]",
        "test_bench.py::test_same_text[number]",
        "test_bench.py::test_same_text[text]",
    ] == labels[:13]


def test_addresses_do_not_make_new_benchmarks() -> None:
    """A memory address in an id or a value is removed, because it differs in each run."""
    first, second = (
        read(
            entry(f"t.py::t[<object at {address}>]", param=f"<object at {address}>", params={"x": f"<f at {address}>"})
        )
        for address in ("0x7f47f1053b90", "0x7f0000053b90")
    )

    assert first.samples[0].benchmark == second.samples[0].benchmark
    assert {"x": "<f at 0x…>"} == first.samples[0].benchmark.parameters


def test_environment_and_commit() -> None:
    """The environment has pytest-benchmark's machine id; times are in UTC."""
    run = read_results(NEWEST)

    assert "Linux-CPython-3.12-64bit" == run.environment.name
    assert {"machine", "cpu", "cpu_count", "arch", "os", "python"} == set(run.environment.fields)
    assert datetime(2026, 11, 2, 9, 0, tzinfo=UTC) == run.commit.committed_at
    assert "main" == run.commit.branch
    assert run.started_at is not None


def test_a_timer_of_cpu_time_is_another_metric() -> None:
    """CPU time and wall time are never one series."""
    assert {CPU_TIME} == {sample.metric for sample in read_results(DATA / "5.3.1-process-time.json").samples}
    assert {TIME} == {sample.metric for sample in read_results(NEWEST).samples}


def test_times_without_zone_are_utc() -> None:
    """Old files give times without a zone; they are UTC."""
    run = read(commit_info={"id": "a" * 40, "time": "2021-11-06T14:43:54"}, datetime="2021-11-06T15:00:00.5")

    assert datetime(2021, 11, 6, 14, 43, 54, tzinfo=UTC) == run.commit.committed_at
    assert datetime(2021, 11, 6, 15, 0, 0, 500_000, tzinfo=UTC) == run.started_at


@pytest.mark.parametrize("info", [None, {}, {"id": "unversioned"}, {"id": None, "time": 5, "branch": "(unknown)"}])
def test_outside_version_control(info: Any) -> None:
    """A session outside version control is read, under the null commit and no branch."""
    run = read(commit_info=info)

    assert (NO_COMMIT, "", None) == (run.commit.sha, run.commit.branch, run.commit.committed_at)


def test_detached_head_is_no_branch() -> None:
    """'(detached head)' names no branch, and dirty is kept."""
    run = read(commit_info={"id": "a" * 40, "branch": "(detached head)", "dirty": True})

    assert ("", True) == (run.commit.branch, run.commit.dirty)


def test_zero_and_missing_medians() -> None:
    """A median of 0 is a value; a missing median or NaN is a failure."""
    run = read(entry("t.py::a", median=0.0), entry("t.py::b", median=float("nan")), {"fullname": "t.py::c"})

    assert [(SampleState.MEASURED, 0.0), (SampleState.FAILED, None), (SampleState.FAILED, None)] == [
        (sample.state, sample.value) for sample in run.samples
    ]


def test_the_same_test_twice_is_refused() -> None:
    """Of two identical entries, the first is kept and the second is listed as refused."""
    run = read(entry("t.py::a", median=1.0), entry("t.py::a", median=2.0))

    assert [1.0] == [sample.value for sample in run.samples]
    assert ["x.json: $.benchmarks[1]"] == [refusal.where for refusal in run.refused]


def test_a_bad_benchmark_is_refused_alone() -> None:
    """A malformed benchmark is listed with its path; of shortened measurements, the numbers are kept."""
    run = read(
        entry("t.py::a", stats={"data": [1, 2.5, "... and so on"]}),
        entry("t.py::b", median=[]),
        entry("t.py::\x00"),
        entry("t.py::d"),
    )

    assert ["t.py::a", "t.py::d"] == [sample.benchmark.name for sample in run.samples]
    assert ((1.0, 2.5),) == run.samples[0].rounds
    assert [
        "x.json: $.benchmarks[0].stats.data",
        "x.json: $.benchmarks[1].stats.median",
        "x.json: $.benchmarks[2].fullname",
    ] == sorted(refusal.where for refusal in run.refused)


@pytest.mark.parametrize("machine", [{}, {"cpu": 3, "system": ["x"]}, {"python_implementation": {}, "node": None}])
def test_any_machine_info(machine: Any) -> None:
    """Any content of machine_info can be read, because projects add their own."""
    assert read(machine_info=machine).environment.name


@pytest.mark.parametrize(
    ("fields", "path"),
    [({"benchmarks": 3}, "$.benchmarks"), ({"version": 5}, "$.version"), ({"machine_info": []}, "$.machine_info")],
)
def test_malformed_files_name_the_field(fields: dict[str, Any], path: str) -> None:
    """A malformed file is an error with the path of the offending field."""
    with pytest.raises(InvalidResult) as caught:
        read(**fields)

    assert path == caught.value.path


def test_numbers_that_a_test_keeps_are_metrics() -> None:
    """One sample each, without a unit; texts, truth values and what is too large for a number are none."""
    kept = {"rows": 3, "share": 0.5, "is_small": True, "kind": "x", "endless": float("inf"), "huge": 10**400}
    run = read(entry("a", extra_info=kept), entry("b", extra_info=["no", "dictionary"]))

    assert [("a", "time"), ("b", "time"), ("a", "extra_info.rows"), ("a", "extra_info.share")] == [
        (sample.benchmark.label, sample.metric.name) for sample in run.samples
    ]
    assert (3.0, ((3.0,),), "") == (run.samples[2].value, run.samples[2].rounds, run.samples[2].metric.unit)
    assert () == run.refused
