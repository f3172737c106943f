"""One revision is measured by its own tool; commit and environment come from git and this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure import measure
from perfgate.results.records import SampleState
from tests.perfgate.measure.conftest import BASE_CODE, Project


@pytest.fixture(scope="module", autouse=True)
def with_plugins(no_settings_of_ours: None) -> Iterator[None]:  # noqa: ARG001
    """Load plugins as pytest does by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        yield


QUICK = "\n[tool.pytest.ini_options]\naddopts = '-p no:benchmark --benchmark-max-time=0.01 --benchmark-min-rounds=3'\n"


BACKEND = """
import zipfile

def build_wheel(folder, settings=None, metadata=None):
    name = "shop-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.write("shop/__init__.py")
        wheel.writestr("shop-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: shop\\nVersion: 1\\n")
        wheel.writestr("shop-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("shop-1.dist-info/RECORD", "")
    return name
"""
"""The smallest thing that builds a wheel: needs no package index."""


def test_pytest_benchmark_runs_itself(new_project: Callable[[], Project], temporary: Path) -> None:
    """Every measurement is kept; an installed project is imported from its own environment."""
    project = new_project()
    built = "[project]\nname = 'shop'\nversion = '1'\n[build-system]\nrequires = []\nbuild-backend = 'build_shop'\nbackend-path = ['.']\n"
    where = "import shop\n\ndef test_where(benchmark):\n    assert 'site-packages' in shop.__file__\n    benchmark(shop.total, 9)\n"
    files = {"pyproject.toml": built + QUICK, "build_shop.py": BACKEND, "benchmarks/test_where.py": where}
    project.commit("Say how it is built", files)
    said: list[str] = []

    run = measure(
        project.path,
        "HEAD",
        suite="pytest-benchmark",
        select="*test_where",
        environment_name="here",
        progress=said.append,
    )

    (sample,) = run.samples
    assert sample.benchmark.label == "benchmarks/test_where.py::test_where"
    assert sample.state is SampleState.MEASURED
    assert len(sample.rounds[0]) >= 3
    assert (run.commit.subject, run.commit.author, run.commit.generation) == ("Say how it is built", "Ada", 3)
    assert run.environment.name == "here"
    assert run.tool.startswith("pytest-benchmark ")
    assert len(said) == 5
    assert not list(temporary.iterdir())


def test_asv_runs_itself(project: Project, temporary: Path) -> None:
    """Run asv in an environment of ours, which does not touch its results folder in the repository."""
    run = measure(project.path, "head", suite="asv", select="totals.Cached*")

    samples = {sample.benchmark.name: sample for sample in run.samples}
    assert samples["totals.Cached.track_length"].value == 100
    assert len(samples["totals.Cached.time_sum"].rounds[0]) > 1
    assert run.commit.sha == project.git("rev-parse", "head")
    assert project.git("status", "--porcelain") == ""
    assert not list(temporary.iterdir())


def test_a_suite_that_measures_nothing_is_an_error(project: Project) -> None:
    """The error has the tool's last lines."""
    with pytest.raises(MeasurementFailed, match=r"(?s)that 'nothing' selects.*deselected"):
        measure(project.path, "head", suite="pytest-benchmark", select="nothing")


def test_an_unknown_revision_is_refused(project: Project) -> None:
    """It is refused before anything is checked out."""
    with pytest.raises(InvalidInput, match="'nowhere' names no commit"):
        measure(project.path, "nowhere")


def test_a_project_that_cannot_be_built_says_how_to_go_on(
    new_project: Callable[[], Project],
) -> None:
    """The error has the last lines of the build and the way out."""
    project = new_project()
    project.commit("Break", {"shop/__init__.py": BASE_CODE, "setup.py": "raise SystemExit('no way')\n"})

    with pytest.raises(MeasurementFailed, match=r"(?s)cannot be built.*before_build = \[\.\.\.\].*Failed to build"):
        measure(project.path, "HEAD", suite="pytest-benchmark")
