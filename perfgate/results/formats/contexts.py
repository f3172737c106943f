"""Context files: what some results need beside themselves to be read, found by folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from perfgate.errors import InvalidResult
from perfgate.results.formats.files import UnreadFile, read_file
from perfgate.results.formats.interface import Format
from perfgate.results.formats.registry import all_formats
from perfgate.results.formats.untrusted_text import printable, shortened
from perfgate.results.records import Refusal


class Contexts:
    """The context files of one search, each under its format and its folder."""

    def __init__(self) -> None:
        self._contents: dict[tuple[str, str | None], bytes] = {}

    def add_near(self, path: Path) -> None:
        """Add the context files near a single file; they serve results whose own folders have none."""
        for format_ in all_formats():
            content = context_near(path, format_)
            if content is not None:
                self._contents[format_.title, None] = content

    def read(self, files: Sequence[UnreadFile | Refusal]) -> Iterator[Refusal]:
        """Read the context files among *files*; yield the refusal of each that is malformed."""
        formats = {format_.context_name: format_ for format_ in all_formats() if format_.context_name}
        for file in files:
            if isinstance(file, Refusal) or (path := PurePosixPath(file.name)).name not in formats:
                continue
            format_ = formats[path.name]
            try:
                content = format_.read_context(file.read(), name=file.name)
            except InvalidResult as error:
                yield Refusal(where=file.name, reason=shortened(error.reason))
            else:
                self._contents[format_.title, path.parent.as_posix()] = content

    def find(self, format_: Format, name: str) -> bytes | None:
        """Return the context of the result called *name*: from the parent of its folder, its folder, or near the search."""
        path = PurePosixPath(name)
        folders = (path.parent.parent.as_posix(), path.parent.as_posix(), None)
        return next(
            (self._contents[format_.title, folder] for folder in folders if (format_.title, folder) in self._contents),
            None,
        )


def context_near(path: Path, format_: Format) -> bytes | None:
    """Return the context of the result file *path*, from the parent of its folder or from its folder.

    None if the format needs no context, or if neither folder has a well-formed one.
    """
    if not format_.context_name:
        return None
    folder = path.resolve().parent
    for context in (folder.parent / format_.context_name, folder / format_.context_name):
        if context.is_file():
            try:
                return format_.read_context(read_file(context), name=printable(str(context)))
            except InvalidResult:
                continue
    return None
