"""Tiny packages, made without any tool or index: what a test's project needs, and what builds that project."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

NEEDED = "tinydep"
"""A package that nobody has installed."""

PYPROJECT = """
[project]
name = "shop"
version = "1"
[build-system]
requires = []
build-backend = "build_shop"
backend-path = ["."]
"""

BACKEND = """
import os, zipfile

def build_wheel(folder, settings=None, metadata=None):
    with open(os.environ["SHOP_BUILDS"], "a") as builds:
        print("built", file=builds)
    if {fails!r}:
        raise RuntimeError("this commit does not build")
    name = "shop-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{{folder}}/{{name}}", "w") as wheel:
        wheel.write("shop/__init__.py")
        about = "Metadata-Version: 2.1\\nName: shop\\nVersion: 1\\n"
        wheel.writestr("shop-1.dist-info/METADATA", about + "".join(f"Requires-Dist: {{one}}\\n" for one in {requires!r}))
        wheel.writestr("shop-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("shop-1.dist-info/RECORD", "shop/__init__.py,,\\nshop-1.dist-info/METADATA,,\\n")
    return name
"""


def backend(*requires: str, fails: bool = False) -> dict[str, str]:
    """Return the files that make a project of the name shop buildable without an index."""
    return {"pyproject.toml": PYPROJECT, "build_shop.py": BACKEND.format(requires=list(requires), fails=fails)}


def make_wheel(
    folder: Path, name: str, version: str, requires: Sequence[str] = (), files: Mapping[str, str] | None = None
) -> None:
    """Write a wheel with a module, or with *files*, into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{version}"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    about += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    content = {
        **(files or {f"{name}.py": f"VERSION = {version!r}\n"}),
        f"{stem}.dist-info/METADATA": about,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for path, text in content.items():
            wheel.writestr(path, text)
        record = "".join(f"{path},,\n" for path in (*content, f"{stem}.dist-info/RECORD"))
        wheel.writestr(f"{stem}.dist-info/RECORD", record)
