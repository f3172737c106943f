"""Suites are found by reading files, and what was looked for is named when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import Kind, discover, read_configuration, suites

USES_BENCHMARK = "class TestSort:\n    async def test_sort(\n        self,\n        benchmark,\n    ):\n        ...\n"


def put(checkout: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(content)


def test_an_asv_suite_is_found_by_its_configuration(tmp_path: Path) -> None:
    """benchmark_dir is relative to the configuration, wherever that lies."""
    put(tmp_path, {"asv_bench/asv.conf.json": '{"benchmark_dir": "suite"}', "asv_bench/suite/__init__.py": ""})

    found = discover(tmp_path)

    assert found.kind is Kind.ASV
    assert found.folder == Path("asv_bench/suite")
    assert found.shared == (Path("asv_bench/suite"),)


def test_tests_with_the_fixture_are_found_by_their_text(tmp_path: Path) -> None:
    """A parameter named benchmark is enough, over several lines; other tests and folders are left alone."""
    put(
        tmp_path,
        {
            "tests/deep/test_sort.py": USES_BENCHMARK,
            "tests/test_other.py": "def test_other():\n    benchmark = 1\n",
            "tests/conftest.py": "def wrapped(benchmark): ...\n",
            "shop/quick.py": USES_BENCHMARK,
            "shop/test_inside.py": USES_BENCHMARK,
            "venv/tests/test_foreign.py": USES_BENCHMARK,
        },
    )

    found = discover(tmp_path)

    assert found.kind is Kind.PYTEST_BENCHMARK
    assert found.files == (Path("shop/test_inside.py"), Path("tests/deep/test_sort.py"))
    assert found.shared == (Path("shop/test_inside.py"), Path("shop/conftest.py"), Path("tests"))


def test_two_suites_must_be_told_apart(tmp_path: Path) -> None:
    """Nothing is chosen silently; a kind or a path chooses."""
    put(
        tmp_path,
        {
            "asv.conf.json": "{}",
            "benchmarks/__init__.py": "",
            "tests/bench.py": USES_BENCHMARK,
            "code/a.py": USES_BENCHMARK,
        },
    )

    assert [suite.kind for suite in suites(tmp_path)] == [Kind.ASV, Kind.PYTEST_BENCHMARK]
    with pytest.raises(MeasurementFailed, match="holds two suites, asv and pytest-benchmark: name the one to run"):
        discover(tmp_path)
    assert discover(tmp_path, "asv").kind is Kind.ASV
    assert discover(tmp_path, "pytest-benchmark").files == (Path("tests/bench.py"),)
    assert discover(tmp_path, "code").files == (Path("code/a.py"),)
    assert discover(tmp_path, "asv.conf.json").kind is Kind.ASV


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (None, r"looked for an asv configuration .* and tests with a 'benchmark' parameter"),
        ("asv", r"looked for an asv configuration \(asv.conf.json"),
        ("nowhere", "neither asv, pytest-benchmark nor a path in the repository"),
        ("../outside", "neither asv, pytest-benchmark nor a path in the repository"),
        ("docs", "holds neither asv.conf.json nor tests"),
    ],
)
def test_nothing_found_says_what_was_looked_for(tmp_path: Path, wanted: str | None, message: str) -> None:
    """The error names the places and the next step."""
    put(tmp_path, {"docs/index.md": ""})

    with pytest.raises(MeasurementFailed, match=message):
        discover(tmp_path, wanted)


def test_an_asv_configuration_may_hold_comments(tmp_path: Path) -> None:
    """Comments and trailing commas go, but not inside strings."""
    path = tmp_path / "asv.conf.json"
    path.write_text('{ // say, "no"\n "url": "https://example.org/*x*/,]", /* more\n lines */ "list": [1, 2,], }')

    assert read_configuration(path) == {"url": "https://example.org/*x*/,]", "list": [1, 2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "must hold a JSON object, not list"),
        ("{", "is not the JSON that asv reads"),
        ('{"benchmark_dir": "../other"}', "no folder of the repository"),
        ('{"benchmark_dir": "missing"}', "no folder of the repository"),
    ],
)
def test_a_bad_asv_configuration_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """A configuration that cannot be used is an error, not another suite."""
    put(tmp_path, {"asv.conf.json": content})

    with pytest.raises(MeasurementFailed, match=message):
        discover(tmp_path)
