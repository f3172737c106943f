"""An environment is described the same each time, by the facts that decide what may be compared."""

from __future__ import annotations

import importlib.metadata
import sys
import venv
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.hygiene import hygiene
from perfgate.measure.machine import MEMORY_STEP_BYTES, describe
from perfgate.results.records import COMPARABILITY_FIELDS, SAME_MACHINE_FIELDS


def test_the_same_machine_is_described_alike() -> None:
    """Two descriptions have one fingerprint and no differences."""
    first, second = describe(), describe()

    assert first.fingerprint == second.fingerprint
    assert not first.differences(second)


def test_all_facts_that_forbid_a_comparison_are_there() -> None:
    """On Linux every comparability field is known, with the interpreter's full version."""
    fields = describe().fields

    assert set(COMPARABILITY_FIELDS) | set(SAME_MACHINE_FIELDS) <= fields.keys()
    assert fields["python"].endswith(".".join(map(str, sys.version_info[:3])))
    assert int(fields["memory"]) % MEMORY_STEP_BYTES == 0


def test_the_kernel_and_the_load_are_not_part_of_the_fingerprint() -> None:
    """A fact that does not affect results must not start a new segment."""
    assert not {"kernel", "packages", "python_build", *hygiene()} & {*COMPARABILITY_FIELDS, *SAME_MACHINE_FIELDS}


def test_the_build_of_the_interpreter_is_described() -> None:
    """The fact has at least the compiler; a debug build is named."""
    build = describe().fields["python_build"]

    assert build
    assert ("debug build" in build) == hasattr(sys, "gettotalrefcount")


def test_the_name_is_made_from_the_interpreter_unless_given() -> None:
    """A team may follow an environment under its own name."""
    assert describe().name.startswith("linux-cpython-3.")
    assert describe("pinned runner").name == "pinned runner"


def test_packages_of_another_interpreter_are_listed(tmp_path: Path) -> None:
    """Dependencies are those of the given interpreter, without perfgate and projects installed from a folder."""
    venv.create(tmp_path, with_pip=False, symlinks=True)
    (packages,) = tmp_path.glob("lib/python*/site-packages")
    for name, origin in (
        ("Left_Pad", ""),
        ("perfgate", ""),
        ("shop", '{"url": "file:///shop", "dir_info": {}}'),
        ("mine", ""),
    ):
        installed = packages / f"{name}-1.5.dist-info"
        installed.mkdir()
        (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        if origin:
            (installed / "direct_url.json").write_text(origin)

    found = describe(python=tmp_path / "bin/python", exclude={"mine"})

    assert found.fields["dependencies"] == "left-pad==1.5"
    assert "packages" not in found.fields


def test_many_dependencies_become_a_digest() -> None:
    """The list itself is kept in another fact."""
    fields = describe().fields

    assert fields["dependencies"].startswith("sha256:")
    assert f"numpy=={importlib.metadata.version('numpy')}" in fields["packages"].split()


@pytest.mark.parametrize("content", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho no json\n"])
def test_a_program_that_is_no_interpreter_is_refused(tmp_path: Path, content: str) -> None:
    """The error has its path, whatever the program does instead."""
    program = tmp_path / "python"
    program.write_text(content)
    program.chmod(0o700)

    with pytest.raises(MeasurementFailed, match=str(program)):
        describe(python=program)
    with pytest.raises(MeasurementFailed, match="name another"):
        describe(python=tmp_path / "missing")
