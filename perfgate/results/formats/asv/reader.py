"""Read asv's result files: ``results/<machine>/<commit>-<environment>.json``, versions 1 and 2.

What a value measures (its unit, the names of its parameters) stands only in ``results/benchmarks.json`` of the newest
run, which is the *context* here; benchmarks that it no longer knows are read by the conventions of their names.

    version 1   ``results[name]`` is a number, null, or ``{"result": [...], "params": ..., "stats": [{...}]}``
    version 2   ``results[name]`` is a row of the columns named in ``result_columns``, cut after its last value

One result holds a value for each combination of parameters, the last parameter varying fastest: a number, ``null``
where the benchmark failed, ``NaN`` where it was skipped. A whole result of ``null`` is one failed sample.

Source: asv 0.6 ``asv/results.py`` and asv 0.4 of the same file.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.json_constants import Number, all_finite, calls, decode, finite
from perfgate.results.formats.sources import check_samples
from perfgate.results.records import (
    MEMORY,
    PEAK_MEMORY,
    TIME,
    Benchmark,
    Commit,
    Environment,
    Metric,
    Refusal,
    Run,
    Sample,
    SampleState,
)

FILE_NAME = re.compile(r"[0-9a-f]{8}-.+\.json\Z")
"""How asv names its results; a file so named that is none is worth a refusal."""

CONTEXT_NAME = "benchmarks.json"

_BY_TYPE = {"time": TIME, "memory": MEMORY, "peakmemory": PEAK_MEMORY, "track": Metric(name="track", unit="")}
_BY_PREFIX = {"time": "time", "timeraw": "time", "mem": "memory", "peakmem": "peakmemory", "track": "track"}
_PREFIX = re.compile(r"(time|timeraw|mem|peakmem|track)(?:_|(?=[A-Z]))", re.IGNORECASE)
_UNITS = {"seconds": "s", "bytes": "B"}

_FAILED = "asv recorded null: the benchmark raised an error or ran out of time"
_SKIPPED = "asv recorded NaN: the benchmark was skipped for these parameters"

Axes = tuple[tuple[str, ...], ...]


class _Head(msgspec.Struct, kw_only=True, gc=False):
    commit_hash: str
    params: dict[str, Any] = {}
    requirements: dict[str, Any] = {}
    env_vars: dict[str, Any] = {}
    env_name: str = ""
    python: str = ""
    date: float | None = None
    result_columns: tuple[str, ...] | None = None
    benchmark_version: dict[str, Any] = {}
    started_at: msgspec.Raw = msgspec.Raw(b"{}")


class _Row(msgspec.Struct, array_like=True, gc=False):
    """One benchmark's row, in the order in which every asv so far has written version 2."""

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


class _Document(_Head, kw_only=True, gc=False):
    """Version 2 in the usual order of columns, all of it sound: decoded in one go."""

    results: dict[str, _Row]


class _LooseDocument(_Head, kw_only=True, gc=False):
    """Anything else."""

    results: msgspec.Raw


class _Stats(msgspec.Struct, gc=False):
    ci_99: tuple[Number, Number] = (None, None)
    q_25: Number = None
    q_75: Number = None
    number: Number = None
    repeat: Number = None


class _Result(msgspec.Struct, gc=False):
    """One benchmark of version 1 that has parameters or statistics."""

    result: list[Number] | Number
    params: Axes | None = None
    stats: list[_Stats | None] | None = None
    samples: list[list[Number] | None] | None = None


class _Known(msgspec.Struct):
    """What ``benchmarks.json`` tells of one benchmark."""

    type: str = ""
    unit: str = ""
    param_names: tuple[str, ...] = ()


_COLUMNS = _Row.__struct_fields__
_DOCUMENT = msgspec.json.Decoder(_Document)
_LOOSE_DOCUMENT = msgspec.json.Decoder(_LooseDocument)
_ROW = msgspec.json.Decoder(_Row)
_ANY_ROW = msgspec.json.Decoder(list[msgspec.Raw])
_RESULT = msgspec.json.Decoder(_Result | Number)
_RAW_RESULTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CONTEXT = msgspec.json.Decoder(dict[str, _Known | int])
_STARTS = msgspec.json.Decoder(dict[str, Number])


def recognise(data: bytes) -> bool:
    """Tell whether *data* looks like an asv result file."""
    return b'"commit_hash"' in data and b'"results"' in data


def read(data: bytes, *, name: str, context: bytes | None = None) -> Run:
    """Read one result file.

    Args:
        data: The whole file.
        name: ``<machine>/<commit>-<environment>.json`` as far as known; names what old files leave out.
        context: Content of ``benchmarks.json``, as it is or as `slim` made it.

    Returns:
        One sample for each value. A row that cannot be read is listed in `Run.refused`, the others are kept.

    Raises:
        InvalidResult: No asv result file, or one without a proper commit. A retry cannot help.
    """
    refused: list[Refusal] = []
    document, rows = _document(data, name, refused)
    if not untrusted_text.is_sha(document.commit_hash):
        raise InvalidResult(
            f"a commit hash has 7 to 64 hexadecimal digits, got {untrusted_text.shortened(document.commit_hash, 100)!r}",
            path="$.commit_hash",
            source=name,
        )
    check_samples(sum(len(row.result) for row in rows.values() if isinstance(row.result, list)), source=name)
    known = _known(context, refused)
    samples: list[Sample] = []
    for benchmark, row in rows.items():
        try:
            samples += _samples(benchmark, row, known)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(f"{name}: $.results[{benchmark!r}]", error))
    started = [row.started_at for row in rows.values() if row.started_at is not None]
    return Run(
        suite="asv",
        tool=f"asv, result format {1 if document.result_columns is None else 2}",
        commit=Commit(sha=document.commit_hash, committed_at=untrusted_text.moment(document.date)),
        environment=_environment(document, PurePosixPath(name)),
        started_at=untrusted_text.moment(min(started, default=None)),
        samples=tuple(samples),
        refused=tuple(refused),
    )


def slim(context: bytes, *, name: str) -> bytes:
    """Return *context* without the source code and the rest that reading does not need.

    Raises:
        InvalidResult: It is no ``benchmarks.json``. A retry cannot help.
    """
    known = decode(context, _CONTEXT, source=name)
    return msgspec.json.encode(known)


def _known(context: bytes | None, refused: list[Refusal]) -> dict[str, _Known | int]:
    try:
        return _decoded_context(context) if context else {}
    except InvalidResult as error:
        refused.append(Refusal(where=CONTEXT_NAME, reason=untrusted_text.shortened(str(error))))
        return {}


@lru_cache(maxsize=4)
def _decoded_context(context: bytes) -> dict[str, _Known | int]:
    """Decode a context once for the thousands of files that share it."""
    return decode(context, _CONTEXT, source=CONTEXT_NAME)


def _document(data: bytes, name: str, refused: list[Refusal]) -> tuple[_Head, dict[str, _Row]]:
    """Return the document, and benchmark to row, whatever the version; what is no row is refused by itself."""
    try:
        document = decode(data, _DOCUMENT, source=name)
    except InvalidResult:
        pass  # version 1, or one row is at fault: below, each is decoded alone
    else:
        if (document.result_columns or ())[: len(_COLUMNS)] == _COLUMNS:
            return document, document.results
    loose = decode(data, _LOOSE_DOCUMENT, source=name)
    starts = _started_at(loose)
    rows = {}
    for benchmark, raw in decode(loose.results, _RAW_RESULTS, source=name).items():
        try:
            rows[benchmark] = _row(loose, raw, benchmark, starts)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(f"{name}: $.results[{benchmark!r}]", error))
    return loose, rows


def _row(document: _Head, raw: msgspec.Raw, benchmark: str, starts: dict[str, Number]) -> _Row:
    if document.result_columns is not None:
        raws = decode(raw, _ANY_ROW, source="")
        cells = dict(zip(document.result_columns, raws, strict=False))
        ordered = b",".join(bytes(cells.get(column, msgspec.Raw(b"null"))) for column in _COLUMNS)
        return decode(b"[" + ordered + b"]", _ROW, source="")
    row = _upgraded(decode(raw, _RESULT, source=""))
    version = document.benchmark_version.get(benchmark)
    row.version = version if isinstance(version, str) else None
    row.started_at = finite(starts.get(benchmark))
    return row


def _started_at(document: _Head) -> dict[str, Number]:
    """Return the start of each benchmark in version 1; early files gave one number for all, which tells less."""
    try:
        return decode(document.started_at, _STARTS, source="")
    except InvalidResult:
        return {}


def _upgraded(result: _Result | Number) -> _Row:
    """Return a result of version 1 as a row of version 2."""
    if not isinstance(result, _Result):
        return _Row(result=result)
    row = _Row(result=result.result, params=result.params, samples=result.samples)
    if result.stats is not None:
        stats = [one or _Stats() for one in result.stats]
        row.stats_ci_99_a = [one.ci_99[0] for one in stats]
        row.stats_ci_99_b = [one.ci_99[1] for one in stats]
        row.stats_q_25 = [one.q_25 for one in stats]
        row.stats_q_75 = [one.q_75 for one in stats]
        row.stats_number = [one.number for one in stats]
        row.stats_repeat = [one.repeat for one in stats]
    return row


def _samples(benchmark: str, row: _Row, known: dict[str, _Known | int]) -> Iterator[Sample]:
    """Return one sample for each value of *row*."""
    entry = known.get(benchmark)
    described = entry if isinstance(entry, _Known) else _NOT_DESCRIBED
    metric = _metric(benchmark, described.type, described.unit)
    title, version = untrusted_text.name(benchmark), untrusted_text.name(row.version, limit=200) if row.version else ""
    values = row.result if isinstance(row.result, list) else [row.result]
    combinations = _combinations(row.params or (), described.param_names, values)
    for index, (value, parameters) in enumerate(zip(values, combinations, strict=True)):
        measured = Benchmark(name=title, parameters=parameters, version=version)
        level = finite(value)
        if level is None:
            yield _unmeasured(measured, metric, value)
            continue
        raw = row.samples[index] if row.samples is not None and index < len(row.samples) else None
        measurements = all_finite(raw) if raw else ()
        yield Sample(
            benchmark=measured,
            metric=metric,
            value=level,
            low=_at(row.stats_ci_99_a, index),
            high=_at(row.stats_ci_99_b, index),
            rounds=(measurements,) if measurements else (),
            calls=calls(_at(row.stats_number, index)),
            statistics=_statistics(row, index),
        )


_NOT_DESCRIBED = _Known()


def _unmeasured(benchmark: Benchmark, metric: Metric, value: Number) -> Sample:
    if value == "NaN":
        return Sample(benchmark=benchmark, metric=metric, state=SampleState.SKIPPED, reason=_SKIPPED)
    reason = (
        _FAILED
        if value is None
        else f"asv recorded {untrusted_text.shortened(str(value), 100)}, which is no finite number"
    )
    return Sample(benchmark=benchmark, metric=metric, state=SampleState.FAILED, reason=reason)


@lru_cache(maxsize=4096)
def _metric(benchmark: str, kind: str, unit: str) -> Metric:
    """Return what a benchmark measures; where nothing else is known, lower is taken to be better."""
    if kind not in _BY_TYPE:
        prefix = _PREFIX.match(benchmark.rpartition(".")[2])
        kind = _BY_PREFIX[prefix[1].lower()] if prefix else "track"
    metric = _BY_TYPE[kind]
    unit = _UNITS.get(unit, unit) or metric.unit
    return metric if unit == metric.unit else Metric(name=metric.name, unit=untrusted_text.name(unit, limit=100))


def _combinations(axes: Axes, names: Sequence[str], values: Sequence[Number]) -> Iterator[dict[str, str]]:
    """Return the parameters of each value, as many as there are values.

    A lone null stands for all combinations at once and has the parameters of none of them, unless there is but one.
    Values beyond the last combination are told apart by their position.
    """
    if not axes:
        return _numbered((), len(values))
    count = math.prod(len(axis) for axis in axes)
    if len(values) == 1 and count != 1:
        return iter([{}])
    if len(set(names)) != len(axes) or "" in names:
        names = [f"param{number}" for number in range(1, len(axes) + 1)]
    keys = [untrusted_text.name(one) for one in names]
    distinct = [_distinct(axis) for axis in axes]
    combinations = [
        dict(zip(keys, combination, strict=True))
        for combination in itertools.islice(itertools.product(*distinct), len(values))
    ]
    return _numbered(combinations, len(values))


def _numbered(combinations: Sequence[dict[str, str]], count: int) -> Iterator[dict[str, str]]:
    yield from combinations
    for position in range(len(combinations), count):
        yield {} if count == 1 else {"position": str(position)}


def _distinct(axis: Sequence[str]) -> list[str]:
    """Return the values of one parameter as distinct texts, so that no two combinations are the same benchmark."""
    shown = [untrusted_text.as_text(value) for value in axis]
    if len(set(shown)) == len(shown):
        return shown
    return [f"{value} ({number})" for number, value in enumerate(shown)]


def _at(column: Sequence[Number] | None, index: int) -> float | None:
    return finite(column[index]) if column is not None and index < len(column) else None


def _statistics(row: _Row, index: int) -> dict[str, float]:
    statistics = {}
    for key, column in (("q_25", row.stats_q_25), ("q_75", row.stats_q_75), ("repeat", row.stats_repeat)):
        number = _at(column, index)
        if number is not None:
            statistics[key] = number
    return statistics


def _environment(document: _Head, path: PurePosixPath) -> Environment:
    """Return machine and environment; the oldest files name the environment only in the file's name."""
    params = document.params
    machine = untrusted_text.as_text(params.get("machine") or path.parent.name or "unknown")
    setting = document.env_name or path.name.partition("-")[2].removesuffix(".json")
    facts = {
        "machine": machine,
        "cpu": params.get("cpu"),
        "cpu_count": params.get("num_cpu"),
        "arch": params.get("arch"),
        "memory": params.get("ram"),
        "os": params.get("os"),
        "python": document.python or params.get("python"),
        "dependencies": _listed(document.requirements, "=="),
        "environment_variables": _listed(document.env_vars, "="),
    }
    return Environment(
        name=untrusted_text.name(f"{machine}/{setting}" if setting else machine, path="$.env_name"),
        fields={key: untrusted_text.as_text(value) for key, value in facts.items() if value not in (None, "")},
    )


def _listed(entries: dict[str, Any], sign: str) -> str:
    return ", ".join(
        f"{key}{sign}{untrusted_text.as_text(value)}" if value not in (None, "") else key
        for key, value in sorted(entries.items())
    )
