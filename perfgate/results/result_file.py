"""perfgate's own JSON: write, read, validate, upgrade.

Format history (one real file of each version stands in ``tests/data/perfgate/``):

    1   the first: ``{"perfgate_result": 1, "run": {...}}``, `run` as in `perfgate.results.records.Run`
    2   `run.exempt` names benchmarks that are not gated, whether or not they have samples; in version 1 they had none,
        which means the same. New: `run.assumptions` and `run.shards`

Numbers are written with the fewest digits that read back to the same float. A reader of version N also reads all
versions before it; a file of a later version is refused with that reason.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec

from perfgate.errors import InvalidResult, UnknownFormat
from perfgate.results.records import PATTERNS_IN_WORDS, Record, Run

VERSION = 2

MAX_NESTING = 100
"""Deepest nesting of brackets that a foreign document may have; real results stay below ten."""


class _Header(msgspec.Struct):
    perfgate_result: int


class _Document(Record, frozen=True):
    perfgate_result: int
    run: Run


_REGEX = re.compile(r"^Expected `str` matching regex (?P<pattern>'.*'|\".*\")$", re.DOTALL)
_AT_PATH = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)


def write(run: Run) -> bytes:
    """Return the result file of *run*: one line of UTF-8 JSON, ended by a newline."""
    return msgspec.json.encode(_Document(perfgate_result=VERSION, run=run)) + b"\n"


def save(run: Run, path: Path) -> None:
    """Write the result file of *run* to *path*, whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(write(run))
    unfinished.replace(path)


def recognise(data: bytes) -> bool:
    """Tell whether *data* claims to be a perfgate result file, of whatever version."""
    return b'"perfgate_result"' in data[:200]


def read(data: bytes, *, source: str = "") -> Run:
    """Read a result file.

    Args:
        data: The whole file.
        source: Name to put into errors.

    Raises:
        UnknownFormat: It is no perfgate result file, or one of a later version.
        InvalidResult: It is one, but malformed; knows the path of the first offending field.
    """
    try:
        version = msgspec.json.decode(data, type=_Header).perfgate_result
    except msgspec.ValidationError as error:
        raise UnknownFormat("no perfgate result file: it has no number 'perfgate_result'", source=source) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, source=source) from error
    if not 1 <= version <= VERSION:
        raise UnknownFormat(
            f"result file version {version} is not known to this perfgate, which reads 1 to {VERSION}: upgrade perfgate",
            path="$.perfgate_result",
            source=source,
        )
    try:
        return msgspec.json.decode(data, type=_Document).run
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, source=source) from error


def malformed(error: Exception, *, source: str) -> InvalidResult:
    """Translate a decoder's error into ours, keeping the path of the offending field."""
    if isinstance(error, RecursionError):
        return InvalidResult(f"nested deeper than {MAX_NESTING} levels", source=source)
    match = _AT_PATH.match(str(error))
    assert match is not None
    reason = _REGEX.sub(lambda regex: _in_words(regex[1]), match["reason"])
    return InvalidResult(reason, path=match["path"] or "$", source=source)


def _in_words(regex: str) -> str:
    pattern = ast.literal_eval(regex)
    return f"Expected {PATTERNS_IN_WORDS.get(pattern, f'text matching {pattern}')}"
