"""Decode pytest-benchmark's JSON, benchmark by benchmark where one of them is malformed.

    2.5   no ``param``, ``params``, ``extra_info``, ``ops``; a commit without its time
    3.0   ``stats.data`` (the measurements, seconds per call) with ``--benchmark-json`` and ``--benchmark-save-data``
    3.1   ``param`` and ``params``, ``commit_info.branch`` and ``time``
    5.0   ``datetime`` with its zone; values that are no JSON as ``UNSERIALIZABLE[...]``

Source: pytest-benchmark ``src/pytest_benchmark/session.py``, ``stats.py`` and ``utils.py``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.json_constants import Number, decode
from perfgate.results.records import Refusal


class BenchmarkSummary(msgspec.Struct, gc=False):
    """What pytest-benchmark computed of one test, in seconds per call."""

    median: Number = None
    min: Number = None
    max: Number = None
    mean: Number = None
    stddev: Number = None
    q1: Number = None
    q3: Number = None
    iqr: Number = None
    rounds: Number = None
    total: Number = None
    iterations: Number = None


class BenchmarkStats(BenchmarkSummary, gc=False):
    """The summary and the measurements of one test."""

    data: tuple[float, ...] | None = None


class _LooseBenchmarkStats(BenchmarkSummary, gc=False):
    data: tuple[Number, ...] | None = None


class BenchmarkFacts(msgspec.Struct, gc=False):
    """What one test is."""

    fullname: str
    param: Any = None
    params: dict[str, Any] | None = None
    options: dict[str, Any] = {}
    extra_info: Any = None


class SessionEntry(BenchmarkFacts, gc=False):
    """One test and its measurements."""

    stats: BenchmarkStats | None = None


class _LooseSessionEntry(BenchmarkFacts, gc=False):
    stats: _LooseBenchmarkStats | None = None


class SessionHead(msgspec.Struct, kw_only=True, gc=False):
    """Everything in a file but the tests."""

    machine_info: dict[str, Any] = {}
    commit_info: dict[str, Any] | None = None
    version: str = ""
    datetime: Any = None


class _StrictSession(SessionHead, kw_only=True, gc=False):
    """A file without errors: decoded in one step."""

    benchmarks: list[SessionEntry]


class _LooseSession(SessionHead, kw_only=True, gc=False):
    """Any other file."""

    benchmarks: list[msgspec.Raw]


_STRICT = msgspec.json.Decoder(_StrictSession)
_LOOSE = msgspec.json.Decoder(_LooseSession)
_LOOSE_ENTRY = msgspec.json.Decoder(_LooseSessionEntry)


def decode_session(data: bytes, name: str, refused: list[Refusal]) -> tuple[SessionHead, dict[int, SessionEntry]]:
    """Return the head and the tests of a file, by position.

    Args:
        data: The whole file.
        name: Its name, for error messages.
        refused: Gets the refusal of each test, or of its measurements, that cannot be decoded.

    Raises:
        InvalidResult: It is no pytest-benchmark JSON. A retry cannot help.
    """
    try:
        session = decode(data, _STRICT, source=name)
    except InvalidResult:
        loose = decode(data, _LOOSE, source=name)
    else:
        return session, dict(enumerate(session.benchmarks))
    entries = {}
    for index, raw in enumerate(loose.benchmarks):
        where = f"{name}: $.benchmarks[{index}]"
        try:
            entries[index] = _decode_entry(raw, where, refused)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(where, error))
    return loose, entries


def _decode_entry(raw: msgspec.Raw, where: str, refused: list[Refusal]) -> SessionEntry:
    """Decode one test and keep those of its measurements that are numbers: people shorten files by hand."""
    loose = decode(raw, _LOOSE_ENTRY, source="")
    facts = {field: getattr(loose, field) for field in BenchmarkFacts.__struct_fields__}
    if loose.stats is None:
        return SessionEntry(**facts)
    data = loose.stats.data or ()
    numbers = tuple([number for number in data if type(number) is float])
    if len(numbers) != len(data):
        reason = f"of {len(data)} measurements, {len(numbers)} are numbers; these are kept"
        refused.append(Refusal(where=untrusted_text.shortened(f"{where}.stats.data"), reason=reason))
    summary = {field: getattr(loose.stats, field) for field in BenchmarkSummary.__struct_fields__}
    return SessionEntry(**facts, stats=BenchmarkStats(**summary, data=numbers))
