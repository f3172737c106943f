"""A pytest suite is found by the text of its test files.

live_suite.py, single_run.py and collection.py run whole suites: test_comparison.py, test_single.py and test_kinds_of_suites.py of
tests/perfgate/measure test them.
command.py is the command line that they share.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.live.items import Item
from perfgate.measure.sides.side import Side
from perfgate.measure.tools.pytest_benchmark.command import pytest_command
from perfgate.measure.tools.pytest_benchmark.tool import PytestBenchmarkTool
from perfgate.results.records import TIME, Benchmark

USES_BENCHMARK = "class TestSort:\n    async def test_sort(\n        self,\n        benchmark,\n    ):\n        ...\n"


def put(checkout: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(content)


def test_tests_are_found_by_their_text(tmp_path: Path) -> None:
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
            ".tox/tests/test_foreign.py": USES_BENCHMARK,
        },
    )

    found = PytestBenchmarkTool().find(tmp_path)

    assert found is not None
    assert (Path("shop/test_inside.py"), Path("tests/deep/test_sort.py")) == found.files
    assert (Path("shop/test_inside.py"), Path("shop/conftest.py"), Path("tests")) == found.shared


@pytest.mark.parametrize(
    "text",
    [
        "def test_sort(codspeed_benchmark): ...",
        "@pytest.mark.benchmark\ndef test_sort(): ...",
        "from pytest import mark\n\n@mark.codspeed_benchmark(max_rounds=3)\nasync def test_sort(): ...",
        "class TestSort:\n    pytestmark = pytest.mark.benchmark\n",
        "pytestmark = [pytest.mark.slow, pytest.mark.benchmark()]\n",
    ],
)
def test_marks_are_found_too(tmp_path: Path, text: str) -> None:
    """Marked functions, classes and modules, under both names; a comment is no mark."""
    put(tmp_path, {"tests/test_sort.py": text, "tests/test_other.py": "# pytest.mark.benchmark is not for this file\n"})

    found = PytestBenchmarkTool().find(tmp_path)

    assert found is not None
    assert (Path("tests/test_sort.py"),) == found.files


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ["pytest-benchmark"]),
        ({"pyproject.toml": '[dependency-groups]\nbench = ["pytest-codspeed"]\n'}, ["pytest-codspeed"]),
        ({"tests/test_a.py": "import pytest_codspeed\ndef test_a(benchmark): ...\n"}, ["pytest-codspeed"]),
        ({"tests/test_b.py": "def test_b(codspeed_benchmark): ...\n"}, ["pytest-codspeed"]),
        (
            {"requirements/dev.txt": "pytest-benchmark>=5\n", "dev-requirements.txt": "pytest-codspeed\n"},
            ["pytest-benchmark", "pytest-codspeed"],
        ),
    ],
)
def test_a_suite_needs_the_plugins_that_it_is_written_for(
    tmp_path: Path, files: dict[str, str], expected: list[str]
) -> None:
    """What the project and its tests speak of, both if need be; pytest-benchmark where they are silent."""
    put(tmp_path, {"tests/test_marked.py": "@pytest.mark.benchmark\ndef test_marked(): ...\n", **files})
    tool = PytestBenchmarkTool()

    found = tool.find(tmp_path)

    assert found is not None
    assert ("pytest", *expected) == tool.packages(found)


def test_a_suite_is_found_at_a_path(tmp_path: Path) -> None:
    """A named file counts whatever it contains; in a named folder, all files with the fixture do."""
    put(tmp_path, {"code/a.py": USES_BENCHMARK, "code/b.py": "", "docs/index.md": ""})
    tool = PytestBenchmarkTool()
    files = {path: tool.find_at(tmp_path, Path(path)) for path in ("code/b.py", "code", "docs", "docs/index.md")}

    assert {"code/b.py": (Path("code/b.py"),), "code": (Path("code/a.py"),), "docs": None, "docs/index.md": None} == {
        path: suite and suite.files for path, suite in files.items()
    }


def test_a_probe_collects_only_the_files_it_needs(tmp_path: Path) -> None:
    """Each file once, behind the plugin; a traced session is one file."""
    side = a_side(tmp_path)
    items = [
        Item(benchmark=Benchmark(name=address), metric=TIME, address=address)
        for address in ("tests/a.py::one", "tests/b.py::two", "tests/a.py::three")
    ]
    tool = PytestBenchmarkTool()

    assert ["-p", "perfgate_agent.pytest_benchmark.probe", "tests/a.py", "tests/b.py"] == tool.probe_command(
        side, items
    )[-4:]
    assert ["tests/a.py", "tests/b.py", "tests/a.py"] == [tool.session_of(item) for item in items]


def test_plugins_are_loaded_where_they_are_installed(tmp_path: Path) -> None:
    """Pytest refuses to load a plugin that is not installed; those that disturb do nothing."""
    side = a_side(tmp_path)
    assert not {"xdist", "pytest_cov", "benchmark", "codspeed"} & set(pytest_command(side))

    for package in ("xdist", "pytest_cov", "pytest_benchmark", "pytest_codspeed"):
        (tmp_path / package).mkdir()
    command = " ".join(pytest_command(side))

    assert "-p xdist -n 0 -p pytest_cov --no-cov -p benchmark -p codspeed" in command


def a_side(folder: Path) -> Side:
    return Side(
        role="head",
        sha="0" * 40,
        checkout=folder,
        environment=folder,
        site_packages=folder,
        project_folder=folder,
        prefixes=(),
        is_installed=True,
        repository=folder,
        tool_python=folder,
    )
