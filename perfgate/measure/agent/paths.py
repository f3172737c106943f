"""Compare paths of modules with folders, whichever symbolic links lead there."""

from __future__ import annotations

import os
from collections.abc import Sequence


def folder_prefixes(paths: Sequence[str]) -> tuple[str, ...]:
    """Return prefixes of all files in the folders *paths*, for `is_below`."""
    spellings = {spelling for path in paths for spelling in _spellings(path)}
    return tuple(path.rstrip(os.sep) + os.sep for path in sorted(spellings))


def is_below(file: str, prefixes: tuple[str, ...]) -> bool:
    """Tell whether *file* is in, or is, one of the folders; names such as ``<string>`` are no files."""
    return not file.startswith("<") and any((path + os.sep).startswith(prefixes) for path in _spellings(file))


def _spellings(path: str) -> tuple[str, str]:
    """Return an absolute path with its symbolic links, and without."""
    return os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100 - not resolved, unlike Path.resolve
