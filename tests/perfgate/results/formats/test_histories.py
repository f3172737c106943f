"""Read histories for `perfgate changes`: CSV files and trees of results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from perfgate.errors import InvalidInput
from perfgate.results.formats.histories import ValueHistory, read_histories
from perfgate.results.records import TIME
from tests.paths import DATA


def written(tmp_path: Path, text: str, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_results_are_ordered_by_commit_date(tmp_path: Path) -> None:
    """Points are in the order of their commits, whatever the order of the files."""
    machine = tmp_path / "results/m"
    machine.mkdir(parents=True)
    for sha, day in (("aaaaaaaa", 3), ("bbbbbbbb", 1), ("cccccccc", 2)):
        result = {"commit_hash": sha, "date": day * 86_400_000, "results": {"time_x": day, "time_y": None}}
        (machine / f"{sha}-py3.json").write_text(json.dumps(result))

    histories = read_histories(tmp_path)

    expected = ValueHistory(("bbbbbbbb", "cccccccc", "aaaaaaaa"), (1.0, 2.0, 3.0), TIME)
    assert {"time_x": expected} == histories


def test_pull_requests_are_left_out(tmp_path: Path) -> None:
    """A run of a pull request is no point of the history."""

    def run(sha: str, kind: str) -> dict[str, object]:
        commit = {"id": sha * 40, "url": f"https://github.com/o/r/{kind}/{sha * 40}"}
        return {"commit": commit, "date": 1, "tool": "go", "benches": [{"name": "b", "value": 1, "unit": "ns"}]}

    document = {"entries": {"Go": [run("a", "commit"), run("b", "pull/7/commits")]}}
    path = written(tmp_path, "window.BENCHMARK_DATA = " + json.dumps(document), "data.js")

    assert {"b": ValueHistory(("a" * 40,), (1e-9,), TIME)} == read_histories(path)


def test_environments_stay_apart(tmp_path: Path) -> None:
    """Series of two environments, and of two metrics, are never joined under one name."""
    storage = tmp_path / "storage"
    shutil.copytree(DATA / "pytest-benchmark/saved", storage)
    shutil.copy(DATA / "pytest-benchmark/5.3.1-process-time.json", storage / "0002_cpu.json")

    histories = read_histories(storage)

    assert {
        "test_bench.py::test_once (cpu_time) on Linux-CPython-3.12-64bit",
        "test_bench.py::test_once (time) on Linux-CPython-3.12-64bit",
        "test_bench.py::test_once (time) on Linux-CPython-3.8-64bit",
    } == {name for name in histories if "test_once" in name}


def test_nothing_to_read(tmp_path: Path) -> None:
    """A folder without results is an error that says what can be read."""
    with pytest.raises(InvalidInput, match="name a CSV file"):
        read_histories(tmp_path)


def test_a_table_is_a_history_without_a_metric(tmp_path: Path) -> None:
    """A CSV file that is no tool's result is a table: its columns are the series."""
    path = written(tmp_path, "commit,seconds\nabc,1\ndef,2\n", "x.csv")

    assert {"seconds": ValueHistory(("abc", "def"), (1.0, 2.0))} == read_histories(path)
