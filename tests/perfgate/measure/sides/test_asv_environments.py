"""asv builds if its configuration needs it, and an environment that it built is used again for the same commit only."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure import measure, open_pairs
from perfgate.measure.sides import preparation
from perfgate.measure.sides.asv_environments import needs_asv
from perfgate.results.records import SampleState
from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.sides.prepared import prepare
from tests.perfgate.measure.wheels import NEEDED, backend, make_wheel

SUITE = f"""
import os
import shop
import {NEEDED}

def time_total():
    shop.total(300)

def track_version():
    assert os.environ["SHOP_SPEED"] == "high"
    return float({NEEDED}.VERSION)
"""


def configuration(**more: object) -> dict[str, str]:
    lines = "".join(f'    "{key}": {value},\n' for key, value in more.items())
    text = f'{{\n    // asv reads comments\n    "version": 1,\n    "project": "shop",\n    "repo": ".",\n    "benchmark_dir": "speed",\n{lines}}}\n'
    return {"asv.conf.json": text.replace("'", '"'), "speed/__init__.py": "", "speed/shops.py": SUITE}


def matrix(*versions: str) -> str:
    return f"{{'req': {{'{NEEDED}': {list(versions)}}}, 'env_nobuild': {{'SHOP_SPEED': ['high']}}}}"


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the builds, with an empty cache and an index that has just what asv puts into every environment."""
    index = tmp_path / "index"
    for version in ("1.0", "2.0"):
        make_wheel(index, NEEDED, version)
    for name in ("wheel", "build", "pympler"):
        make_wheel(index, name, "9")
    found = importlib.util.find_spec("asv_runner")
    assert found is not None
    assert found.submodule_search_locations
    runner = Path(found.submodule_search_locations[0])
    files = {str(path.relative_to(runner.parent)): path.read_text() for path in runner.rglob("*.py")}
    make_wheel(index, "asv_runner", "9", files=files)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("SHOP_BUILDS", str(tmp_path / "builds"))
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "cache"))
    return lambda: len((tmp_path / "builds").read_text().splitlines()) if (tmp_path / "builds").exists() else 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ""),
        ({"environment_type": "'virtualenv'", "pythons": "['3.11']"}, ""),
        ({"matrix": "{}", "install_command": "null"}, ""),
        ({"matrix": "{'numpy': []}"}, "a matrix"),
        ({"build_command": "['make wheel']", "matrix": matrix("1.0")}, "a matrix and a build_command"),
        ({"environment_type": "'conda'"}, "an environment of type 'conda'"),
    ],
)
def test_a_configuration_needs_asv_or_not(tmp_path: Path, given: dict[str, str], expected: str) -> None:
    """It does only for what an environment of ours cannot have."""
    file = tmp_path / "asv.conf.json"
    file.write_text(configuration(**given)["asv.conf.json"])

    assert expected == needs_asv(file)


def test_asv_builds_both_sides(new_project: Callable[[], Project], builds: Callable[[], int], temporary: Path) -> None:
    """Each side is built from its own matrix, with its variables; the second time, nothing is built."""
    project = new_project()
    project.commit("Let asv build", {**backend(), **configuration(matrix=matrix("1.0", "2.0"))})
    project.commit("Bump", configuration(matrix=matrix("2.0"), pythons="['2.7']"))

    for _ in range(2):
        with open_pairs(project.path, "HEAD~1", "HEAD", suite="asv") as pairs:
            pairs.take_pair("shops.time_total")
            versions = pairs.take_values("shops.track_version")
            run = pairs.run()

        assert versions == (1.0, 2.0)
        assert builds() == 2
        assert run.notes[0] == f"Dependencies differ between the sides: {NEEDED} 1.0 → 2.0."
        assert "the first of 2 that its configuration names" in run.notes[1]
        assert "Python 2.7, which the configuration names, is not installed" in run.notes[2]
        assert not list(temporary.iterdir())
    again = measure(project.path, "HEAD", suite="asv", select="shops.time_total")
    assert [sample.state for sample in again.samples] == [SampleState.MEASURED]
    assert builds() == 2


def build_base(project: Project, revision: str, folder: Path) -> None:
    """Prepare the base side alone."""
    folder.mkdir()
    prepare(project, folder, {"base": revision}, suite="asv")


def test_releases_in_between_are_not_part_of_the_change(
    new_project: Callable[[], Project], builds: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base that was built long before its head is built again if the same requirements give other versions now."""
    project = new_project()
    project.commit("Ask for any version", {**backend(), **configuration(matrix=matrix(""))})
    project.commit("Change something", {"README": "changed"})
    build_base(project, "HEAD~1", tmp_path / "workspace")
    assert builds() == 1
    make_wheel(tmp_path / "index", NEEDED, "3.0")
    monkeypatch.setattr(preparation, "MAX_BUILD_GAP_SECONDS", 0.0)

    with open_pairs(project.path, "HEAD~1", "HEAD", suite="asv") as pairs:
        assert pairs.take_values("shops.track_version") == (3.0, 3.0)
        assert builds() == 3


def test_an_environment_that_asv_cannot_make_is_named(
    new_project: Callable[[], Project], builds: Callable[[], int], tmp_path: Path
) -> None:
    """The error has what is needed, why it fails, and how to measure without it; a failed build has its last lines."""
    project = new_project()
    project.commit("Ask for the moon", {**backend(), **configuration(environment_type="'moonenv'")})
    with pytest.raises(MeasurementFailed, match=r"(?s)base side: .*type 'moonenv'.*--install plain"):
        build_base(project, "HEAD", tmp_path / "first")

    project.commit("Break", {**backend(fails=True), **configuration(matrix=matrix("1.0"))})
    with pytest.raises(MeasurementFailed, match="asv cannot build virtualenv-py"):
        build_base(project, "HEAD", tmp_path / "second")
    assert builds() == 1
    assert not list((tmp_path / "cache").glob("*/asv-*/content"))
