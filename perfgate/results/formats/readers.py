"""Read one run, in whichever format it is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from perfgate.errors import UnknownFormat
from perfgate.results.formats.contexts import context_near
from perfgate.results.formats.files import UnreadFile, open_files
from perfgate.results.formats.interface import Format
from perfgate.results.formats.registry import explain_unrecognized, recognize
from perfgate.results.records import Run


class UploadedRun(NamedTuple):
    """One run that was uploaded as a file of its own."""

    run: Run
    context: bytes | None
    """What `read_run` needs beside the file to read it again; None if nothing."""
    identity: str
    """Stable identity of the source: later data with the same identity replace the older. Empty: nothing is replaced."""


def read_run(data: bytes, *, name: str, context: bytes | None = None) -> Run:
    """Read one run in any known format.

    Args:
        data: A whole result file, decompressed, or the data of a `FoundRun`.
        name: Its name, for error messages and for facts that a tool keeps only there.
        context: The context of a `FoundRun` or an `UploadedRun`; formats that need none ignore it.

    Raises:
        UnknownFormat: No format recognizes it. A retry cannot help.
        InvalidResult: It is malformed; knows the path of the offending field. A retry cannot help.
    """
    return _format_of(data, name).read(data, name=name, context=context)


def read_results(path: Path) -> Run:
    """Read the one run in a file, plain or compressed (``.gz``, ``.xz``).

    If the format needs a context file, it is taken from the file's folder or the folder above.

    Raises:
        UnknownFormat: No format recognizes it. A retry cannot help.
        InvalidResult: It cannot be read; knows the path of the offending field. A retry cannot help.
    """
    with open_files(path) as files:
        if len(files) != 1 or not isinstance(files[0], UnreadFile) or path.is_dir():
            raise UnknownFormat("a folder or an archive, not one result: name a file in it", source=str(path))
        name, data = files[0].name, files[0].read()
    format_ = _format_of(data, name)
    return format_.read(data, name=name, context=context_near(path, format_))


def read_upload(data: bytes, *, name: str, context: bytes | None = None) -> UploadedRun:
    """Read one run that was uploaded as a file of its own.

    Args:
        data: The whole file.
        name: Its name, with or without a folder.
        context: The whole context file that was uploaded with it, if any.

    Raises:
        UnknownFormat: No format recognizes it. A retry cannot help.
        InvalidResult: It or its context is malformed; knows the path of the offending field. A retry cannot help.
    """
    format_ = _format_of(data, name)
    needed = format_.read_context(context, name="context") if context and format_.context_name else None
    run = format_.read(data, name=name, context=needed)
    return UploadedRun(run, needed, format_.upload_identity(name, run))


def _format_of(data: bytes, name: str) -> Format:
    found = recognize(data)
    if found is None:
        raise UnknownFormat(explain_unrecognized(data), source=name)
    return found
