"""A trace shows which files a benchmark reaches, and when it does not show everything.

tracing.py and source_files.py find what this closure consists of.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from perfgate.measure import open_pairs
from perfgate.measure.reach.closure import Closure, trace
from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.reach.conftest import FILES, TEST


@pytest.fixture(scope="module")
def closure(shop: Project) -> Closure:
    return trace(shop.path, "base", suite="pytest-benchmark")


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
    """Started processes, code from elsewhere, ctypes and failures are reasons; other benchmarks have none."""
    reasons = {label.partition("::")[2]: why for label, why in closure.untraceable.items()}
    followed = {"test_ordered", "test_total[count=3]", "test_total[count=30]", "test_reads", "test_imports_late"}
    assert {label.partition("::")[2] for label in closure.files} - reasons.keys() == followed
    assert "starts processes" in reasons["test_starts_a_process"]
    assert "foreign.py, outside its checkout" in reasons["test_runs_foreign_code"]
    assert "libc.so.6 through ctypes" in reasons["test_ctypes"]
    assert reasons["test_raises"] == "it was not traced: call failed"
    assert reasons["test_exits"] == "it was not traced: its process ended with status 3 before"
    assert closure.unaffected_by([]) == closure.files.keys() - closure.untraceable.keys()


def test_labels_are_those_of_live_pairs(shop: Project, closure: Closure) -> None:
    """An exempt label means the benchmark of the same label that is measured."""
    with open_pairs(shop.path, "base", "base", suite="pytest-benchmark") as pairs:
        assert set(pairs.benchmarks) == closure.files.keys() | closure.untraceable.keys()
    with open_pairs(shop.path, "base", "base", suite="asv") as pairs:
        labels = {*pairs.benchmarks, *pairs.others}
    found = trace(shop.path, "base", suite="asv")
    assert labels == found.files.keys() | found.untraceable.keys()
    sums = found.files["summing.Sums.time_total[count=3]"]
    assert sums == {"asv_bench/__init__.py", "asv_bench/summing.py", "shop/__init__.py", "shop/sums.py"}
    assert found.untraceable.keys() == {"summing.Sums.time_total[count=30]", "summing.timeraw_total"}


def test_native_code_is_seen(tmp_path: Path) -> None:
    """An extension module marks its benchmarks; if it is compiled from Python, they are never exempt."""
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
    assert found.untraceable.keys() == {f"{TEST}compiled.py::test_compiled"}
    assert "compiled/_heapq.py as native code" in found.untraceable[f"{TEST}compiled.py::test_compiled"]


def test_an_installed_project_is_traced_to_its_sources(tmp_path: Path) -> None:
    """Installed files are mapped to those of the repository; benchmarks that run generated files are never exempt."""
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
    assert "generated.py, which is generated" in found.untraceable[f"{TEST}generated.py::test_late"]
    assert found.eligible == {f"{TEST}sums.py::test_imports_late"}
