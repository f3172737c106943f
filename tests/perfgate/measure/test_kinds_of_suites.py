"""A suite may be written for pytest-benchmark, for pytest-codspeed, for both, or consist of marked tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfgate.measure import open_pairs
from perfgate.measure.pairs import Pairs
from perfgate.measure.reach.tracing import Tracer
from perfgate.measure.sides.preparation import AUTOMATIC
from perfgate.measure.single import measure
from perfgate.results.records import Run, Sample, SampleState
from tests.perfgate.repositories import CODE, make_repository

FOLDER = "benchmarks/"

MARKED = """
import pytest
import shop

pytestmark = pytest.mark.benchmark

@pytest.fixture
def count():
    return 300

def test_function(count):
    assert 44_850 == shop.total(count)

class TestClass:
    @pytest.mark.parametrize("size", [10, 300])
    def test_method(self, size):
        shop.total(size)

async def test_coroutine(count):
    shop.total(count)

@pytest.mark.skip(reason="not today")
def test_skipped():
    shop.total(1)
"""
RUNS_COROUTINES = """
import asyncio
import inspect
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}))
        return True

def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if "never" in item.name]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
"""
FIXTURES = """
import pytest
import shop

def test_pytest_benchmark(benchmark):
    assert 44_850 == benchmark(shop.total, 300)
    assert 0 < benchmark.stats["mean"] < 0.5
    benchmark.extra_info.update(rows=300, kind="small", is_small=True, share=0.25)

def test_codspeed(codspeed_benchmark):
    assert 44_850 == codspeed_benchmark(shop.total, 300)

def test_codspeed_pedantic(codspeed_benchmark):
    open_files = []
    def prepare(count):
        open_files.append(count)
    def close(count):
        open_files.pop()
    assert 44_850 == codspeed_benchmark.pedantic(shop.total, args=(300,), setup=prepare, teardown=close, rounds=3)
    assert not open_files

@pytest.mark.codspeed_benchmark
def test_marked_among_fixtures():
    shop.total(300)

def test_never(benchmark):
    benchmark(shop.total, 300)
"""
MEASURED = {
    "test_marked.py::test_function",
    "test_marked.py::TestClass::test_method[size=10]",
    "test_marked.py::TestClass::test_method[size=300]",
    "test_marked.py::test_coroutine",
    "test_fixtures.py::test_pytest_benchmark",
    "test_fixtures.py::test_codspeed",
    "test_fixtures.py::test_codspeed_pedantic",
    "test_fixtures.py::test_marked_among_fixtures",
}
SKIPPED = "test_marked.py::test_skipped"


def names(run: Run, metric: str) -> set[str]:
    return {sample.benchmark.label.removeprefix(FOLDER) for sample in measured(run) if sample.metric.name == metric}


def measured(run: Run) -> list[Sample]:
    return [sample for sample in run.samples if sample.state is SampleState.MEASURED]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose suite is of all kinds, and has a file that cannot be imported."""
    return make_repository(
        tmp_path_factory.mktemp("kinds"),
        {
            "pytest.ini": "[pytest]\naddopts = --strict-markers --benchmark-skip -m 'not benchmark'\n",
            "requirements.txt": "pytest-benchmark\npytest-codspeed\n",
            "benchmarks/conftest.py": RUNS_COROUTINES,
            "benchmarks/test_marked.py": MARKED,
            "benchmarks/test_fixtures.py": FIXTURES,
            "benchmarks/test_broken.py": "import no_such_module\n\ndef test_broken(benchmark): ...\n",
        },
        {"base": {"shop.py": CODE}},
    )


@pytest.fixture(scope="module")
def pairs(repository: Path) -> Iterator[Pairs]:
    """All benchmarks, with one pair of each and their memory."""
    with open_pairs(repository, "base", "base") as opened:
        for label in opened.benchmarks:
            if label.removeprefix(FOLDER) != SKIPPED:
                opened.take(label)
        opened.count(opened.benchmarks, budget=lambda *_: 10.0, instructions=shutil.which("valgrind") is not None)
        yield opened


def test_every_kind_is_measured_in_every_pass(pairs: Pairs) -> None:
    """Times, memory and instructions; a test that looks at its times afterwards passes in all of them."""
    run = pairs.run()

    assert [] == [sample.reason for sample in run.samples if sample.state is SampleState.FAILED]
    metrics = ["cpu_time", "wall_time", "traced_peak", *(["instructions"] if shutil.which("valgrind") else [])]
    assert dict.fromkeys(metrics, MEASURED) == {metric: names(run, metric) for metric in metrics}


def test_numbers_that_a_test_keeps_are_metrics(pairs: Pairs) -> None:
    """Only numbers, not texts and truth values; on both sides, without a unit."""
    run = pairs.run()
    assert run.baseline is not None

    for side in (run, run.baseline):
        kept = {
            sample.metric.name: (sample.value, sample.metric.unit)
            for sample in measured(side)
            if "extra" in sample.metric.name
        }
        assert {"extra_info.rows": (300.0, ""), "extra_info.share": (0.25, "")} == kept


def test_what_is_not_measured_is_named(pairs: Pairs) -> None:
    """A file that cannot be imported with its error, and a test that the project's own plugin leaves out."""
    warnings = " ".join(pairs.warnings)

    assert "1 file(s) cannot be collected on the head side" in warnings
    assert "benchmarks/test_broken.py: ModuleNotFoundError: No module named 'no_such_module'" in warnings
    assert "1 benchmark(s) are not measured on the base side" in warnings
    assert "benchmarks/test_fixtures.py::test_never" in warnings
    assert f"{FOLDER}{SKIPPED}" in pairs.benchmarks


def test_every_kind_is_traced(repository: Path, tmp_path: Path) -> None:
    """Each reaches the project's code."""
    python = Path(sys.executable)
    tracer = Tracer(
        repository, "base", tmp_path, suite=None, select=None, python=python, install=AUTOMATIC, progress=print
    )
    traced = {found.label.removeprefix(FOLDER): found for found in tracer.trace()}

    assert MEASURED | {SKIPPED} == set(traced)
    assert {SKIPPED} == {name for name, found in traced.items() if found.reason}
    assert all("shop.py" in traced[name].files for name in MEASURED)


def test_one_run_measures_every_kind(repository: Path) -> None:
    """pytest-benchmark, where it is installed, also measures what is written for pytest-codspeed."""
    run = measure(repository, "base")

    assert MEASURED == names(run, "time")
    assert {"test_fixtures.py::test_pytest_benchmark"} == names(run, "extra_info.rows")


def test_one_run_of_a_suite_for_pytest_codspeed(tmp_path: Path) -> None:
    """It measures itself, and its benchmarks have the names and parameters that they have in pairs."""
    repository = make_repository(
        tmp_path / "codspeed",
        {"requirements.txt": "pytest-codspeed\n", "benchmarks/test_marked.py": MARKED.replace("async ", "")},
        {"base": {"shop.py": CODE}},
    )
    run = measure(repository, "base", select="*test_method*")

    assert {f"test_marked.py::TestClass::test_method[size={size}]" for size in (10, 300)} == names(run, "wall_time")
    assert run.tool.startswith("pytest-codspeed ")
    assert "pytest-benchmark" == run.suite
