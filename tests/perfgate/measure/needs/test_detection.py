"""What a suite needs is detected, completed from its errors, and otherwise named. suite_needs.py holds the result."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.needs.detection import DetectedNeeds, find_needs
from perfgate.measure.suites import Suite
from perfgate.policy.suite_table import SuiteTable

PYTEST = ("pytest", "pytest-benchmark")
SUITE = Suite(tool="pytest-benchmark", files=(Path("tests/test_bench.py"),))


def detected(
    folder: Path, table: SuiteTable | None = None, suite: Suite = SUITE, *, files: dict[str, str] | None = None
) -> DetectedNeeds:
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    tools = ("asv",) if suite.configuration else PYTEST
    return find_needs(folder, suite, tools, suite_table=table or SuiteTable(), own=["shop"], own_modules={"shop"})


def packages(folder: Path, files: dict[str, str]) -> set[str]:
    return set(detected(folder, files=files).needs.packages)


def test_the_set_that_names_the_tool_is_taken(tmp_path: Path) -> None:
    """One that is called after benchmarks goes before one that is called after tests."""
    groups = '[dependency-groups]\ntest = ["pytest-benchmark", "mock"]\nbench = ["pytest-benchmark", "numpy"]'

    found = detected(tmp_path, files={"pyproject.toml": groups}).needs

    assert ("dependency-groups.bench",) == found.sources
    assert {"pytest-benchmark", "numpy", "pytest"} == set(found.packages)


def test_the_tool_alone_is_taken_where_nothing_names_it(tmp_path: Path) -> None:
    """A repository that declares nothing can still be tried out."""
    assert set(PYTEST) == packages(tmp_path, {"requirements.txt": "flask"})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--cov=shop -q'\nrequired_plugins = 'pytest-mock>=3'\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['--cov', '-q']\nrequired_plugins = ['pytest-mock']\n"),
        ("pytest.ini", "[pytest]\naddopts = --cov=shop\nrequired_plugins = pytest-mock\n"),
        ("tox.ini", "[pytest]\naddopts =\n    --cov=shop\n    -q\nrequired_plugins = pytest-mock\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = --cov=shop\nrequired_plugins = pytest-mock\n"),
    ],
)  # fmt: skip
def test_plugins_that_pytest_is_configured_with(tmp_path: Path, file: str, text: str) -> None:
    """They are installed before pytest is started for the first time."""
    assert {*PYTEST, "pytest-cov", "pytest-mock"} == packages(tmp_path, {file: text})


def test_a_matrix_is_installed_where_asv_does_not_build(tmp_path: Path) -> None:
    """The packages are those that the asv configuration names."""
    suite = Suite(tool="asv", configuration=Path("asv.conf.json"), folder=Path("benchmarks"))

    found = detected(tmp_path, suite=suite, files={"asv.conf.json": '{"matrix": {"numpy": ["2.0"]}}'})

    assert {"numpy==2.0", "asv"} == set(found.needs.packages)


def test_another_python_is_asked_for_only_if_this_one_is_not_admitted(tmp_path: Path) -> None:
    """The running one is at hand."""
    assert detected(tmp_path, files={"pyproject.toml": "[project]\nrequires-python = '>=3.8'\n"}).needs.python is None
    assert (
        "<3.11" == detected(tmp_path, files={"pyproject.toml": "[project]\nrequires-python = '<3.11'\n"}).needs.python
    )


NO_NUMPY, NO_MOCK, NO_SHELF = (f"No module named '{name}'" for name in ("numpy", "mock", "shelf"))


def test_what_is_missing_is_added_if_it_is_declared(tmp_path: Path) -> None:
    """First its own line; once a second one of the same set is missing, all of the set."""
    found = detected(tmp_path, files={"requirements/test.txt": "shelf>=2\nnumpy<3\nmock\nrich\n"})

    once = found.added(found.needs, NO_SHELF)
    assert once is not None
    assert {*PYTEST, "shelf>=2"} == set(once.packages)

    twice = found.added(once, NO_MOCK)
    assert twice is not None
    assert {*PYTEST, "shelf>=2", "numpy<3", "mock", "rich"} == set(twice.packages)
    assert found.added(twice, NO_MOCK) is None


def test_a_name_that_nobody_declares_is_not_guessed(tmp_path: Path) -> None:
    """The index may hold anything under it; a person is told what to add. Well-known names are added."""
    found = detected(tmp_path)

    assert found.added(found.needs, NO_SHELF) is None
    assert 'the module shelf is missing: add to perfgate.toml: [suite] packages = ["shelf"]' == found.advice(
        found.needs, NO_SHELF
    )
    more = found.added(found.needs, NO_NUMPY)
    assert more is not None
    assert "numpy" in more.packages
    assert "" == found.advice(found.needs, "all is well")


def test_the_table_replaces_what_would_be_found(tmp_path: Path) -> None:
    """A laptop and a runner install the same, and nothing else."""
    table = SuiteTable(packages=("rich>=1",), groups=("bench",), environment={"SPEED": "high"}, python="3.12")
    files = {
        "pyproject.toml": '[dependency-groups]\nbench = ["numpy"]',
        "requirements.txt": "pytest-benchmark\nshelf\n",
    }

    found = detected(tmp_path, table, files=files)

    assert {"rich>=1", "numpy", *PYTEST} == set(found.needs.packages)
    assert ({"SPEED": "high"}, "3.12") == (dict(found.needs.variables), found.needs.python)
    assert found.added(found.needs, NO_SHELF) is None


def test_a_group_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typing error must not leave the suite without its packages."""
    with pytest.raises(MeasurementFailed, match="no dependency group 'bench'"):
        detected(tmp_path, SuiteTable(groups=("bench",)))


def test_a_table_about_another_suite_does_not_count(tmp_path: Path) -> None:
    """A repository with two suites describes one of them."""
    table = SuiteTable(tool="asv", packages=("numpy",))

    assert set(PYTEST) == set(detected(tmp_path, table).needs.packages)


def test_the_needs_become_a_table(tmp_path: Path) -> None:
    """A dependency group is named, so that it stays the only place; other requirements are listed."""
    found = detected(tmp_path, files={"pyproject.toml": '[dependency-groups]\nbench = ["pytest-benchmark", "numpy"]'})

    table = found.table(found.needs, SUITE)

    assert (("bench",), ("pytest",), "pytest-benchmark") == (table.groups, table.packages, table.tool)
    again = detected(tmp_path, table)
    assert set(found.needs.packages) == set(again.needs.packages)
