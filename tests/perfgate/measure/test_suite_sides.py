"""Small projects of the kinds that people have: each is measured as it is shipped, at the first try.

The suites are collected by tools/pytest_benchmark/collection.py, tools/asv/collection.py and their agents.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate.errors import InvalidPolicy, MeasurementFailed
from perfgate.measure import open_pairs
from perfgate.measure.suite_sides import TriedSuite, try_suite
from perfgate.results.records import Run
from tests.perfgate.measure.conftest import Project

BACKEND = """
import zipfile

def build_wheel(folder, settings=None, metadata=None):
    stem = "{name}-{version}"
    with zipfile.ZipFile(f"{{folder}}/{{stem}}-py3-none-any.whl", "w") as wheel:
        for file in {files!r}:
            wheel.write(file)
        for file, text in {made!r}.items():
            wheel.writestr(file, text)
        about = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
        wheel.writestr(f"{{stem}}.dist-info/METADATA", about + "".join(f"Requires-Dist: {{name}}\\n" for name in {requires!r}))
        wheel.writestr(f"{{stem}}.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        listed = [*{files!r}, *{made!r}, f"{{stem}}.dist-info/METADATA"]
        wheel.writestr(f"{{stem}}.dist-info/RECORD", "".join(f"{{file}},,\\n" for file in listed))
    return f"{{stem}}-py3-none-any.whl"
"""


def buildable(
    name: str,
    *files: str,
    version: str = "1",
    made: dict[str, str] | None = None,
    requires: tuple[str, ...] = (),
    more: str = "",
) -> dict[str, str]:
    """Return the files that make a project of *files* buildable; *made* holds those that only the wheel has."""
    build = '[build-system]\nrequires = []\nbuild-backend = "build_it"\nbackend-path = ["."]\n'
    return {
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n{build}{more}',
        "build_it.py": BACKEND.format(name=name, version=version, files=files, made=made or {}, requires=requires),
    }


@pytest.fixture
def new(tmp_path: Path) -> Callable[[dict[str, str]], Project]:
    """Make a repository with one commit of the given files."""

    def made(files: dict[str, str]) -> Project:
        (tmp_path / "repository").mkdir()
        project = Project(tmp_path / "repository")
        project.git("init", "--quiet", "--initial-branch=main")
        project.commit("First", files)
        return project

    return made


def measured(project: Project) -> Run:
    """Take one pair of the only benchmark."""
    with open_pairs(project.path, "HEAD", "HEAD") as pairs:
        pairs.take_pair(*pairs.benchmarks)
        return pairs.run()


def tried(project: Project) -> TriedSuite:
    return try_suite(project.path, "HEAD", None, python=Path(sys.executable), progress=lambda _: None)


FALLBACK = "try:\n    from shop._fast import total\nexcept ImportError:\n    total = sum\n"
USES_FAST = "import shop\n\ndef test_fast(benchmark):\n    assert shop.total.__name__ == 'fast'\n    benchmark(shop.total, [1])\n"


@pytest.mark.parametrize("place", ["tests/test_bench.py", "shop/tests/test_bench.py"])
def test_what_the_wheel_has_is_measured(new: Callable[[dict[str, str]], Project], place: str) -> None:
    """A flat layout with a pure fallback for what only the build makes: the checkout would be measured without it."""
    folder = place.rpartition("/")[0]
    files = {
        "shop/__init__.py": FALLBACK,
        f"{folder}/__init__.py": "",
        place: USES_FAST,
        "conftest.py": "import shop\n",
    }
    fast = {"shop/_fast.py": "def fast(numbers):\n    return sum(numbers)\n\ntotal = fast\n"}

    run = measured(new({**files, **buildable("shop", "shop/__init__.py", made=fast)}))

    assert "Measured shop 1, installed as wheel." in run.notes


def test_a_project_that_perfgate_needs_is_measured_in_its_own_version(
    new: Callable[[dict[str, str]], Project],
) -> None:
    """Even if the version is the one that is installed beside perfgate."""
    version = importlib.metadata.version("msgspec")
    test = "import msgspec\n\ndef test_own(benchmark):\n    benchmark(msgspec.ours)\n"
    files = {"src/msgspec/__init__.py": "", "tests/test_own.py": test}
    made = {"msgspec/__init__.py": "def ours():\n    pass\n"}

    run = measured(new({**files, **buildable("msgspec", version=version, made=made)}))

    assert f"Measured msgspec {version}, installed as wheel." in run.notes


def test_plugins_of_a_poetry_group_are_installed(new: Callable[[dict[str, str]], Project]) -> None:
    """Pytest would not start without the plugin that its own configuration names."""
    group = (
        '[tool.poetry.group.dev.dependencies]\npytest-cov = ">=4"\n[tool.pytest.ini_options]\naddopts = "--cov=shop"\n'
    )
    test = "import shop\n\ndef test_it(benchmark):\n    benchmark(shop.total, [1])\n"
    files = {"shop/__init__.py": "total = sum\n", "tests/test_it.py": test}

    found = tried(new({**files, **buildable("shop", "shop/__init__.py", more=group)}))

    assert (1, "") == (found.count, found.errors)
    assert "pytest-cov>=4" in found.table.packages


def test_a_project_of_a_monorepo_is_built_with_its_siblings(new: Callable[[dict[str, str]], Project]) -> None:
    """The suite runs in its own project's folder; benchmarks of other projects are named as not measured."""
    alpha = buildable("alpha", "alpha.py", requires=("beta",))
    beta = buildable("beta", "beta.py")
    test = "import alpha\n\ndef test_{0}(benchmark):\n    benchmark(alpha.total, [1])\n"
    files = {
        **{f"packages/alpha/{name}": text for name, text in alpha.items()},
        **{f"packages/beta/{name}": text for name, text in beta.items()},
        "packages/alpha/alpha.py": "from beta import total\n",
        "packages/beta/beta.py": "total = sum\n",
        "packages/alpha/tests/test_a.py": test.format("a"),
        "packages/alpha/tests/test_b.py": test.format("b"),
        "packages/beta/tests/test_c.py": test.format("c"),
    }
    project = new(files)

    with open_pairs(project.path, "HEAD", "HEAD") as pairs:
        assert ("tests/test_a.py::test_a", "tests/test_b.py::test_b") == pairs.benchmarks
        pairs.take_pair("tests/test_a.py::test_a")
        notes = pairs.run().notes

    assert "Measured alpha 1, installed as wheel." in notes
    assert (
        "Not measured, because they belong to other projects in the repository: packages/beta/tests/test_c.py." in notes
    )


def test_another_copy_of_the_project_is_refused(new: Callable[[dict[str, str]], Project]) -> None:
    """A suite that loads the checkout's file by its path measures what is not shipped; both places are named."""
    load = (
        "import importlib.util, pathlib, sys\n"
        "spec = importlib.util.spec_from_file_location('shop', pathlib.Path(__file__).parent / 'shop/__init__.py')\n"
        "sys.modules['shop'] = module = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(module)\n"
    )
    test = "import shop\n\ndef test_it(benchmark):\n    benchmark(shop.total, [1])\n"
    files = {"shop/__init__.py": "total = sum\n", "tests/test_it.py": test, "conftest.py": load}
    project = new({**files, **buildable("shop", "shop/__init__.py")})

    with pytest.raises(
        MeasurementFailed, match=r"imported 'shop' from .*/shop/__init__.py, .* installed \(.*site-packages"
    ):
        measured(project)


def test_a_missing_module_is_named_with_the_line_to_add(new: Callable[[dict[str, str]], Project]) -> None:
    """Nobody declares it, so it is not guessed."""
    project = new({"tests/test_it.py": "import no_such_shelf\n\ndef test_it(benchmark):\n    benchmark(sum, [1])\n"})

    with pytest.raises(
        MeasurementFailed, match=r"the module no_such_shelf is missing: add to perfgate.toml: \[suite\] packages"
    ):
        tried(project)


def test_an_asv_suite_is_collected_file_by_file(new: Callable[[dict[str, str]], Project]) -> None:
    """A file that cannot be imported does not hide the others, and its error is kept."""
    files = {
        "asv.conf.json": '{"version": 1, "project": "shop", "repo": ".", "benchmark_dir": "speed"}',
        "speed/__init__.py": "",
        "speed/good.py": "def time_sum():\n    sum([1])\n",
        "speed/bad.py": "import no_such_shelf\n\ndef time_shelf():\n    pass\n",
    }

    found = tried(new(files))

    assert 1 == found.count
    assert "No module named 'no_such_shelf'" in found.errors


def test_the_table_is_read_from_the_measured_revision(new: Callable[[dict[str, str]], Project]) -> None:
    """Its variables and packages hold for the suite; a key that does not exist is named."""
    test = (
        "import os, six\n\ndef test_it(benchmark):\n    assert os.environ['SPEED'] == 'high'\n    benchmark(sum, [1])\n"
    )
    table = '[suite]\npath = "odd/it.py"\npackages = ["six"]\nenvironment.SPEED = "high"\n'
    project = new({"odd/it.py": test, "perfgate.toml": table})

    run = measured(project)
    assert {"odd/it.py::test_it"} == {sample.benchmark.label for sample in run.samples}

    project.commit("Misspell", {"perfgate.toml": "[suite]\npakages = []\n"})
    with pytest.raises(InvalidPolicy, match=r"perfgate.toml:1: .*pakages"):
        tried(project)
