"""Seals of folders: the digests of all files, by which a folder is recognized as complete and unchanged."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec


class Seal(msgspec.Struct):
    """What a folder contained when it was complete."""

    made: float
    """In seconds since 1970."""
    size: int
    """Bytes of all files."""
    files: dict[str, str]
    """Path to digest, or to the target of a link."""


def write_seal(content: Path, file: Path) -> None:
    """Write a seal of the folder *content* to *file*."""
    files = {str(path.relative_to(content)): path for path in _files(content)}
    size = sum(path.lstat().st_size for path in files.values())
    seal = Seal(made=time.time(), size=size, files={name: _digest(path) for name, path in files.items()})
    file.write_bytes(msgspec.json.encode(seal))


def read_seal(file: Path) -> Seal | None:
    """Return the seal in *file*; None if there is none, or it cannot be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Seal)
    except (OSError, msgspec.DecodeError):
        return None


def matches(content: Path, seal: Seal) -> bool:
    """Tell whether *content* is what was sealed; modules compiled since then are removed, Python compiles them again."""
    expected = dict(seal.files)
    for path in list(_files(content)):
        name = str(path.relative_to(content))
        if expected.pop(name, None) != _digest(path):
            if path.parent.name != "__pycache__":
                return False
            path.unlink()
    return all(Path(name).parent.name == "__pycache__" for name in expected)


def _files(folder: Path) -> Iterator[Path]:
    for inside, folders, files in os.walk(folder):
        for name in [*files, *(name for name in folders if Path(inside, name).is_symlink())]:
            yield Path(inside, name)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    if not path.is_file():
        return "neither a file nor a link"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
