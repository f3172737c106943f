"""The suite to run is found or named, and an error says what was looked for.

suites.py has what was found.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import discover, suites

USES_BENCHMARK = "class TestSort:\n    async def test_sort(\n        self,\n        benchmark,\n    ):\n        ...\n"


def put(checkout: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(content)


def test_two_suites_must_be_told_apart(tmp_path: Path) -> None:
    """None is chosen silently; a tool's name or a path chooses."""
    put(
        tmp_path,
        {
            "asv.conf.json": "{}",
            "benchmarks/__init__.py": "",
            "tests/bench.py": USES_BENCHMARK,
            "code/a.py": USES_BENCHMARK,
        },
    )

    assert [suite.tool for suite in suites(tmp_path)] == ["asv", "pytest-benchmark"]
    with pytest.raises(MeasurementFailed, match="has two suites, asv and pytest-benchmark: name the one to run"):
        discover(tmp_path)
    assert discover(tmp_path, "asv").tool == "asv"
    assert discover(tmp_path, "pytest-benchmark").files == (Path("tests/bench.py"),)
    assert discover(tmp_path, "code").files == (Path("code/a.py"),)
    assert discover(tmp_path, "asv.conf.json").tool == "asv"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (None, r"looked for an asv configuration .* and tests with a 'benchmark' parameter"),
        ("asv", r"looked for an asv configuration \(asv.conf.json"),
        ("nowhere", "neither asv, pytest-benchmark nor a path in the repository"),
        ("../outside", "neither asv, pytest-benchmark nor a path in the repository"),
        ("docs", "contains neither asv.conf.json nor tests"),
    ],
)
def test_a_missing_suite_is_explained(tmp_path: Path, wanted: str | None, message: str) -> None:
    """The error names the places and the next step."""
    put(tmp_path, {"docs/index.md": ""})

    with pytest.raises(MeasurementFailed, match=message):
        discover(tmp_path, wanted)
