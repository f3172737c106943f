"""perfgate's own result file: write it, read it, validate it.

Format history (``tests/data/perfgate/`` has one real file of each version):

    1   the first: ``{"perfgate_result": 1, "run": {...}}``, `run` as in `perfgate.results.records.Run`
    2   `run.exempt` names benchmarks that are not gated, whether or not they have samples; in version 1 they had none,
        which means the same. New: `run.assumptions` and `run.shards`

Numbers are written with the fewest digits that read back to the same float. A reader of version N reads all earlier
versions too, and refuses later ones with that reason.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec

from perfgate.errors import InvalidResult, UnknownFormat
from perfgate.results.limits import PATTERN_DESCRIPTIONS
from perfgate.results.records import Record, Run

VERSION = 2

MAX_NESTING = 100
"""Deepest nesting of brackets in a document that can be read; real results have less than ten levels."""


class _Version(msgspec.Struct):
    perfgate_result: int


class _ResultFile(Record, frozen=True):
    perfgate_result: int
    run: Run


_REGEX = re.compile(r"^Expected `str` matching regex (?P<pattern>'.*'|\".*\")$", re.DOTALL)
_AT_PATH = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)


def write(run: Run) -> bytes:
    """Return the result file of *run*: one line of UTF-8 JSON, ended by a newline."""
    return msgspec.json.encode(_ResultFile(perfgate_result=VERSION, run=run)) + b"\n"


def save(run: Run, path: Path) -> None:
    """Write the result file of *run* to *path*, atomically."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(write(run))
    unfinished.replace(path)


def recognizes(data: bytes) -> bool:
    """Return whether *data* claims to be a perfgate result file, of any version."""
    return b'"perfgate_result"' in data[:200]


def read(data: bytes, *, source: str = "") -> Run:
    """Read a result file.

    Args:
        data: The whole file.
        source: Name for error messages.

    Raises:
        UnknownFormat: It is no perfgate result file, or one of a later version. A retry cannot help.
        InvalidResult: It is malformed; knows the path of the first offending field. A retry cannot help.
    """
    try:
        version = msgspec.json.decode(data, type=_Version).perfgate_result
    except msgspec.ValidationError as error:
        raise UnknownFormat("no perfgate result file: it has no number 'perfgate_result'", source=source) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise translate_error(error, source=source) from error
    if not 1 <= version <= VERSION:
        raise UnknownFormat(
            f"result file version {version} is not known to this perfgate, which reads 1 to {VERSION}: upgrade perfgate",
            path="$.perfgate_result",
            source=source,
        )
    try:
        return msgspec.json.decode(data, type=_ResultFile).run
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise translate_error(error, source=source) from error


def translate_error(error: Exception, *, source: str) -> InvalidResult:
    """Return the `InvalidResult` for an error of a decoder, with the path of the offending field."""
    if isinstance(error, RecursionError):
        return InvalidResult(f"nested deeper than {MAX_NESTING} levels", source=source)
    match = _AT_PATH.match(str(error))
    assert match is not None
    reason = _REGEX.sub(lambda regex: _in_words(regex[1]), match["reason"])
    return InvalidResult(reason, path=match["path"] or "$", source=source)


def _in_words(regex: str) -> str:
    pattern = ast.literal_eval(regex)
    return f"Expected {PATTERN_DESCRIPTIONS.get(pattern, f'text matching {pattern}')}"
