"""The same-code exemption: what a benchmark reaches, and which changes let nobody be exempt."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from perfgate.errors import InvalidInput
from perfgate.measure import open_pairs
from perfgate.measure.reach.closure import ASSUMES_BUILD, ASSUMPTIONS, Closure, exempt, obstacle, trace, untouched
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


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose benchmarks reach different modules."""
    project = Project(tmp_path_factory.mktemp("closure") / "shop")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit("First", FILES)
    project.git("tag", "base")
    return project


@pytest.fixture(scope="module")
def closure(shop: Project) -> Closure:
    return trace(shop.path, "base", suite="pytest-benchmark")


@pytest.fixture
def changed(shop: Project) -> Callable[[dict[str, str]], str]:
    """Return a function that commits a change on top of the base and returns its sha."""

    def commit(files: dict[str, str]) -> str:
        shop.git("checkout", "--quiet", "--detach", "base")
        shop.commit("Change", files)
        return shop.git("rev-parse", "HEAD")

    return commit


def test_a_pytest_benchmark_reaches_what_it_imports_and_reads(closure: Closure) -> None:
    """Modules imported at collection or in a call, constants, configuration and data belong to the closure."""
    common = {"benchmarks/conftest.py", "shop/__init__.py"}
    sorting = closure.files[f"{TEST}sorts.py::test_ordered"]
    assert sorting >= {*common, "benchmarks/test_sorts.py", "shop/sorts.py", "shop/limits.py"}
    assert sorting.isdisjoint({"benchmarks/test_sums.py", "shop/sums.py", "shop/late.py", "shop/prices.csv"})
    total = closure.files[f"{TEST}sums.py::test_total[count=3]"]
    assert total >= {*common, "benchmarks/test_sums.py", "shop/sums.py"}
    assert total.isdisjoint({"shop/sorts.py", "shop/late.py", "shop/prices.csv"})
    assert "shop/prices.csv" in closure.files[f"{TEST}sums.py::test_reads"]
    assert "shop/late.py" in closure.files[f"{TEST}sums.py::test_imports_late"]


def test_a_benchmark_that_a_trace_cannot_follow_is_never_exempt(closure: Closure) -> None:
    """Processes, foreign code, ctypes and failures are named as reasons; the others have none."""
    reasons = {label.partition("::")[2]: why for label, why in closure.never.items()}
    followed = {"test_ordered", "test_total[count=3]", "test_total[count=30]", "test_reads", "test_imports_late"}
    assert {label.partition("::")[2] for label in closure.files} - reasons.keys() == followed
    assert "starts processes" in reasons["test_starts_a_process"]
    assert "foreign.py, outside its checkout" in reasons["test_runs_foreign_code"]
    assert "libc.so.6 through ctypes" in reasons["test_ctypes"]
    assert reasons["test_raises"] == "it was not traced: call failed"
    assert reasons["test_exits"] == "it was not traced: its process ended with status 3 before"
    assert untouched(closure, []) == closure.files.keys() - closure.never.keys()


def test_labels_are_those_of_live_pairs(shop: Project, closure: Closure) -> None:
    """An exempt label means the benchmark of the same label that is measured."""
    with open_pairs(shop.path, "base", "base", suite="pytest-benchmark") as pairs:
        assert set(pairs.benchmarks) == closure.files.keys() | closure.never.keys()
    with open_pairs(shop.path, "base", "base", suite="asv") as pairs:
        labels = {*pairs.benchmarks, *pairs.others}
    found = trace(shop.path, "base", suite="asv")
    assert labels == found.files.keys() | found.never.keys()
    sums = found.files["summing.Sums.time_total[count=3]"]
    assert sums == {"asv_bench/__init__.py", "asv_bench/summing.py", "shop/__init__.py", "shop/sums.py"}
    assert found.never.keys() == {"summing.Sums.time_total[count=30]", "summing.timeraw_total"}


def test_a_changed_module_exempts_who_does_not_reach_it(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """A constant changes: only the benchmarks whose modules import it are gated; documentation concerns nobody."""
    head = changed({"shop/limits.py": "LIMIT = 200\n", "README.md": "A better shop.\n", "docs/usage.txt": "Enjoy.\n"})

    found = exempt(shop.path, "base", head, closure)

    assert "" == obstacle(shop.path, "base", head)
    assert found.labels == closure.eligible - {f"{TEST}sorts.py::test_ordered"}
    assert f"{TEST}sums.py::test_total[count=30]" in found.labels
    assert set(found.assumptions) >= set(ASSUMPTIONS)
    assert "what differs (3 files)" in found.notes[0]
    assert exempt(shop.path, "base", changed({"shop/__init__.py": "1\n"}), closure).labels == frozenset()


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("shop/fast.c", "int x;\n", "native code"),
        ("setup.cfg", "[metadata]\n", "native code or to the build"),
        ("pyproject.toml", "[project]\nname = 'shop'\n", "how the project is built"),
        ("requirements.txt", "numpy\n", "dependencies"),
        ("uv.lock", "", "dependencies"),
        ("benchmarks/conftest.py", "", "acts on all"),
        ("asv.conf.json", "{}", "acts on all"),
        ("benchmarks/test_sums.py", "", "benchmarks themselves"),
        ("shop/prices.csv", "2\n", "data"),
        ("shop/new.py", "", "appears"),
    ],
)
def test_a_change_that_no_trace_shows_lets_nobody_be_exempt(
    shop: Project,
    closure: Closure,
    changed: Callable[[dict[str, str]], str],
    path: str,
    text: str,
    why: str,
) -> None:
    """The reason names the file."""
    found = exempt(shop.path, "base", changed({path: text}), closure)

    assert obstacle(shop.path, "base", "HEAD") in {found.notes[0], ""}
    assert (found.labels, found.assumptions) == (frozenset(), ())
    assert found.notes[0].startswith(f"No benchmark is exempt: `{path}` ")
    assert why in found.notes[0]


def test_a_removed_or_renamed_module_lets_nobody_be_exempt(shop: Project, closure: Closure) -> None:
    """Another module of that name may now be found."""
    shop.git("checkout", "--quiet", "--detach", "base")
    shop.git("mv", "shop/late.py", "shop/later.py")
    shop.commit("Rename", {})
    assert "`shop/late.py` appears or disappears" in exempt(shop.path, "base", "HEAD", closure).notes[0]


def test_settings_of_a_linter_concern_nobody(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """Of pyproject.toml, the tables of tools that neither build nor run anything may change."""
    harmless = FILES["pyproject.toml"].replace("100", "120")
    assert exempt(shop.path, "base", changed({"pyproject.toml": harmless}), closure).labels == closure.eligible
    harmful = FILES["pyproject.toml"].replace("'7'", "'8'")
    assert not exempt(shop.path, "base", changed({"pyproject.toml": harmful}), closure).labels


def test_native_code_is_exempt_only_if_nothing_else_may_build_it(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """A changed Python file that no benchmark runs may generate native code; one that a benchmark runs does not."""
    label = f"{TEST}sums.py::test_total[count=3]"
    built = replace(closure, native=frozenset({label}))
    known = exempt(shop.path, "base", changed({"shop/limits.py": "LIMIT = 200\n"}), built)
    assert label in known.labels
    assert ASSUMES_BUILD in known.assumptions
    unknown = exempt(shop.path, "base", changed({"make_tables.py": "2\n"}), built)
    assert label not in unknown.labels
    assert len(unknown.labels) == len(closure.eligible) - 1
    assert "`make_tables.py` may take part" in unknown.notes[-1]


def test_native_code_is_seen(tmp_path: Path) -> None:
    """An extension module marks its benchmarks; one that is compiled from Python makes them never exempt."""
    origin = getattr(importlib.util.find_spec("_heapq"), "origin", None) or "built-in"
    if not Path(origin).is_file():
        pytest.skip("this interpreter has no extension module in a file of its own to borrow")
    project = Project(tmp_path / "shop")
    for folder in ("shop", "compiled"):
        (project.path / folder).mkdir(parents=True)
        (project.path / folder / Path(origin).name).write_bytes(Path(origin).read_bytes())
    project.git("init", "--quiet", "--initial-branch=main")
    test = "from {0}._heapq import heapify\n\ndef test_{0}(benchmark):\n    benchmark(heapify, [2, 1])\n"
    files = {f"benchmarks/test_{name}.py": test.format(name) for name in ("shop", "compiled")}
    packages = {"shop/__init__.py": "", "compiled/__init__.py": "", "compiled/_heapq.py": ""}
    project.commit("First", {**files, **packages})

    found = trace(project.path, "HEAD")

    assert found.native == {f"{TEST}shop.py::test_shop", f"{TEST}compiled.py::test_compiled"}
    assert found.never.keys() == {f"{TEST}compiled.py::test_compiled"}
    assert "compiled/_heapq.py as native code" in found.never[f"{TEST}compiled.py::test_compiled"]


def test_a_closure_belongs_to_its_base(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """A closure of another commit is refused."""
    head = changed({"README.md": "Other.\n"})
    with pytest.raises(InvalidInput, match="trace the base anew"):
        exempt(shop.path, head, head, closure)


def test_an_installed_project_is_traced_to_its_sources(tmp_path: Path) -> None:
    """Files run from where the project was installed are those of the repository; generated ones are not trusted."""
    project = Project(tmp_path / "shop")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    files = {name.replace("shop/", "lib/shop/", 1): text for name, text in FILES.items() if name.startswith("shop/")}
    tests = {name: FILES[name] for name in ("benchmarks/test_sums.py", "benchmarks/test_sorts.py", ".gitignore")}
    generates = (
        "import shutil, sys, sysconfig\nto = sysconfig.get_path('purelib')\nshutil.copytree('lib/shop', to + '/shop')\n"
    )
    generates += "open(to + '/generated.py', 'w').write('def late(): pass')\n"
    tests["benchmarks/test_generated.py"] = (
        "import generated\n\ndef test_late(benchmark):\n    benchmark(generated.late)\n"
    )
    project.commit("First", {**files, **tests, "install.py": generates})

    found = trace(project.path, "HEAD", select="*late*", install="{python} install.py")

    assert found.files[f"{TEST}sums.py::test_imports_late"] >= {"lib/shop/late.py", "lib/shop/sums.py"}
    assert "generated.py, which is generated" in found.never[f"{TEST}generated.py::test_late"]
    assert found.eligible == {f"{TEST}sums.py::test_imports_late"}
