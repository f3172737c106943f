"""Read the results of other tools: one module for each foreign format, listed once in `ADAPTERS`.

An adapter is a module with the four names of `Adapter`; how to write one is told in ``docs/how-to/new-adapter.md``.
This module finds the right one, and finds results in files, folders and archives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

import msgspec

from perfgate.errors import InvalidResult, UnknownFormat
from perfgate.results import result_file
from perfgate.results.formats.asv import reader as asv
from perfgate.results.formats.github_action_benchmark import reader as github_action_benchmark
from perfgate.results.formats.json_constants import decode
from perfgate.results.formats.pytest_benchmark import reader as pytest_benchmark
from perfgate.results.formats.sources import Source, opened, read_file
from perfgate.results.formats.untrusted_text import NO_COMMIT, printable, shortened
from perfgate.results.records import Refusal, Run

__all__ = ["ADAPTERS", "NO_COMMIT", "Adapter", "Found", "find_results", "read_results", "read_run"]


_ANYTHING = msgspec.json.Decoder(msgspec.Raw)


class Adapter(Protocol):
    """What a module that reads a foreign format offers."""

    @property
    def FILE_NAME(self) -> re.Pattern[str]:  # noqa: N802 - a module's constant
        """Matches the names that the tool gives its results: such a file that cannot be read is listed as refused."""

    def recognise(self, data: bytes) -> bool:
        """Tell quickly whether *data* looks like one run in this format."""

    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:
        """Read one run, or raise `InvalidResult`."""


ADAPTERS: tuple[Adapter, ...] = (pytest_benchmark, asv, github_action_benchmark)
"""All adapters, the cheapest to recognise first."""


class Found(NamedTuple):
    """One run's source, as found in a tree; `read_run` takes it."""

    name: str
    """Path inside the tree, for messages and as `read_run`'s name."""
    data: bytes
    """Exactly what `read_run` accepts again."""
    context: bytes | None
    """Content of asv's ``benchmarks.json`` without the source code; None where there is none."""
    key: str
    """Identity of the source, the same in every later import: other data under this key replaces the older."""
    position: int
    """Bytes of the tree up to and including this run."""
    total: int
    """Bytes of the whole tree."""


def read_run(data: bytes, *, name: str, context: bytes | None = None) -> Run:
    """Read one run in any known format.

    Args:
        data: A whole result file, unpacked, or what `find_results` found.
        name: Its name, used in errors and, for old asv files, as the name of machine and environment.
        context: Content of asv's ``benchmarks.json``; other formats ignore it.

    Raises:
        UnknownFormat: No adapter recognises it. A retry cannot help.
        InvalidResult: It is malformed; knows the path of the offending field. A retry cannot help.
    """
    if result_file.recognise(data):
        return result_file.read(data, source=name)
    for adapter in ADAPTERS:
        if adapter.recognise(data):
            return adapter.read(data, name=name, context=context)
    raise UnknownFormat(_why_unknown(data), source=name)


def read_results(path: Path) -> Run:
    """Read the one run in a file, ``.json``, ``.json.gz`` or ``.json.xz``.

    An asv file gets the ``benchmarks.json`` beside it or one folder above it.

    Raises:
        UnknownFormat: No adapter recognises it. A retry cannot help.
        InvalidResult: It cannot be read; knows the path of the offending field. A retry cannot help.
    """
    with opened(path) as sources:
        if len(sources) != 1 or not isinstance(sources[0], Source) or path.is_dir():
            raise UnknownFormat("a folder or an archive, not one result: name a file in it", source=str(path))
        data = sources[0].read()
    return read_run(data, name=sources[0].name, context=_context_near(path) if asv.recognise(data) else None)


def find_results(path: Path) -> Iterator[Found | Refusal]:
    """Find every run in *path*, one at a time, in the order of names.

    Args:
        path: A folder that holds asv result trees, pytest-benchmark storage or any result files at any depth; a tar
            archive of one (plain, ``.gz``, ``.xz``); a ``data.js``; or one result file.

    Yields:
        What `read_run` can be tried on, or the refusal of what ought to be a result but is none. Other files, such
        as asv's ``machine.json``, are passed over.

    Raises:
        InvalidResult: *path* itself cannot be opened. A retry cannot help.
    """
    with opened(path) as sources:
        alone = not path.is_dir() and len(sources) == 1
        total = sum(source.size for source in sources if isinstance(source, Source))
        contexts: dict[str, bytes | None] = {"": _context_near(path)} if alone else {}
        yield from _read_contexts(sources, contexts)
        position = 0
        keys: set[str] = set()
        for source in sources:
            if isinstance(source, Refusal):
                yield source
                continue
            position += source.size
            if not alone and not _is_candidate(source.name):
                continue
            for found in _found_in(source, contexts, expected=alone):
                if isinstance(found, Refusal):
                    yield found
                    continue
                key, data, context = found
                key = key if key not in keys else f"{key} in {source.name}"
                keys.add(key)
                yield Found(source.name, data, context, key, position, total)


def _is_candidate(name: str) -> bool:
    file = PurePosixPath(name).name
    return file.endswith((".json", "data.js")) and file not in {asv.CONTEXT_NAME, "machine.json"}


def _found_in(
    source: Source, contexts: dict[str, bytes | None], *, expected: bool
) -> Iterator[tuple[str, bytes, bytes | None] | Refusal]:
    """Return key, data and context of each run in *source*, or why there is none although one is *expected*."""
    path = PurePosixPath(source.name)
    try:
        data = source.read()
        if github_action_benchmark.recognise_history(data):
            for run in github_action_benchmark.split(data, name=source.name):
                yield run if isinstance(run, Refusal) else (f"data.js:{run[0]}", run[1], None)
            return
    except InvalidResult as error:
        yield Refusal(where=source.name, reason=shortened(error.reason))
        return
    if not result_file.recognise(data) and asv.recognise(data):
        # The machine's folder and the file's name, wherever the tree lies: as asv itself identifies a result.
        yield f"asv:{path.parent.name}/{path.name}", data, _context_of(path, contexts)
    elif result_file.recognise(data) or any(adapter.recognise(data) for adapter in ADAPTERS):
        yield source.name.rpartition(".benchmarks/")[2], data, None
    elif expected or any(adapter.FILE_NAME.match(path.name) for adapter in ADAPTERS):
        yield Refusal(where=source.name, reason=_why_unknown(data))


def _why_unknown(data: bytes) -> str:
    """Return why no adapter takes *data*."""
    if github_action_benchmark.recognise_history(data):
        return "a data.js holds the runs of many commits: import it with import_results"
    try:
        decode(data, _ANYTHING, source="")
    except InvalidResult as error:
        return shortened(f"not JSON: {error.reason}")
    return "JSON, but no result of perfgate, asv or pytest-benchmark: hand over a result file of one of these"


def _read_contexts(sources: list[Source | Refusal], contexts: dict[str, bytes | None]) -> Iterator[Refusal]:
    """Put the content of each ``benchmarks.json`` under its folder's name."""
    for source in sources:
        if isinstance(source, Source) and PurePosixPath(source.name).name == asv.CONTEXT_NAME:
            try:
                contexts[PurePosixPath(source.name).parent.as_posix()] = asv.slim(source.read(), name=source.name)
            except InvalidResult as error:
                yield Refusal(where=source.name, reason=shortened(error.reason))


def _context_of(path: PurePosixPath, contexts: dict[str, bytes | None]) -> bytes | None:
    """Return the context one folder above a result or beside it, else the one for a file handed over alone."""
    for folder in (path.parent.parent, path.parent):
        if folder.as_posix() in contexts:
            return contexts[folder.as_posix()]
    return contexts.get("")


def _context_near(path: Path) -> bytes | None:
    """Return the ``benchmarks.json`` above or beside the file *path*, if there is a sound one."""
    here = path.resolve().parent
    for folder in (here.parent, here):
        near = folder / asv.CONTEXT_NAME
        if near.is_file():
            try:
                return asv.slim(read_file(near), name=printable(str(near)))
            except InvalidResult:
                continue
    return None
