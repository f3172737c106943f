"""However a test asks for it, the whole session's benchmarks are measured by our agents, with and without plugins.

Here the tracing agent runs small suites with this interpreter; tests/perfgate/measure/test_kinds_of_suites.py measures one
of all kinds, pytest-codspeed's among them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.agent.recorder import VARIABLE

AGENT = "perfgate.measure.agent.pytest_benchmark"
BENCHMARK = ("-p", "pytest_benchmark.plugin")

MARKS = """
import pytest

@pytest.fixture
def numbers(request):
    made = []
    yield made
    assert made, "the test was not called"
    print("calls", request.node.name, len(made))

@pytest.mark.benchmark(group="sums")
def test_marked(numbers):
    numbers.append(1)

@pytest.mark.codspeed_benchmark
class TestMarked:
    @pytest.mark.parametrize("count", [1, 2])
    def test_method(self, numbers, count):
        numbers.append(count)

def test_plain():
    raise AssertionError("no benchmark: never run")

@pytest.mark.benchmark
def test_wrong():
    assert 1 == 2

@pytest.mark.benchmark
async def test_coroutine(numbers):
    numbers.append(1)

@pytest.mark.parametrize("benchmark", ["a name like the fixture's"])
def test_of_that_name(benchmark):
    raise AssertionError("no benchmark: never run")
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
"""
FIXTURES = """
import time

def test_call(benchmark):
    assert 6 == benchmark(sum, [1, 2, 3])
    assert 0 < benchmark.stats["mean"] < 0.5

def test_keyword(benchmark):
    assert 3 == benchmark(lambda function, target: function + target, function=1, target=2)

def test_decorated(benchmark):
    @benchmark
    def result():
        return 7
    assert 7 == result

def test_pedantic(benchmark):
    open_files = []
    def prepare():
        open_files.append(1)
        return ([1, 2],), {}
    assert 3 == benchmark.pedantic(sum, setup=prepare, teardown=lambda numbers: open_files.pop(), rounds=5)
    assert 0 < benchmark.stats.stats.min < 0.5
    assert not open_files

def test_slow(benchmark):
    benchmark(time.sleep, 0.01)
    assert 0.01 <= benchmark.stats["min"] < 1.0

def test_unused(benchmark):
    pass
"""


def traced(folder: Path, files: dict[str, str], *options: str) -> dict[str, str]:
    """Return why each benchmark of a suite was not traced to its end, by its name; empty: it was."""
    for name, text in files.items():
        (folder / name).write_text(text)
    written = folder / "traced"
    request = {"output": str(written), "own": [str(folder)], "known": [], "calibrate": True, "folder": str(folder)}
    origins: dict[str, Any] = {name: [] for name in ("names", "sources", "benchmarks", "interpreter")}
    origins |= {"installed": "", "checkout": str(folder), "environment": str(folder), "elsewhere": str(folder / "no")}
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", ORIGINS: json.dumps(origins)}

    def run(items: list[str] | None) -> list[dict[str, Any]]:
        written.unlink(missing_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pytest", "-p", f"{AGENT}.select", *options, "-p", f"{AGENT}.trace", *files],
            cwd=folder,
            env={**environment, VARIABLE: json.dumps({**request, "items": items})},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return [json.loads(line) for line in written.read_text().splitlines()]

    (folder / "pytest.ini").touch()
    found = run([test["id"] for test in run(None)])
    assert all(("seconds" in line) is not bool(line["reason"]) for line in found if "unused" not in line["id"])
    return {line["id"].rpartition("::")[2]: line["reason"] for line in found}


@pytest.mark.parametrize("plugins", [(), BENCHMARK], ids=["no plugin", "pytest-benchmark"])
def test_marked_tests_are_benchmarks_as_a_whole(tmp_path: Path, plugins: tuple[str, ...]) -> None:
    """Functions and classes under both marks, with fixtures that are set up once; a coroutine by what can run it."""
    files = {"test_marks.py": MARKS, "conftest.py": RUNS_COROUTINES}

    assert {
        "test_marked": "",
        "test_method[1]": "",
        "test_method[2]": "",
        "test_wrong": "call failed",
        "test_coroutine": "",
    } == traced(tmp_path, files, *plugins)


def test_a_marked_module_needs_no_plugin(tmp_path: Path) -> None:
    """Every test in it is a benchmark."""
    text = "import pytest\npytestmark = pytest.mark.benchmark\ndef test_a(): ...\ndef test_b(tmp_path): ...\n"

    assert {"test_a": "", "test_b": ""} == traced(tmp_path, {"test_module.py": text})


def test_the_fixture_may_be_used_in_every_way(tmp_path: Path) -> None:
    """Called, as a decorator, pedantic; results are those of the function, and stats are real times."""
    names = ("test_call", "test_keyword", "test_decorated", "test_pedantic", "test_slow", "test_unused")

    assert dict.fromkeys(names, "") == traced(tmp_path, {"test_fixtures.py": FIXTURES}, *BENCHMARK)


@pytest.mark.parametrize("options", [("-m", "not benchmark"), ("-k", "not benchmark"), ("--benchmark-skip",)])
def test_options_that_keep_benchmarks_out_of_test_runs_are_taken_back(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Projects have them in addopts, because they slow down ordinary test runs."""
    text = FIXTURES.partition("def test_keyword")[0] + MARKS.partition("@pytest.mark.codspeed")[0]

    assert {"test_call": "", "test_marked": ""} == traced(tmp_path, {"test_both.py": text}, *BENCHMARK, *options)
