"""What a checkout says about its project is read from its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.sides.project import (
    distribution_name,
    installed_modules,
    is_installable,
    is_project_module,
    source_modules,
)


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        ('[project]\nname = "My_Shop.Tools"\n', "my-shop-tools"),
        ("[project]\n", ""),
        ("[project]\nname = 3\n", ""),
        ("project = 3\n", ""),
        ("[project\n", ""),
        (None, ""),
    ],
)
def test_the_name_is_normalized(tmp_path: Path, pyproject: str | None, expected: str) -> None:
    """The distribution's name is compared as package indexes do; a broken or missing file has none."""
    if pyproject is not None:
        (tmp_path / "pyproject.toml").write_text(pyproject)

    assert expected == distribution_name(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("setup.py", "", True),
        ("pyproject.toml", "[build-system]\nrequires = []\n", True),
        ("pyproject.toml", "[project]\nname = 'shop'\n", True),
        ("pyproject.toml", "[tool.ruff]\n", False),
        ("pyproject.toml", "[project\n", False),
        ("setup.cfg", "", False),
    ],
)
def test_a_project_is_installable_if_it_says_how(tmp_path: Path, file: str, text: str, expected: bool) -> None:
    """A setup.py, or a table of pyproject.toml that build tools read; settings of a linter are not enough."""
    (tmp_path / file).write_text(text)

    assert is_installable(tmp_path) is expected


def test_modules_are_found_in_the_source_and_where_they_are_installed(tmp_path: Path) -> None:
    """Packages and modules count, in the top folder and in src; tests, metadata and path files do not."""
    for file in ("shop/__init__.py", "src/till/__init__.py", "tests/__init__.py", "data/prices.csv"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    for file in ("single.py", "setup.py", "src/inner.py"):
        (tmp_path / file).touch()

    assert ("inner", "shop", "single", "till") == source_modules(tmp_path)
    packages = tmp_path / "site-packages"
    for folder in ("shop", "shop-1.dist-info", "__pycache__"):
        (packages / folder).mkdir(parents=True)
    for file in ("fast.cpython-311-x86_64-linux-gnu.so", "zz_perfgate.pth"):
        (packages / file).touch()
    assert ("fast", "shop") == installed_modules(packages)


@pytest.mark.parametrize(("name", "expected"), [("shop", True), ("json", False), ("tests", False), ("a-b", False)])
def test_only_the_project_has_a_module_of_that_name(name: str, expected: bool) -> None:
    """Names of the standard library and names that many projects use identify nothing."""
    assert is_project_module(name) is expected
