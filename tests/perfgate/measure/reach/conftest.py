"""A project whose benchmarks reach different modules, and its closure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.perfgate.measure.conftest import CLEARS_ENVIRONMENT, Project

LIMITS = "LIMIT = 100\n"
SORTS = "from shop.limits import LIMIT\n\ndef ordered():\n    return sorted(range(LIMIT))\n"
SUMS = "def total(count):\n    return sum(range(count))\n"
LATE = "def late():\n    return 1\n"

FILES = {
    ".gitignore": "__pycache__/\n",
    "README.md": "A shop.\n",
    "docs/usage.txt": "Use it.\n",
    "make_tables.py": "1\n",
    "pyproject.toml": "[tool.ruff]\nline-length = 100\n[tool.pytest.ini_options]\nminversion = '7'\n",
    "requirements.txt": "",
    "setup.cfg": "",
    "shop/__init__.py": "",
    "shop/fast.c": "",
    "shop/late.py": LATE,
    "shop/limits.py": LIMITS,
    "shop/prices.csv": "1\n",
    "shop/sorts.py": SORTS,
    "shop/sums.py": SUMS,
    "benchmarks/conftest.py": CLEARS_ENVIRONMENT,
    "benchmarks/test_sorts.py": "from shop.sorts import ordered\n\ndef test_ordered(benchmark):\n    benchmark(ordered)\n",
    "benchmarks/test_sums.py": """
import ctypes, os, pathlib, subprocess, sys
import pytest
import shop
from shop.sums import total

@pytest.mark.parametrize("count", [3, 30])
def test_total(benchmark, count):
    assert benchmark(total, count) > 0
    assert benchmark.stats["min"] > 0

def test_reads(benchmark):
    prices = pathlib.Path(shop.__file__).with_name("prices.csv")
    benchmark.pedantic(lambda path: path.read_text(), setup=lambda: ((prices,), {}), teardown=lambda path: None)

def test_imports_late(benchmark):
    def late():
        from shop.late import late
        return late()
    assert benchmark(late) == 1

def test_raises(benchmark):
    benchmark(lambda: 1 / 0)
""",
    "benchmarks/test_wild.py": """
import os, subprocess, sys

def test_starts_a_process(benchmark):
    benchmark(subprocess.run, [sys.executable, "-c", ""])

def test_exits(benchmark):
    benchmark(os._exit, 3)
""",
    "benchmarks/test_foreign.py": """
import ctypes, runpy

def test_runs_foreign_code(benchmark, tmp_path):
    (tmp_path / "foreign.py").write_text("1\\n")
    benchmark(runpy.run_path, str(tmp_path / "foreign.py"))
""",
    "benchmarks/test_ctypes.py": "import ctypes\n\ndef test_ctypes(benchmark):\n    benchmark(ctypes.CDLL, 'libc.so.6')\n",
    "asv.conf.json": '{"version": 1, "project": "shop", "repo": ".", "benchmark_dir": "asv_bench"}',
    "asv_bench/__init__.py": "",
    "asv_bench/sorting.py": "from shop.sorts import ordered\n\ndef time_ordered():\n    ordered()\n",
    "asv_bench/summing.py": """
from shop.sums import total

class Sums:
    params = [3, 30]
    param_names = ["count"]

    def setup_cache(self):
        return 1

    def setup(self, cache, count):
        if count == 30:
            raise NotImplementedError

    def time_total(self, cache, count):
        total(count)

def track_total():
    return total(3)

def timeraw_total():
    return "import shop", ""
""",
}

TEST = "benchmarks/test_"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose benchmarks reach different modules."""
    project = Project(tmp_path_factory.mktemp("closure") / "shop")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit("First", FILES)
    project.git("tag", "base")
    return project


@pytest.fixture
def changed(shop: Project) -> Callable[[dict[str, str]], str]:
    """Return a function that commits a change on top of the base and returns its sha."""

    def commit(files: dict[str, str]) -> str:
        shop.git("checkout", "--quiet", "--detach", "base")
        shop.commit("Change", files)
        return shop.git("rev-parse", "HEAD")

    return commit
