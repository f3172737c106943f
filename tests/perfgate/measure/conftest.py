"""A small real project under git, with an asv suite and a pytest-benchmark suite, to measure for real."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

BASE_CODE = """
def total(count):
    result = 0
    for number in range(count):
        result += number
    return result
"""

HEAD_CODE = BASE_CODE.replace(
    "    return", "    for number in range(count // 2):\n        result += number\n    return"
)

TEST_SUITE = """
import os, sys, time
import pytest
import shop

@pytest.mark.parametrize("count", [300, 3000])
def test_total(benchmark, count):
    assert benchmark(shop.total, count) > 0

def test_prepared(benchmark):
    fresh = []
    def prepare():
        fresh.append(1)
        return (100,), {}
    benchmark.pedantic(shop.total, setup=prepare, teardown=lambda count: fresh.pop(), rounds=3)
    assert not fresh

def test_prints(benchmark):
    print("before")
    benchmark(print, '{"is": "sample"}')
    assert benchmark.stats["min"] > 0

@pytest.mark.skip(reason="not today")
def test_skipped(benchmark):
    benchmark(shop.total, 1)

def test_raises(benchmark):
    benchmark(lambda: 1 / 0)

def test_wrong_after(benchmark):
    benchmark(shop.total, 10)
    raise ValueError("wrong result")

def test_exits(benchmark):
    benchmark(os._exit, 3)

def test_hangs(benchmark):
    benchmark(time.sleep, 600)

@pytest.fixture
def never():
    time.sleep(600)

def test_hangs_before(benchmark, never):
    benchmark(shop.total, 10)

def test_forks(benchmark):
    def fork():
        if os.fork() == 0:
            time.sleep(600)
    fork()
    benchmark(shop.total, 100)

@pytest.mark.parametrize("benchmark", ["a name like the fixture's"])
def test_of_that_name(benchmark):
    raise AssertionError("not a benchmark: never run")

def test_without_benchmark():
    raise AssertionError("not a benchmark: never run")
"""

CLEARS_ENVIRONMENT = """
import os

for name in list(os.environ):  # as a project does that wants no settings from outside in its tests
    if name.startswith("PERFGATE_"):
        del os.environ[name]
"""

ASV_CONFIGURATION = """{
    // comments and trailing commas are asv's own habit
    "version": 1,
    "project": "shop",
    "repo": ".",
    "benchmark_dir": "asv_bench",
}
"""

ASV_SUITE = """
import os, sys, time
import shop

class Totals:
    params = [[300, 3000], ["one", "two"]]
    param_names = ["count", "kind"]

    def setup(self, count, kind):
        if kind == "two" and count == 3000:
            raise NotImplementedError

    def time_total(self, count, kind):
        print('{"is": "sample"}')
        shop.total(count)

class Cached:
    def setup_cache(self):
        return list(range(100))

    def time_sum(self, cache):
        sum(cache)

    def track_length(self, cache):
        return len(cache)

    track_length.unit = "items"

def peakmem_list():
    return [0] * 1_000_000

def time_raises():
    raise ZeroDivisionError("division by zero")

def time_exits():
    sys.exit(3)

def time_hangs():
    time.sleep(600)

time_hangs.timeout = 0.5

class Hanging:
    timeout = 0.5

    def setup(self):
        time.sleep(600)

    def time_never(self):
        pass

def timeraw_import():
    return "import shop", ""
"""


@dataclass(frozen=True)
class Project:
    """A repository whose first commit is tagged ``base`` and whose second, 1.5 times as slow, ``head``."""

    path: Path

    def commit(self, message: str, files: dict[str, str]) -> None:
        for name, content in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def make_project(path: Path) -> Project:
    path.mkdir(parents=True)
    project = Project(path)
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit(
        "First", {".gitignore": "__pycache__/\n", "shop/__init__.py": BASE_CODE, "benchmarks/test_shop.py": ""}
    )
    project.git("tag", "base")
    suites = {
        "benchmarks/conftest.py": CLEARS_ENVIRONMENT,
        "benchmarks/test_shop.py": TEST_SUITE,
        "asv.conf.json": ASV_CONFIGURATION,
        "asv_bench/__init__.py": "",
        "asv_bench/totals.py": ASV_SUITE,
    }
    project.commit("Add up twice", {"shop/__init__.py": HEAD_CODE, **suites})
    project.git("tag", "head")
    return project


@pytest.fixture(scope="module", autouse=True)
def no_settings_of_ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Our own test run names Django settings that the measured project does not have, and must not fill a cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
        patch.setenv("PERFGATE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        # Every measured session would load all plugins that are installed here; test_single.py and the tests of the
        # command line let it.
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        yield


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("projects") / "shop")


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[], Project]:
    return lambda: make_project(tmp_path / "own")


@pytest.fixture(scope="session")
def tool_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pytest-benchmark and all that it requires, for tests whose package index is a folder."""
    folder = tmp_path_factory.mktemp("tools")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder), "pytest-benchmark"]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which workspaces are made, empty at first."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder
