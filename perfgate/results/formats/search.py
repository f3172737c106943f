"""Find runs in a file, a folder or an archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from perfgate.errors import InvalidResult
from perfgate.results.formats.contexts import Contexts
from perfgate.results.formats.files import UnreadFile, open_files
from perfgate.results.formats.interface import Format, Part
from perfgate.results.formats.registry import all_formats, explain_unrecognized, recognize
from perfgate.results.formats.untrusted_text import shortened
from perfgate.results.records import Refusal


class FoundRun(NamedTuple):
    """A run that a search found and that `read_run` can read."""

    name: str
    """Path of its file in the searched folder or archive."""
    data: bytes
    """Input for `read_run`."""
    context: bytes | None
    """Input for `read_run`; None if the format needs no context or there is none."""
    identity: str
    """Stable identity of the source, the same in every later search: other data with this identity replace the older."""
    position: int
    """Bytes of the search up to the end of this run's file."""
    total: int
    """Bytes of the whole search."""


def find_results(path: Path) -> Iterator[FoundRun | Refusal]:
    """Find every run in *path*, one at a time, in the order of file names.

    Args:
        path: A result file; a folder that holds results of any format at any depth; or a tar archive of such a folder,
            plain or compressed (``.gz``, ``.xz``).

    Yields:
        A run that `read_run` can try to read; or the refusal of a file, or a part of it, that should be a result and
        cannot be read. Other files are ignored.

    Raises:
        InvalidResult: *path* itself cannot be opened. A retry cannot help.
    """
    with open_files(path) as files:
        is_single_file = not path.is_dir() and len(files) == 1
        contexts = Contexts()
        if is_single_file:
            contexts.add_near(path)
        yield from contexts.read(files)
        total = sum(file.size for file in files if isinstance(file, UnreadFile))
        position = 0
        identities: set[str] = set()
        for file in files:
            if isinstance(file, Refusal):
                yield file
                continue
            position += file.size
            for found in _parts(file, is_single_file=is_single_file):
                if isinstance(found, Refusal):
                    yield found
                    continue
                format_, part = found
                # Two trees in one folder may hold results with one identity: the later one is told apart by its path.
                is_taken = part.identity in identities
                identity = f"{part.identity} in {file.name}" if is_taken else part.identity
                identities.add(identity)
                context = contexts.find(format_, file.name)
                yield FoundRun(file.name, part.data, context, identity, position, total)


def _parts(file: UnreadFile, *, is_single_file: bool) -> Iterator[tuple[Format, Part] | Refusal]:
    """Yield the runs of one file with their format, or why there is none in a file that should hold some."""
    formats = all_formats() if is_single_file else _formats_to_ask(PurePosixPath(file.name).name)
    if not formats:
        return
    try:
        data = file.read()
        format_ = recognize(data, formats)
        if format_ is not None:
            for part in format_.split(data, name=file.name):
                yield part if isinstance(part, Refusal) else (format_, part)
            return
    except InvalidResult as error:
        yield Refusal(where=file.name, reason=shortened(error.reason))
        return
    if is_single_file or any(format_.is_result_name(PurePosixPath(file.name).name) for format_ in formats):
        yield Refusal(where=file.name, reason=explain_unrecognized(data))


def _formats_to_ask(file_name: str) -> tuple[Format, ...]:
    """Return the formats whose results may have this file name; none for a companion of results."""
    formats = all_formats()
    if any(file_name in format_.companions for format_ in formats):
        return ()
    return tuple(format_ for format_ in formats if format_.is_candidate(file_name))
