"""The project is imported as it was installed, whatever stands in front of it; other copies of it are reported.

paths.py compares the paths.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from perfgate.measure.agent.origins import VARIABLE, Origins
from perfgate.measure.agent.paths import folder_prefixes, is_below

AGENT = Path(__file__).parents[4] / "perfgate/measure/agent"

Make = Callable[..., Origins]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make the origins of a side in a work tree that also contains the interpreter."""

    def made(*, is_installed: bool = True, names: tuple[str, ...] = ("shop",)) -> Origins:
        origins = Origins(**arguments(tmp_path, is_installed=is_installed, names=names))
        origins.report()  # what this test run imported is not the side's
        return origins

    before = list(sys.meta_path)
    yield made
    sys.meta_path[:] = before


def arguments(folder: Path, *, is_installed: bool = True, names: tuple[str, ...] = ("shop",)) -> dict[str, Any]:
    for name in ("checkout/benchmarks", "environment/packages", "work/.venv"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "names": names,
        "installed": str(folder / "environment/packages") if is_installed else "",
        "sources": [str(folder / "checkout"), str(folder / "checkout/src")],
        "checkout": str(folder / "checkout"),
        "environment": str(folder / "environment"),
        "benchmarks": [str(folder / "checkout/benchmarks"), str(folder / "checkout/shop/tests")],
        "elsewhere": str(folder / "work"),
        "interpreter": [str(folder / "work/.venv")],
    }


def imported(monkeypatch: pytest.MonkeyPatch, name: str, file: Path | None) -> None:
    module = ModuleType(name)
    module.__file__ = str(file) if file else None
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("name", "file", "is_foreign"),
    [
        ("shop", "environment/packages/shop/__init__.py", False),
        ("shop.sums", "checkout/shop/sums.py", True),
        ("shop.tests.test_sums", "checkout/shop/tests/test_sums.py", False),
        ("shop.sums", "work/shop/sums.py", True),
        ("shop", "work/.venv/shop/__init__.py", True),
        ("shop", "elsewhere/shop/__init__.py", True),
        ("helpers", "work/helpers.py", True),
        ("helpers", "work/.venv/helpers.py", False),
        ("helpers", "checkout/helpers.py", False),
        ("helpers", "elsewhere/helpers.py", False),
        ("shopping", "elsewhere/shopping.py", False),
    ],
)
def test_a_module_must_come_from_the_installation(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, file: str, is_foreign: bool
) -> None:
    """An installed project's modules may come only from there; others only not from the developer's work tree."""
    origins = make()
    imported(monkeypatch, name, tmp_path / file)

    assert ([(name, str(tmp_path / file))] if is_foreign else []) == origins.report()["foreign"]
    assert [] == origins.report()["foreign"]  # each is reported once


def test_a_source_tree_is_imported_from_the_checkout(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A project that was not installed comes from its checkout."""
    origins = make(is_installed=False)
    imported(monkeypatch, "shop.sums", tmp_path / "checkout/shop/sums.py")
    assert [] == origins.report()["foreign"]

    imported(monkeypatch, "shop.other", tmp_path / "elsewhere/shop/other.py")
    assert [("shop.other", str(tmp_path / "elsewhere/shop/other.py"))] == origins.report()["foreign"]


def test_a_link_hides_nothing(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A module in the work tree is found through a symbolic link to it."""
    origins = make()
    (tmp_path / "link").symlink_to(tmp_path / "work")
    imported(monkeypatch, "helpers", tmp_path / "link/helpers.py")

    assert [("helpers", str(tmp_path / "link/helpers.py"))] == origins.report()["foreign"]


def test_benchmarks_are_not_the_project_s_code(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A benchmark that imports nothing of the project compares nothing; built-in modules do not count."""
    origins = make()
    imported(monkeypatch, "shop.benchmark", tmp_path / "checkout/benchmarks/benchmark.py")
    imported(monkeypatch, "shop.builtin", None)
    assert not origins.report()["reaches_code"]

    imported(monkeypatch, "shop", tmp_path / "environment/packages/shop.py")
    assert origins.report()["reaches_code"]


def test_compiled_modules_are_named(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The verdict can say whether the extension or its pure fallback was measured."""
    origins = make()
    imported(monkeypatch, "shop.fast", tmp_path / "environment/packages/shop/fast.abi3.so")
    imported(monkeypatch, "shop", tmp_path / "environment/packages/shop/__init__.py")
    imported(monkeypatch, "other.fast", tmp_path / "environment/packages/other/fast.abi3.so")

    assert ["shop.fast"] == origins.report()["extensions"]


def test_a_project_without_modules_always_reaches_its_code(make: Make) -> None:
    """If no name is known, nothing can be said about it, and so no warning is given."""
    assert make(names=()).report()["reaches_code"]


SHADOWED = """
import sys
sys.path.insert(0, {agent!r})
from agent.origins import origins_of_environment
origins = origins_of_environment()
sys.path.insert(0, {checkout!r})  # as pytest and asv do
import shop, shop.tests.test_sums
print(shop.WHERE, shop.tests.test_sums.WHERE, origins.report()["foreign"])
"""


@pytest.mark.parametrize("ships_tests", [False, True])
def test_the_installed_package_goes_before_the_checkout(tmp_path: Path, ships_tests: bool) -> None:
    """In a flat layout, the package comes from the environment, and the benchmarks inside it from the checkout."""
    given = arguments(tmp_path)
    for place in ("checkout", "environment/packages"):
        for file in ("shop/__init__.py", "shop/tests/__init__.py", "shop/tests/test_sums.py"):
            if "tests" not in file or ships_tests or place == "checkout":
                (tmp_path / place / file).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / place / file).write_text(f"WHERE = {place.partition('/')[0]!r}\n")
    script = SHADOWED.format(agent=str(AGENT.parent), checkout=str(tmp_path / "checkout"))

    done = subprocess.run(
        [sys.executable, "-c", script], env={VARIABLE: json.dumps(given)}, capture_output=True, text=True, check=False
    )

    assert ("environment checkout []\n", "") == (done.stdout, done.stderr)


def test_a_path_is_below_its_folder_only(tmp_path: Path) -> None:
    """A folder whose name only begins alike is another one; names such as ``<string>`` are no files."""
    prefixes = folder_prefixes([str(tmp_path / "side")])

    assert is_below(str(tmp_path / "side/shop.py"), prefixes)
    assert is_below(str(tmp_path / "side"), prefixes)
    assert not is_below(str(tmp_path / "side2/shop.py"), prefixes)
    assert not is_below("<string>", folder_prefixes(["."]))
