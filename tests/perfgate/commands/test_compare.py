"""`perfgate compare`: two files that were measured apart."""

import json
from pathlib import Path

import msgspec
import pytest

from perfgate.cli import main
from perfgate.results import result_file
from perfgate.results.records import TIME, Benchmark, Commit, Environment, Run, Sample, SampleState, level


def write(path: Path, values: dict[str, list[float]], machine: str = "m", **changes: object) -> str:
    samples = tuple(
        Sample(
            benchmark=Benchmark(name=name),
            metric=TIME,
            value=level(tuple((value,) * 3 for value in levels)),
            rounds=tuple((value,) * 3 for value in levels),
        )
        for name, levels in values.items()
    )
    run = Run(
        suite="s",
        tool="tool 1",
        commit=Commit(sha="a" * 40),
        environment=Environment(name="runner", fields={"machine": machine}),
        samples=samples,
    )
    result_file.save(msgspec.structs.replace(run, **changes), path)
    return str(path)


def test_one_process_a_side_cannot_certify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The change is shown with its size; the text says that it may be chance."""
    code = main(["compare", write(tmp_path / "a", {"x": [1.0]}), write(tmp_path / "b", {"x": [1.2]})])
    printed = capsys.readouterr().out

    assert 0 == code
    assert "+20.0 %" in printed
    assert "3/3" in printed
    assert "cannot certify: one process per side" in printed


def test_several_processes_earn_an_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four processes a side give an interval, and still no certificate."""
    a = write(tmp_path / "a", {"x": [1.0, 1.01, 0.99, 1.0]})
    b = write(tmp_path / "b", {"x": [1.2, 1.21, 1.19, 1.2]})
    main(["compare", a, b, "--json"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]

    assert row["low"] < 0.2 < row["high"]
    assert "sequential layout, cannot certify" == row["reason"]


def test_files_without_a_common_benchmark_are_undecidable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing compared is code 3, and each benchmark is listed with the side it stands on."""
    code = main(["compare", write(tmp_path / "a", {"x": [1.0]}), write(tmp_path / "b", {"y": [1.0]})])
    printed = capsys.readouterr().out

    assert 3 == code
    assert "only in the baseline" in printed
    assert "no benchmark is in both files; cannot certify: one process per side" in printed


def test_different_machines_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every field that forbids a verdict is printed with both values."""
    main(["compare", write(tmp_path / "a", {"x": [1.0]}, "m1"), write(tmp_path / "b", {"x": [1.0]}, "m2")])

    assert "machine was 'm1', is 'm2'" in capsys.readouterr().out


def test_failed_benchmarks_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure on one side is said, not turned into a number."""
    failed = (Sample(benchmark=Benchmark(name="x"), metric=TIME, state=SampleState.FAILED),)
    main(["compare", write(tmp_path / "a", {"x": [1.0]}), write(tmp_path / "b", {}, samples=failed)])

    assert "failed in the candidate" in capsys.readouterr().out


def test_a_changed_benchmark_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two versions of a benchmark are two benchmarks."""

    def version(text: str) -> tuple[Sample, ...]:
        return (Sample(benchmark=Benchmark(name="x", version=text), metric=TIME, value=1.0),)

    main(["compare", write(tmp_path / "a", {}, samples=version("1")), write(tmp_path / "b", {}, samples=version("2"))])

    assert "the benchmark itself changed" in capsys.readouterr().out


def test_what_is_no_result_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong file ends with 2 and its name."""
    (tmp_path / "b").write_text("hello")
    code = main(["compare", write(tmp_path / "a", {"x": [1.0]}), str(tmp_path / "b")])

    assert 2 == code
    assert f"{tmp_path.name}/b: not JSON" in capsys.readouterr().err
