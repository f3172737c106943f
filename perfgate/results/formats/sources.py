"""Open what people hand over: a file, a folder or an archive, plain or compressed, within bounds.

An archive is unpacked into one unnamed temporary file and read from there in any order; nothing is ever written under
a name that the archive chose. Bytes are read only when asked for, one source at a time.
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
"""Largest single result, unpacked; the largest real ones are below 100 MB."""

MAX_ARCHIVE_BYTES = 8 * 2**30
"""Largest archive, unpacked."""

MAX_FILES = 1_000_000
"""Most files in one folder tree or archive."""

MAX_SAMPLES = 250_000
"""Most samples in one run: a few bytes of a hostile file would become a record each. The largest real runs hold some
ten thousand."""

_CHUNK = 2**20
_ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".tox", ".nox", "__pycache__", "node_modules"})
_BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, UnicodeError, ValueError)


class Source(NamedTuple):
    """One file somewhere, not yet read."""

    name: str
    """Path inside what was handed over, with slashes; its file name without ``.gz`` or ``.xz``."""
    size: int
    """Bytes as stored, for a progress bar."""
    read: Callable[[], bytes]
    """Returns the content, unpacked; raises `InvalidResult` where that is impossible or too large."""


@contextmanager
def opened(path: Path) -> Iterator[list[Source | Refusal]]:
    """List what *path* holds, sorted by name; the sources can be read until the context ends.

    Args:
        path: A file, a folder (searched below; links are not followed) or a tar archive, plain, ``.gz`` or ``.xz``.

    Raises:
        InvalidResult: There is no such path, it is a broken archive, or too much. A retry cannot help.
    """
    if not path.exists():
        raise InvalidResult("no such file or folder: check the path", source=printable(str(path)))
    if path.is_dir():
        yield _in_folder(path)
    elif path.name.endswith(_ARCHIVE_SUFFIXES):
        with tempfile.TemporaryFile() as unpacked:
            yield _in_archive(path, unpacked)
    else:
        name = f"{path.resolve().parent.name}/{_plain(path.name)}"
        yield [Source(printable(name), _size(path), partial(read_file, path))]


def read_file(path: Path) -> bytes:
    """Return the content of *path*, unpacked where its name ends in ``.gz`` or ``.xz``.

    Raises:
        InvalidResult: It cannot be read or is larger than `MAX_FILE_BYTES`. A retry cannot help.
    """
    try:
        with _unpacking(path, path.name) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except _BROKEN as error:
        raise _unreadable(error, printable(str(path))) from error
    return _bounded(data, printable(str(path)))


def check_samples(count: int, *, source: str) -> None:
    """Refuse a run of more than `MAX_SAMPLES` samples before they are made.

    Raises:
        InvalidResult: There are more. A retry cannot help.
    """
    if count > MAX_SAMPLES:
        raise InvalidResult(f"{count:,} samples, more than {MAX_SAMPLES:,}: split the suite", source=source)


def _in_folder(root: Path) -> list[Source | Refusal]:
    found: list[Source | Refusal] = []
    for folder, folders, files in os.walk(root):
        if "pyvenv.cfg" in files:  # an installed environment: full of other people's JSON
            folders.clear()
            continue
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
        here = Path(folder)
        for file in files:
            path = here / file
            if path.is_file() and not path.is_symlink():
                name = printable((path.relative_to(root).parent / _plain(file)).as_posix())
                found.append(Source(name, _size(path), partial(read_file, path)))
        if len(found) > MAX_FILES:
            raise InvalidResult(f"more than {MAX_FILES:,} files: name a folder further down", source=str(root))
    return sorted(found, key=_position)


def _in_archive(path: Path, unpacked: IO[bytes]) -> list[Source | Refusal]:
    name = printable(str(path))
    try:
        with _unpacking(path, path.name) as packed:
            while chunk := packed.read(_CHUNK):
                unpacked.write(chunk)
                if unpacked.tell() > MAX_ARCHIVE_BYTES:
                    raise InvalidResult(f"unpacks to more than {MAX_ARCHIVE_BYTES:,} bytes: split it", source=name)
        unpacked.seek(0)
        archive = tarfile.open(fileobj=unpacked, mode="r:")  # noqa: SIM115 - closed with the file beneath it
        found: list[Source | Refusal] = []
        for member in archive:
            if member.isreg():
                found.append(_member(archive, member))
            if len(found) > MAX_FILES:
                raise InvalidResult(f"more than {MAX_FILES:,} files: split it", source=name)
    except _BROKEN as error:
        raise _unreadable(error, name) from error
    return sorted(found, key=_position)


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Source | Refusal:
    path = PurePosixPath(member.name)
    name = printable(path.as_posix())
    if path.is_absolute() or ".." in path.parts:
        return Refusal(where=name, reason="its path leads out of the archive")
    if member.size > MAX_FILE_BYTES or member.issparse():
        return Refusal(where=name, reason=f"larger than {MAX_FILE_BYTES:,} bytes, or sparse")
    plain = printable((path.parent / _plain(path.name)).as_posix())
    return Source(plain, member.size, partial(_read_member, archive, member, name))


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> bytes:
    try:
        content = archive.extractfile(member)
        assert content is not None  # it is a regular file
        with _unpacking(content, member.name) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except _BROKEN as error:
        raise _unreadable(error, name) from error
    return _bounded(data, name)


def _unpacking(packed: Path | IO[bytes], name: str) -> IO[bytes] | gzip.GzipFile | lzma.LZMAFile:
    if name.endswith((".xz", ".txz")):
        return lzma.open(packed)
    if name.endswith((".gz", ".tgz")):
        return gzip.open(packed)
    return packed.open("rb") if isinstance(packed, Path) else packed


def _plain(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".xz")


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise InvalidResult(f"larger than {MAX_FILE_BYTES:,} bytes", source=name)
    return data


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _position(entry: Source | Refusal) -> str:
    return entry.name if isinstance(entry, Source) else entry.where


def _unreadable(error: Exception, name: str) -> InvalidResult:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InvalidResult(f"cannot be read: {reason or type(error).__name__}", source=name)
