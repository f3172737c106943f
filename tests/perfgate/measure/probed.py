"""Two small projects, one with an asv and one with a pytest-benchmark suite, prepared on both sides without a gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perfgate.measure.discover import discover
from perfgate.measure.live.items import Item
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.sides.environment import NEVER
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of
from perfgate.measure.workspaces import workspace
from perfgate.results.records import Benchmark, Metric, Sample
from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.sides.prepared import prepare

CODE = """
def keep(size):
    blocks = [bytes(1000) for _ in range(size)]
    return len(blocks)

def work(count):
    found = {}
    for number in range(count):
        found[str(number)] = [number]
    return sorted(found)

def same(many):
    result = 0
    for number in range(many):
        result += number % 7
    return result

def spin(count):
    result = 0
    for number in range(count):
        result += number % 7
    return result

def hold(size):
    return len(bytearray(b"x") * size)
"""

MORE = CODE.replace("range(size)", "range(size + size // 100)").replace("range(count)", "range(count + count // 100)")
"""One hundredth more memory and work."""

TESTS = """
import os
import pytest
import shop

def test_keep(benchmark):
    assert benchmark(shop.keep, 2000) >= 2000
    assert benchmark.stats["min"] > 0

def test_prepared(benchmark):
    fresh = []
    def prepare():
        fresh.append(1)
        return (10000,), {}
    assert benchmark.pedantic(shop.work, setup=prepare, teardown=lambda count: fresh.pop(), rounds=3)
    assert not fresh

def test_exits(benchmark):
    benchmark(os._exit, 3)

def test_raises(benchmark):
    benchmark(lambda: 1 / 0)

@pytest.mark.skip(reason="not today")
def test_skipped(benchmark):
    benchmark(shop.work, 1)

@pytest.mark.parametrize("count", [10, 10000])
def test_work(benchmark, count):
    benchmark(shop.work, count)

def test_same(benchmark):
    benchmark(shop.same, 100000)

def test_spin(benchmark):
    benchmark(shop.spin, 100000)

def test_hold(benchmark):
    assert benchmark(shop.hold, 64_000_000) == 64_000_000
"""

ASV = """
import os, time
import shop

class Keeps:
    params = [[2000, 4000]]
    param_names = ["size"]

    def setup(self, size):
        if size == 4000:
            raise NotImplementedError

    def time_keep(self, size):
        shop.keep(size)

class Cached:
    def setup_cache(self):
        return 10000

    def time_work(self, count):
        shop.work(count)

def time_raises():
    raise ZeroDivisionError("division by zero")

def time_hangs():
    time.sleep(600)

time_hangs.timeout = 0.3

def timeraw_import():
    return "import shop", ""
"""


TEST = "benchmarks/test_shop.py::"


@dataclass(frozen=True)
class Prepared:
    sides: dict[str, Side]
    suite: Suite
    folder: Path


def make(path: Path) -> Project:
    path.mkdir(parents=True)
    project = Project(path)
    project.git("init", "--quiet", "--initial-branch=main")
    files = {
        "asv.conf.json": '{"version": 1, "project": "shop", "repo": ".", "benchmark_dir": "asv_bench"}',
        "asv_bench/__init__.py": "",
        "asv_bench/b.py": ASV,
        "benchmarks/test_shop.py": TESTS,
    }
    project.commit("First", {"shop.py": CODE, **files})
    project.git("tag", "base")
    project.commit("One hundredth more", {"shop.py": MORE})
    project.git("tag", "head")
    return project


@contextmanager
def prepared(project: Project, kind: str, base: str = "base", head: str = "head") -> Iterator[Prepared]:
    suite = Suite(tool=kind)
    needs = SuiteNeeds(packages=tool_of(suite).packages(suite))
    with workspace() as folder:
        sides = prepare(project, folder, {"base": base, "head": head}, suite=kind, needs=needs, install=NEVER)
        yield Prepared(sides, discover(folder / "head", kind), folder)


def item(address: str, *, timeout_seconds: float | None = None, cache: str | None = None) -> Item:
    """Return what a suite's collection would, named by its address."""
    return Item(
        benchmark=Benchmark(name=address),
        metric=Metric(name="time", unit="s"),
        address=address,
        timeout_seconds=timeout_seconds,
        cache=cache,
    )


def by_name(samples: Sequence[Sample], metric: str) -> dict[str, Sample]:
    return {sample.benchmark.name.removeprefix(TEST): sample for sample in samples if sample.metric.name == metric}
