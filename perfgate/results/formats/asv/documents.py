"""Decode asv's result files, versions 1 and 2, into one row for each benchmark.

    version 1   ``results[name]`` is a number, null, or ``{"result": [...], "params": ..., "stats": [{...}]}``
    version 2   ``results[name]`` is a row of the columns named in ``result_columns``, cut after its last value

One result has a value for each combination of parameters, the last parameter varying fastest: a number, ``null`` if the
benchmark failed, ``NaN`` if it was skipped. A whole result of ``null`` is one failed sample.

Source: asv 0.6 ``asv/results.py`` and asv 0.4 of the same file.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.json_constants import Number, decode, finite
from perfgate.results.records import Refusal

CONTEXT_NAME = "benchmarks.json"

Axes = tuple[tuple[str, ...], ...]
"""The values of each parameter."""


class ResultHead(msgspec.Struct, kw_only=True, gc=False):
    """Everything in a result file but the results."""

    commit_hash: str
    params: dict[str, Any] = {}
    requirements: dict[str, Any] = {}
    env_vars: dict[str, Any] = {}
    env_name: str = ""
    python: str = ""
    date: float | None = None
    """Commit time in milliseconds since 1970 UTC."""
    result_columns: tuple[str, ...] | None = None
    """None in version 1."""
    benchmark_version: dict[str, Any] = {}
    started_at: msgspec.Raw = msgspec.Raw(b"{}")


class ResultRow(msgspec.Struct, array_like=True, gc=False):
    """The result of one benchmark: a row of version 2, in the order of columns that every asv so far writes."""

    result: list[Number] | Number = None
    params: Axes | None = None
    version: str | None = None
    started_at: float | None = None
    duration: msgspec.Raw = msgspec.Raw(b"null")
    stats_ci_99_a: list[Number] | None = None
    stats_ci_99_b: list[Number] | None = None
    stats_q_25: list[Number] | None = None
    stats_q_75: list[Number] | None = None
    stats_number: list[Number] | None = None
    stats_repeat: list[Number] | None = None
    samples: list[list[Number] | None] | None = None


class _StrictResultFile(ResultHead, kw_only=True, gc=False):
    """Version 2 with the usual columns and without errors: decoded in one step."""

    results: dict[str, ResultRow]


class _LooseResultFile(ResultHead, kw_only=True, gc=False):
    """Any other result file."""

    results: msgspec.Raw


class _VersionOneStats(msgspec.Struct, gc=False):
    ci_99: tuple[Number, Number] = (None, None)
    q_25: Number = None
    q_75: Number = None
    number: Number = None
    repeat: Number = None


class _VersionOneResult(msgspec.Struct, gc=False):
    """One benchmark of version 1 that has parameters or statistics."""

    result: list[Number] | Number
    params: Axes | None = None
    stats: list[_VersionOneStats | None] | None = None
    samples: list[list[Number] | None] | None = None


class BenchmarkEntry(msgspec.Struct):
    """The entry of one benchmark in ``benchmarks.json``."""

    type: str = ""
    unit: str = ""
    param_names: tuple[str, ...] = ()


Entries = dict[str, BenchmarkEntry | int]
"""``benchmarks.json``: benchmark name to entry. The key ``version`` has a number."""

COLUMNS = ResultRow.__struct_fields__
_STRICT = msgspec.json.Decoder(_StrictResultFile)
_LOOSE = msgspec.json.Decoder(_LooseResultFile)
_ROW = msgspec.json.Decoder(ResultRow)
_ANY_ROW = msgspec.json.Decoder(list[msgspec.Raw])
_VERSION_ONE = msgspec.json.Decoder(_VersionOneResult | Number)
_RAW_RESULTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENTRIES = msgspec.json.Decoder(Entries)
_STARTS = msgspec.json.Decoder(dict[str, Number])


def decode_results(data: bytes, name: str, refused: list[Refusal]) -> tuple[ResultHead, dict[str, ResultRow]]:
    """Return the head and the rows of a result file of any version, by benchmark.

    Args:
        data: The whole file.
        name: Its name, for error messages.
        refused: Gets the refusal of each row that cannot be decoded.

    Raises:
        InvalidResult: It is no asv result file. A retry cannot help.
    """
    try:
        strict = decode(data, _STRICT, source=name)
    except InvalidResult:
        pass  # version 1, or a row is malformed: each row is decoded separately below
    else:
        if (strict.result_columns or ())[: len(COLUMNS)] == COLUMNS:
            return strict, strict.results
    loose = decode(data, _LOOSE, source=name)
    starts = _start_times(loose)
    rows = {}
    for benchmark, raw in decode(loose.results, _RAW_RESULTS, source=name).items():
        try:
            rows[benchmark] = _row(loose, raw, benchmark, starts)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(f"{name}: $.results[{benchmark!r}]", error))
    return loose, rows


def _row(head: ResultHead, raw: msgspec.Raw, benchmark: str, starts: dict[str, Number]) -> ResultRow:
    if head.result_columns is not None:
        raws = decode(raw, _ANY_ROW, source="")
        cells = dict(zip(head.result_columns, raws, strict=False))
        ordered = b",".join(bytes(cells.get(column, msgspec.Raw(b"null"))) for column in COLUMNS)
        return decode(b"[" + ordered + b"]", _ROW, source="")
    row = _row_of_version_one(decode(raw, _VERSION_ONE, source=""))
    version = head.benchmark_version.get(benchmark)
    row.version = version if isinstance(version, str) else None
    row.started_at = finite(starts.get(benchmark))
    return row


def _start_times(head: ResultHead) -> dict[str, Number]:
    """Return the start of each benchmark in version 1. Early files have one number for all, which is not used."""
    try:
        return decode(head.started_at, _STARTS, source="")
    except InvalidResult:
        return {}


def _row_of_version_one(result: _VersionOneResult | Number) -> ResultRow:
    if not isinstance(result, _VersionOneResult):
        return ResultRow(result=result)
    row = ResultRow(result=result.result, params=result.params, samples=result.samples)
    if result.stats is not None:
        all_stats = [stats or _VersionOneStats() for stats in result.stats]
        row.stats_ci_99_a = [stats.ci_99[0] for stats in all_stats]
        row.stats_ci_99_b = [stats.ci_99[1] for stats in all_stats]
        for field in ("q_25", "q_75", "number", "repeat"):
            setattr(row, f"stats_{field}", [getattr(stats, field) for stats in all_stats])
    return row


def read_context(context: bytes, *, name: str) -> bytes:
    """Return the content of ``benchmarks.json`` without source code and everything else that reading does not need.

    Raises:
        InvalidResult: It is no ``benchmarks.json``. A retry cannot help.
    """
    return msgspec.json.encode(decode(context, _ENTRIES, source=name))


def decode_context(context: bytes | None, refused: list[Refusal]) -> Entries:
    """Return the entries of ``benchmarks.json``; none if there is no such file, or if it is malformed (then refused)."""
    try:
        return _cached_entries(context) if context else {}
    except InvalidResult as error:
        refused.append(Refusal(where=CONTEXT_NAME, reason=untrusted_text.shortened(str(error))))
        return {}


@lru_cache(maxsize=4)
def _cached_entries(context: bytes) -> Entries:
    """Return the entries of ``benchmarks.json``; cached because thousands of results share one."""
    return decode(context, _ENTRIES, source=CONTEXT_NAME)
