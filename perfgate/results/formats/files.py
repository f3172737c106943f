"""Read files from a path that is a file, a folder or an archive, plain or compressed, with limits on size and number.

An archive is decompressed into one unnamed temporary file and read from there in any order. Nothing is written under a
name from the archive. The content of a file is read on request, one file at a time.
"""

from __future__ import annotations

import gzip
import lzma
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from perfgate.errors import InvalidResult
from perfgate.results.formats.untrusted_text import printable
from perfgate.results.records import Refusal

MAX_FILE_BYTES = 256 * 2**20
"""Largest single file, decompressed; the largest real results are below 100 MB."""

MAX_ARCHIVE_BYTES = 8 * 2**30
"""Largest archive, decompressed."""

MAX_FILES = 1_000_000
"""Most files in one folder tree or archive."""

MAX_SAMPLES = 250_000
"""Most samples in one run, because a hostile file needs only a few bytes for each. The largest real runs have about
ten thousand."""

_CHUNK = 2**20
_ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".tox", ".nox", "__pycache__", "node_modules"})
_READ_ERRORS = (OSError, EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, UnicodeError, ValueError)


class UnreadFile(NamedTuple):
    """One file of a folder or archive, not yet read."""

    name: str
    """Path in the folder or archive, with slashes, without ``.gz`` or ``.xz``; of a single file, its folder and its name."""
    size: int
    """Bytes as stored, for a progress bar."""
    read: Callable[[], bytes]
    """Returns the content, decompressed; raises `InvalidResult` if that fails or is too large."""


@contextmanager
def open_files(path: Path) -> Iterator[list[UnreadFile | Refusal]]:
    """Provide the files in *path*, sorted by name; they can be read until the context ends.

    Args:
        path: A file, a folder (with its subfolders; links are not followed) or a tar archive, plain, ``.gz`` or ``.xz``.

    Raises:
        InvalidResult: There is no such path, or it is a broken archive, or a limit is exceeded. A retry cannot help.
    """
    if not path.exists():
        raise InvalidResult("no such file or folder: check the path", source=printable(str(path)))
    if path.is_dir():
        yield _in_folder(path)
    elif path.name.endswith(_ARCHIVE_SUFFIXES):
        with tempfile.TemporaryFile() as decompressed:
            yield _in_archive(path, decompressed)
    else:
        name = f"{path.resolve().parent.name}/{_without_suffix(path.name)}"
        yield [UnreadFile(printable(name), _size(path), partial(read_file, path))]


def read_file(path: Path) -> bytes:
    """Return the content of *path*, decompressed if its name ends in ``.gz`` or ``.xz``.

    Raises:
        InvalidResult: It cannot be read or is larger than `MAX_FILE_BYTES`. A retry cannot help.
    """
    try:
        with _decompressed(path, path.name) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except _READ_ERRORS as error:
        raise _cannot_be_read(error, printable(str(path))) from error
    return _within_limit(data, printable(str(path)))


def check_sample_count(count: int, *, source: str) -> None:
    """Check the number of samples of a run, before they are created.

    Raises:
        InvalidResult: It exceeds `MAX_SAMPLES`. A retry cannot help.
    """
    if count > MAX_SAMPLES:
        raise InvalidResult(f"{count:,} samples, more than {MAX_SAMPLES:,}: split the suite", source=source)


def _in_folder(root: Path) -> list[UnreadFile | Refusal]:
    found: list[UnreadFile | Refusal] = []
    for folder, folders, files in os.walk(root):
        if "pyvenv.cfg" in files:  # a virtual environment: its JSON files belong to packages
            folders.clear()
            continue
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
        here = Path(folder)
        for file in files:
            path = here / file
            if path.is_file() and not path.is_symlink():
                name = printable((path.relative_to(root).parent / _without_suffix(file)).as_posix())
                found.append(UnreadFile(name, _size(path), partial(read_file, path)))
        if len(found) > MAX_FILES:
            raise InvalidResult(f"more than {MAX_FILES:,} files: name a folder further down", source=str(root))
    return sorted(found, key=_sort_key)


def _in_archive(path: Path, decompressed: IO[bytes]) -> list[UnreadFile | Refusal]:
    name = printable(str(path))
    try:
        with _decompressed(path, path.name) as packed:
            while chunk := packed.read(_CHUNK):
                decompressed.write(chunk)
                if decompressed.tell() > MAX_ARCHIVE_BYTES:
                    raise InvalidResult(f"unpacks to more than {MAX_ARCHIVE_BYTES:,} bytes: split it", source=name)
        decompressed.seek(0)
        archive = tarfile.open(fileobj=decompressed, mode="r:")  # noqa: SIM115 - closed with the file beneath it
        found: list[UnreadFile | Refusal] = []
        for member in archive:
            if member.isreg():
                found.append(_member(archive, member))
            if len(found) > MAX_FILES:
                raise InvalidResult(f"more than {MAX_FILES:,} files: split it", source=name)
    except _READ_ERRORS as error:
        raise _cannot_be_read(error, name) from error
    return sorted(found, key=_sort_key)


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> UnreadFile | Refusal:
    path = PurePosixPath(member.name)
    name = printable(path.as_posix())
    if path.is_absolute() or ".." in path.parts:
        return Refusal(where=name, reason="its path leads out of the archive")
    if member.size > MAX_FILE_BYTES or member.issparse():
        return Refusal(where=name, reason=f"larger than {MAX_FILE_BYTES:,} bytes, or sparse")
    plain = printable((path.parent / _without_suffix(path.name)).as_posix())
    return UnreadFile(plain, member.size, partial(_read_member, archive, member, name))


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> bytes:
    try:
        content = archive.extractfile(member)
        assert content is not None  # it is a regular file
        with _decompressed(content, member.name) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except _READ_ERRORS as error:
        raise _cannot_be_read(error, name) from error
    return _within_limit(data, name)


def _decompressed(packed: Path | IO[bytes], name: str) -> IO[bytes] | gzip.GzipFile | lzma.LZMAFile:
    if name.endswith((".xz", ".txz")):
        return lzma.open(packed)
    if name.endswith((".gz", ".tgz")):
        return gzip.open(packed)
    return packed.open("rb") if isinstance(packed, Path) else packed


def _without_suffix(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".xz")


def _within_limit(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise InvalidResult(f"larger than {MAX_FILE_BYTES:,} bytes", source=name)
    return data


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _sort_key(entry: UnreadFile | Refusal) -> str:
    return entry.name if isinstance(entry, UnreadFile) else entry.where


def _cannot_be_read(error: Exception, name: str) -> InvalidResult:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InvalidResult(f"cannot be read: {reason or type(error).__name__}", source=name)
