"""perfgate's own result file reads back as it was written, and a malformed one is an error with the path."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate import gate
from perfgate.errors import InvalidResult, UnknownFormat
from perfgate.results import result_file
from perfgate.results.formats import read_results
from perfgate.results.records import TIME, Benchmark, Commit, Environment, Run, Sample, SampleState
from tests.paths import DATA

FINITE = st.floats(allow_nan=False, allow_infinity=False)
LINE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20)


def minimal(**fields: Any) -> Run:
    return Run(suite="asv", tool="asv", commit=Commit(sha="a" * 40), environment=Environment(name="laptop"), **fields)


def changed(run: Run, path: str, value: Any) -> bytes:
    document = json.loads(result_file.write(run))
    inside: Any = document
    *parents, last = path.split(".")
    for step in parents:
        inside = inside[int(step) if step.isdigit() else step]
    inside[last] = value
    return json.dumps(document).encode()


SAMPLE = Sample(benchmark=Benchmark(name="time_a"), metric=TIME, value=1.0, rounds=((1.0,),))


def test_a_file_of_version_1_is_read() -> None:
    """A real file of version 1 is read completely."""
    run = result_file.read((DATA / "perfgate/1.json").read_bytes())

    assert read_results(DATA / "pytest-benchmark/5.3.1-with-data.json") == run
    assert (16, "pytest-benchmark 5.3.1") == (len(run.samples), run.tool)


def test_a_file_of_version_2_is_read_and_judged() -> None:
    """A real file of two joined shards gives the verdict from when it was measured."""
    verdict = gate.judge(result_file.read((DATA / "perfgate/2.json").read_bytes()), today=date(2026, 11, 26))

    assert [("benchmarks/test_shop.py::test_total", "fail")] == [(row.label, row.outcome) for row in verdict.gated]
    assert ("benchmarks/test_words.py::test_words",) == verdict.exempt
    assert gate.FalseAlarms(judged=1) == verdict.false_alarms


def test_what_was_exempt_in_version_1_still_is() -> None:
    """In version 1 an exempt benchmark has no samples; such a file is read, and still passes."""
    old = changed(minimal(exempt=("a",), baseline=minimal()), "perfgate_result", 1)

    assert gate.Outcome.PASS == gate.judge(result_file.read(old), today=date(2026, 11, 26)).outcome


def test_the_newest_version_is_among_them() -> None:
    """There is a real file of the newest version."""
    assert (DATA / f"perfgate/{result_file.VERSION}.json").is_file()


@given(rounds=st.lists(st.lists(FINITE, min_size=1, max_size=3), max_size=3), name=LINE, value=FINITE)
def test_round_trip(rounds: list[list[float]], name: str, value: float) -> None:
    """A file reads back equal, every float to its last digit."""
    benchmark = Benchmark(name=name.replace("<", "("), parameters={"n": name})
    sample = Sample(
        benchmark=benchmark, metric=TIME, value=value, rounds=tuple(tuple(one_round) for one_round in rounds)
    )
    run = minimal(samples=(sample,), baseline=minimal())

    assert run == result_file.read(result_file.write(run))


def test_save_writes_the_whole_file(tmp_path: Path) -> None:
    """A saved file is complete, and no temporary file remains."""
    path = tmp_path / "result.json"
    result_file.save(minimal(), path)

    assert result_file.write(minimal()) == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_result_files_are_recognized() -> None:
    """A result file of any version is recognized, other JSON is not."""
    assert result_file.recognizes(result_file.write(minimal()))
    assert result_file.recognizes(b'{"perfgate_result": 99}')
    assert not result_file.recognizes(b'{"commit_hash": "abcdef0"}')


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("run.commit.sha", "HEAD", "$.run.commit.sha"),
        ("run.samples.0.value", "1", "$.run.samples[0].value"),
        ("run.samples.0.value", None, "$.run.samples[0]"),
        ("run.samples.0.state", "lost", "$.run.samples[0].state"),
        ("run.samples.0.rounds", [[1, None]], "$.run.samples[0].rounds[0][1]"),
        ("run.samples.0.benchmark.name", "<script>", "$.run.samples[0].benchmark.name"),
        ("run.environment", None, "$.run.environment"),
        ("run.unknown", 1, "$.run"),
        ("run.pull_request", 0, "$.run.pull_request"),
        ("run.shards", [{"number": 0, "count": 2, "labels": [], "suite": ""}], "$.run.shards[0].number"),
        ("run.shards", [{"number": 1, "count": 2, "labels": ["b"], "suite": ""}], "$.run"),
        ("run.shards", [{"number": 1, "count": 2, "labels": [], "suite": ""}] * 2, "$.run"),
        ("run.shards", [{"number": 1, "count": 2, "labels": ["time_a"] * 2, "suite": ""}], "$.run"),
    ],
)
def test_malformed_fields_are_named(path: str, value: Any, expected: str) -> None:
    """A malformed field is refused with its path and the file's name."""
    with pytest.raises(InvalidResult) as caught:
        result_file.read(changed(minimal(samples=(SAMPLE,)), path, value), source="upload")

    assert (expected, "upload") == (caught.value.path, caught.value.source)
    assert not caught.value.can_retry


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"perfgate_result": NaN}'])
def test_malformed_documents(data: bytes) -> None:
    """A file that is no JSON, or no object, is an error."""
    with pytest.raises(InvalidResult):
        result_file.read(data)


@pytest.mark.parametrize("version", [0, result_file.VERSION + 1, 99])
def test_a_later_version_is_refused(version: int) -> None:
    """A file of a later version is an error that says what to do."""
    with pytest.raises(UnknownFormat, match="upgrade perfgate") as caught:
        result_file.read(changed(minimal(), "perfgate_result", version))

    assert "$.perfgate_result" == caught.value.path


def test_states_survive() -> None:
    """Failed and skipped samples keep their reason and have no value."""
    samples = tuple(
        Sample(benchmark=Benchmark(name=state), metric=TIME, state=state, reason="because")
        for state in (SampleState.FAILED, SampleState.SKIPPED)
    )

    assert samples == result_file.read(result_file.write(minimal(samples=samples))).samples


def test_infinity_is_never_written() -> None:
    """JSON has no infinity, so no record can contain one."""
    with pytest.raises(ValueError, match="finite"):
        minimal(samples=(Sample(benchmark=Benchmark(name="a"), metric=TIME, value=math.inf),))
