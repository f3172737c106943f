"""An asv suite is found by its configuration file, and its path in the repository is checked.

live_suite.py and single_run.py run whole suites: tests/perfgate/measure/test_comparison.py and test_single.py test them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.live.items import Item
from perfgate.measure.tools.asv.tool import AsvTool
from perfgate.results.records import TIME, Benchmark


def put(checkout: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(content)


def test_a_suite_is_found_by_its_configuration(tmp_path: Path) -> None:
    """benchmark_dir is relative to the configuration, wherever that is; the top folder comes first."""
    put(tmp_path, {"asv_bench/asv.conf.json": '{"benchmark_dir": "suite"}', "asv_bench/suite/__init__.py": ""})

    found = AsvTool().find(tmp_path)

    assert found is not None
    assert (Path("asv_bench/asv.conf.json"), Path("asv_bench/suite")) == (found.configuration, found.folder)
    assert (Path("asv_bench/suite"),) == found.shared
    put(tmp_path, {"asv.conf.json": "{}", "benchmarks/__init__.py": ""})
    found = AsvTool().find(tmp_path)
    assert found is not None
    assert Path("asv.conf.json") == found.configuration


def test_a_suite_is_found_at_a_path(tmp_path: Path) -> None:
    """A configuration of any name, or a folder with one; a test file is no suite of asv."""
    put(tmp_path, {"own/quick.json": "{}", "own/asv.conf.json": "{}", "own/benchmarks/__init__.py": "", "test.py": ""})
    tool = AsvTool()

    assert [Path("own/quick.json"), Path("own/asv.conf.json")] == [
        found.configuration for path in ("own/quick.json", "own") if (found := tool.find_at(tmp_path, Path(path)))
    ]
    assert tool.find_at(tmp_path, Path("test.py")) is None
    assert tool.find(tmp_path) is None


@pytest.mark.parametrize("folder", ["../other", "missing", "/"])
def test_the_benchmarks_must_be_in_the_repository(tmp_path: Path, folder: str) -> None:
    """A configuration that cannot be used is an error, not another suite."""
    put(tmp_path, {"asv.conf.json": f'{{"benchmark_dir": "{folder}"}}'})
    (tmp_path.parent / "other").mkdir(exist_ok=True)

    with pytest.raises(MeasurementFailed, match="which is no folder of the repository"):
        AsvTool().find(tmp_path)


def test_combinations_of_a_benchmark_are_traced_together() -> None:
    """Asv gives each benchmark one process, whatever its parameters."""
    items = [
        Item(benchmark=Benchmark(name="b.sort", parameters={"n": size}), metric=TIME, address=f"b.sort-{size}")
        for size in ("1", "2")
    ]

    assert {"b.sort"} == {AsvTool().session_of(item) for item in items}
