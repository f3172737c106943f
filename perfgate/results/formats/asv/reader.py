"""Read asv's result files: ``results/<machine>/<commit>-<environment>.json``, versions 1 and 2.

The unit of a value and the names of its parameters are only in ``results/benchmarks.json`` of the newest run, which is
the *context* here. A benchmark without an entry there is read by the naming conventions of asv.

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

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.asv.documents import (
    Axes,
    BenchmarkEntry,
    Entries,
    ResultHead,
    ResultRow,
    decode_context,
    decode_results,
)
from perfgate.results.formats.files import check_sample_count
from perfgate.results.formats.json_constants import Number, all_finite, call_count, finite
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

_BY_TYPE = {"time": TIME, "memory": MEMORY, "peakmemory": PEAK_MEMORY, "track": Metric(name="track", unit="")}
_BY_PREFIX = {"time": "time", "timeraw": "time", "mem": "memory", "peakmem": "peakmemory", "track": "track"}
_PREFIX = re.compile(r"(time|timeraw|mem|peakmem|track)(?:_|(?=[A-Z]))", re.IGNORECASE)
_UNITS = {"seconds": "s", "bytes": "B"}
_NO_ENTRY = BenchmarkEntry()

_FAILED = "asv recorded null: the benchmark raised an error or ran out of time"
_SKIPPED = "asv recorded NaN: the benchmark was skipped for these parameters"


def read(data: bytes, *, name: str, context: bytes | None = None) -> Run:
    """Read one result file.

    Args:
        data: The whole file.
        name: ``<machine>/<commit>-<environment>.json`` as far as known; it supplies what old files lack.
        context: Content of ``benchmarks.json``, complete or as `documents.read_context` returns it.

    Returns:
        One sample for each value. A row that cannot be read is listed in `Run.refused`; the others are kept.

    Raises:
        InvalidResult: No asv result file, or one without a valid commit. A retry cannot help.
    """
    refused: list[Refusal] = []
    head, rows = decode_results(data, name, refused)
    untrusted_text.check_sha(head.commit_hash, path="$.commit_hash", source=name)
    check_sample_count(sum(len(row.result) for row in rows.values() if isinstance(row.result, list)), source=name)
    entries = decode_context(context, refused)
    samples: list[Sample] = []
    for benchmark, row in rows.items():
        try:
            samples += _samples(benchmark, row, entries)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(f"{name}: $.results[{benchmark!r}]", error))
    started = [row.started_at for row in rows.values() if row.started_at is not None]
    return Run(
        suite="asv",
        tool=f"asv, result format {1 if head.result_columns is None else 2}",
        commit=Commit(sha=head.commit_hash, committed_at=untrusted_text.time_of_milliseconds(head.date)),
        environment=_environment(head, PurePosixPath(name)),
        started_at=untrusted_text.time_of_milliseconds(min(started, default=None)),
        samples=tuple(samples),
        refused=tuple(refused),
    )


def _samples(name: str, row: ResultRow, entries: Entries) -> Iterator[Sample]:
    """Yield one sample for each value of *row*."""
    found = entries.get(name)
    entry = found if isinstance(found, BenchmarkEntry) else _NO_ENTRY
    metric = _metric(name, entry.type, entry.unit)
    title, version = untrusted_text.name(name), untrusted_text.name(row.version, limit=200) if row.version else ""
    values = row.result if isinstance(row.result, list) else [row.result]
    combinations = _combinations(row.params or (), entry.param_names, values)
    for index, (value, parameters) in enumerate(zip(values, combinations, strict=True)):
        benchmark = Benchmark(name=title, parameters=parameters, version=version)
        yield _sample(benchmark, metric, value, row, index)


def _sample(benchmark: Benchmark, metric: Metric, value: Number, row: ResultRow, index: int) -> Sample:
    level = finite(value)
    if level is None:
        return _sample_without_value(benchmark, metric, value)
    raw = row.samples[index] if row.samples is not None and index < len(row.samples) else None
    measurements = all_finite(raw) if raw else ()
    return Sample(
        benchmark=benchmark,
        metric=metric,
        value=level,
        low=_at(row.stats_ci_99_a, index),
        high=_at(row.stats_ci_99_b, index),
        rounds=(measurements,) if measurements else (),
        calls=call_count(_at(row.stats_number, index)),
        statistics=_statistics(row, index),
    )


def _sample_without_value(benchmark: Benchmark, metric: Metric, value: Number) -> Sample:
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
    """Return what a benchmark measures. If neither entry nor name tells the direction, lower is better."""
    if kind not in _BY_TYPE:
        prefix = _PREFIX.match(benchmark.rpartition(".")[2])
        kind = _BY_PREFIX[prefix[1].lower()] if prefix else "track"
    metric = _BY_TYPE[kind]
    unit = _UNITS.get(unit, unit) or metric.unit
    return metric if unit == metric.unit else Metric(name=metric.name, unit=untrusted_text.name(unit, limit=100))


def _combinations(axes: Axes, names: Sequence[str], values: Sequence[Number]) -> Iterator[dict[str, str]]:
    """Yield the parameters of each value, as many as there are values.

    A single null for several combinations means that all failed; it gets no parameters. Values after the last
    combination get their position as a parameter.
    """
    if not axes:
        return _numbered((), len(values))
    count = math.prod(len(axis) for axis in axes)
    if len(values) == 1 and count != 1:
        return iter([{}])
    keys = _parameter_names(names, len(axes))
    distinct = [_distinct(axis) for axis in axes]
    combinations = [
        dict(zip(keys, combination, strict=True))
        for combination in itertools.islice(itertools.product(*distinct), len(values))
    ]
    return _numbered(combinations, len(values))


def _parameter_names(names: Sequence[str], count: int) -> list[str]:
    """Return *names* if they are *count* different names, else ``param1``, ``param2`` and so on."""
    if len(set(names)) != count or "" in names:
        return [f"param{number}" for number in range(1, count + 1)]
    return [untrusted_text.name(name) for name in names]


def _numbered(combinations: Sequence[dict[str, str]], count: int) -> Iterator[dict[str, str]]:
    yield from combinations
    for position in range(len(combinations), count):
        yield {} if count == 1 else {"position": str(position)}


def _distinct(axis: Sequence[str]) -> list[str]:
    """Return the values of one parameter as distinct texts, so that no two combinations become one benchmark."""
    shown = [untrusted_text.as_text(value) for value in axis]
    if len(set(shown)) == len(shown):
        return shown
    return [f"{value} ({number})" for number, value in enumerate(shown)]


def _at(column: Sequence[Number] | None, index: int) -> float | None:
    return finite(column[index]) if column is not None and index < len(column) else None


def _statistics(row: ResultRow, index: int) -> dict[str, float]:
    statistics = {}
    for key, column in (("q_25", row.stats_q_25), ("q_75", row.stats_q_75), ("repeat", row.stats_repeat)):
        number = _at(column, index)
        if number is not None:
            statistics[key] = number
    return statistics


def _environment(head: ResultHead, path: PurePosixPath) -> Environment:
    """Return machine and environment; the oldest files have the environment only in the file's name."""
    params = head.params
    machine = untrusted_text.as_text(params.get("machine") or path.parent.name or "unknown")
    setting = head.env_name or path.name.partition("-")[2].removesuffix(".json")
    facts = {
        "machine": machine,
        "cpu": params.get("cpu"),
        "cpu_count": params.get("num_cpu"),
        "arch": params.get("arch"),
        "memory": params.get("ram"),
        "os": params.get("os"),
        "python": head.python or params.get("python"),
        "dependencies": _joined(head.requirements, "=="),
        "environment_variables": _joined(head.env_vars, "="),
    }
    return Environment(
        name=untrusted_text.name(f"{machine}/{setting}" if setting else machine, path="$.env_name"),
        fields={key: untrusted_text.as_text(value) for key, value in facts.items() if value not in (None, "")},
    )


def _joined(entries: dict[str, Any], sign: str) -> str:
    return ", ".join(
        f"{key}{sign}{untrusted_text.as_text(value)}" if value not in (None, "") else key
        for key, value in sorted(entries.items())
    )
