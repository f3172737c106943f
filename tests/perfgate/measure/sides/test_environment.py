"""Each side is built once, gets its requirements, and errors name what it could not get.

preparation.py, side.py, builds.py, installer.py and installed.py work on real sides here.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure import open_pairs
from perfgate.measure.sides.environment import PLAIN
from perfgate.measure.sides.preparation import AUTOMATIC
from perfgate.measure.sides.side import Side
from perfgate.measure.workspaces import PREFIX, workspace
from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.sides.prepared import prepare
from tests.perfgate.measure.wheels import NEEDED, backend, make_wheel

TEST = {"benchmarks/test_shop.py": "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total, 9)\n"}


@pytest.fixture
def builds(tmp_path: Path, tool_wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the builds, with an empty cache and an index that is a folder."""
    monkeypatch.setenv("SHOP_BUILDS", str(tmp_path / "builds"))
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path / 'index'} {tool_wheels}")
    (tmp_path / "index").mkdir()
    return lambda: len((tmp_path / "builds").read_text().splitlines()) if (tmp_path / "builds").exists() else 0


@pytest.fixture
def bumped(new_project: Callable[[], Project], builds: Callable[[], int], tmp_path: Path) -> Project:  # noqa: ARG001
    """A project whose head asks for a newer version of what its base asks for."""
    for version in ("1.0", "2.0"):
        make_wheel(tmp_path / "index", NEEDED, version, requires=["tinier"] if version == "2.0" else [])
    make_wheel(tmp_path / "index", "tinier", "5")
    project = new_project()
    project.commit("Need it", {**TEST, **backend(f"{NEEDED}<2")})
    project.commit("Need a newer one", backend(f"{NEEDED}>=2", "absent>1; sys_platform == 'win32'"))
    return project


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def prepared(project: Project, folder: Path, *revisions: str, install: str = AUTOMATIC) -> dict[str, Side]:
    roles = dict(zip(("base", "head"), revisions, strict=False))
    return prepare(project, folder, roles, suite="pytest-benchmark", install=install)


def test_each_side_gets_its_requirements(bumped: Project) -> None:
    """A head that bumps a dependency is measured with it and its own dependencies, and the notes of the run name it."""
    where = (
        f"import {NEEDED}\n\ndef test_version(benchmark):\n    assert {NEEDED}.VERSION > '1'\n    benchmark(len, 'a')\n"
    )
    bumped.commit("See it", {"benchmarks/test_version.py": where})

    with open_pairs(bumped.path, "HEAD~2", "HEAD", suite="pytest-benchmark", select="*test_version") as pairs:
        pairs.take_pair("benchmarks/test_version.py::test_version")
        run = pairs.run()

    assert run.notes[0] == f"Dependencies differ between the sides: tinier absent → 5, {NEEDED} 1.0 → 2.0."
    assert run.baseline is not None
    differing = run.environment.differences(run.baseline.environment)
    assert set(differing) == {"dependencies"}


def test_a_requirement_that_cannot_be_installed_is_named(bumped: Project, temporary: Path) -> None:
    """The error has the requirement, the side and what to do; nothing is left behind."""
    bumped.commit("Need what nobody has", backend("shelf>=7"))
    with (
        pytest.raises(MeasurementFailed, match=r"(?s)^the head side: .*shelf"),
        workspace() as folder,
    ):
        prepared(bumped, folder, "HEAD~1", "HEAD")

    assert not list(temporary.iterdir())


def test_a_commit_is_built_once(bumped: Project, builds: Callable[[], int], temporary: Path, tmp_path: Path) -> None:
    """A second check of a commit builds nothing for it, and still imports it from its own environment.

    A damaged wheel in the cache costs a build, and nothing else.
    """
    for revisions, count in ((("HEAD~1", "HEAD"), 2), (("HEAD",), 2), (("HEAD",), 3)):
        if count == 3:
            for wheel in (tmp_path / "cache").glob("*/*/content/*.whl"):
                wheel.write_bytes(b"no wheel")
        with workspace() as folder:
            sides = prepared(bumped, folder, *revisions)
            assert {("shop",)} == {side.names for side in sides.values()}
            assert all((side.site_packages / "shop/__init__.py").exists() for side in sides.values())
        assert count == builds()
    assert not list(temporary.iterdir())


def test_only_successful_builds_of_ours_are_cached(bumped: Project, tmp_path: Path) -> None:
    """A build that fails is not cached, nor is what the user's own command installs."""
    bumped.commit("Break the build", backend(fails=True))
    own = f"{sys.executable} -c \"import shutil; shutil.copytree('{{checkout}}/shop', '{tmp_path}/copied')\""
    with workspace() as folder:
        prepared(bumped, folder, "HEAD~1", install=own)
    with pytest.raises(MeasurementFailed, match="cannot be built"), workspace() as folder:
        prepared(bumped, folder, "HEAD", install=PLAIN)

    assert (tmp_path / "copied").exists()
    assert not list((tmp_path / "cache").glob("*/wheel-*"))


def test_asv_is_refused_without_an_asv_suite(bumped: Project) -> None:
    """Asv builds only what its own configuration describes."""
    with pytest.raises(MeasurementFailed, match="needs an asv suite"), workspace() as folder:
        prepared(bumped, folder, "HEAD", install="asv")


def test_a_killed_check_leaves_nothing_while_both_sides_are_built(bumped: Project, temporary: Path) -> None:
    """SIGTERM ends both installations with all their processes, and removes the workspace."""
    marker = temporary / "started"
    slow = "import os, pathlib, time\npathlib.Path(os.environ['STARTED'] + str(os.getpid())).touch()\ntime.sleep(600)\n"
    bumped.commit("Take long", {"build_shop.py": slow})
    script = (
        "from pathlib import Path; from perfgate.cli import raise_on_termination\n"
        "from perfgate.measure import open_pairs\n"
        f"with raise_on_termination(), open_pairs(Path({str(bumped.path)!r}), 'HEAD', 'HEAD', suite='pytest-benchmark'): pass"
    )
    process = subprocess.Popen([sys.executable, "-c", f"import os; os.environ['STARTED'] = {str(marker)!r}\n{script}"])
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(temporary.glob("started*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 128 + signal.SIGTERM
    started = [int(path.name.removeprefix("started")) for path in temporary.glob("started*")]
    assert started
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(is_running, started)):
        time.sleep(0.05)
    assert not any(map(is_running, started))
    assert not list(temporary.glob(f"{PREFIX}*"))
