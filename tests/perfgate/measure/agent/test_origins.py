"""Modules that a side imports from another copy of the project are found.

paths.py compares the paths.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from perfgate.measure.agent.origins import Origins
from perfgate.measure.agent.paths import folder_prefixes, is_below


@pytest.fixture
def origins(tmp_path: Path) -> Origins:
    """A side with its own checkout, in a work tree that contains an environment which both sides share."""
    for folder in ("side/benchmarks", "work/.venv"):
        (tmp_path / folder).mkdir(parents=True)
    found = Origins(
        own=[str(tmp_path / "side")],
        elsewhere=str(tmp_path / "work"),
        shared=[str(tmp_path / "work/.venv")],
        names=["shop"],
        benchmarks=[str(tmp_path / "side/benchmarks")],
    )
    found.foreign()  # what this test run imported is not the side's
    return found


def imported(monkeypatch: pytest.MonkeyPatch, name: str, file: Path | None) -> None:
    module = ModuleType(name)
    module.__file__ = str(file) if file else None
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("name", "file", "is_foreign"),
    [
        ("shop", "side/shop/__init__.py", False),
        ("shop.sums", "work/shop/sums.py", True),
        ("shop", "work/.venv/shop/__init__.py", True),
        ("shop", "elsewhere/shop/__init__.py", True),
        ("helpers", "work/helpers.py", True),
        ("helpers", "work/.venv/helpers.py", False),
        ("helpers", "elsewhere/helpers.py", False),
        ("shopping", "elsewhere/shopping.py", False),
    ],
)
def test_a_module_must_come_from_the_side(
    origins: Origins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, file: str, is_foreign: bool
) -> None:
    """The project's modules may come only from the side; others only not from the developer's work tree."""
    imported(monkeypatch, name, tmp_path / file)

    assert ([(name, str(tmp_path / file))] if is_foreign else []) == origins.foreign()
    assert [] == origins.foreign()  # each is reported once


def test_a_link_hides_nothing(origins: Origins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A module in the work tree is found through a symbolic link to it."""
    (tmp_path / "link").symlink_to(tmp_path / "work")
    imported(monkeypatch, "helpers", tmp_path / "link/helpers.py")

    assert [("helpers", str(tmp_path / "link/helpers.py"))] == origins.foreign()


def test_benchmarks_are_not_the_project_s_code(
    origins: Origins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A benchmark that imports nothing of the project compares nothing; built-in modules do not count."""
    imported(monkeypatch, "shop.benchmark", tmp_path / "side/benchmarks/benchmark.py")
    imported(monkeypatch, "shop.builtin", None)
    origins.foreign()
    assert not origins.reaches_code

    imported(monkeypatch, "shop", tmp_path / "side/shop.py")
    origins.foreign()
    assert origins.reaches_code


def test_a_project_without_modules_always_reaches_its_code() -> None:
    """If no name is known, nothing can be said about it, and so no warning is given."""
    assert Origins(own=[], elsewhere="/work", shared=[], names=[]).reaches_code


def test_a_path_is_below_its_folder_only(tmp_path: Path) -> None:
    """A folder whose name only begins alike is another one; names such as ``<string>`` are no files."""
    prefixes = folder_prefixes([str(tmp_path / "side")])

    assert is_below(str(tmp_path / "side/shop.py"), prefixes)
    assert is_below(str(tmp_path / "side"), prefixes)
    assert not is_below(str(tmp_path / "side2/shop.py"), prefixes)
    assert not is_below("<string>", folder_prefixes(["."]))
