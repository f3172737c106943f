"""Read pytest-benchmark's JSON, as ``--benchmark-json``, ``--benchmark-save`` and ``--benchmark-autosave`` write it.

Supported are the files of versions 2.5 to 5.3. One file is one session: one process, so its measurements are one round.
A test that failed while it was measured is not in the file. A test that failed afterwards is, and nothing marks it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from perfgate.errors import InvalidResult
from perfgate.results import metrics
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.files import check_sample_count
from perfgate.results.formats.json_constants import call_count, finite
from perfgate.results.formats.pytest_benchmark.documents import BenchmarkStats, SessionEntry, decode_session
from perfgate.results.records import (
    CPU_TIME,
    TIME,
    Benchmark,
    Commit,
    Environment,
    Refusal,
    Run,
    Sample,
    SampleState,
)

_STATISTICS = ("min", "max", "mean", "stddev", "q1", "q3", "iqr", "rounds", "total")
_CPU_TIMERS = frozenset({"process_time", "process_time_ns", "thread_time", "thread_time_ns", "clock"})
_UNSERIALIZABLE = "UNSERIALIZABLE["


def read(data: bytes, *, name: str) -> Run:
    """Read one session.

    Args:
        data: The whole file.
        name: Its name, for error messages.

    Returns:
        One sample for each benchmark; its value is the median. One more for each number in ``extra_info``. A benchmark that cannot be read is listed in
        `Run.refused`. The commit of a session outside version control is `untrusted_text.NO_COMMIT`.

    Raises:
        InvalidResult: No pytest-benchmark JSON. A retry cannot help.
    """
    refused: list[Refusal] = []
    head, entries = decode_session(data, name, refused)
    check_sample_count(len(entries), source=name)
    benchmarks = _benchmarks(entries, name, refused)
    samples = {index: _sample(entries[index], benchmark) for index, benchmark in benchmarks.items()}
    kept = _without_duplicates(samples, name, refused)
    extra = [sample for index in kept for sample in _extra_samples(entries[index], benchmarks[index])]
    check_sample_count(len(kept) + len(extra), source=name)
    return Run(
        suite="pytest-benchmark",
        tool=f"pytest-benchmark {untrusted_text.shortened(head.version, 100)}".rstrip(),
        commit=_commit(head.commit_info or {}),
        environment=_environment(head.machine_info),
        started_at=untrusted_text.time_of_iso(head.datetime),
        samples=(*kept.values(), *extra),
        refused=tuple(refused),
    )


def _benchmarks(entries: dict[int, SessionEntry], name: str, refused: list[Refusal]) -> dict[int, Benchmark]:
    """Return the benchmark of each entry: name and parameters if they are unique in the file, else the full name."""
    found = {}
    for index, entry in entries.items():
        try:
            found[index] = _benchmark(entry)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(f"{name}: $.benchmarks[{index}].fullname", error))
    uses = Counter(benchmark.label for benchmark in found.values())
    return {
        index: benchmark if uses[benchmark.label] == 1 else Benchmark(name=_fullname(entries[index]))
        for index, benchmark in found.items()
    }


def _benchmark(entry: SessionEntry) -> Benchmark:
    """Return name and parameters; the only parameter is pytest's own id if a value is an object without a text."""
    fullname = _fullname(entry)
    if entry.param is None:
        return Benchmark(name=fullname)
    identifier = entry.param if isinstance(entry.param, str) else untrusted_text.as_text(entry.param)
    bare = fullname.removesuffix(f"[{untrusted_text.without_addresses(identifier)}]")
    values = {untrusted_text.name(key): untrusted_text.as_text(value) for key, value in (entry.params or {}).items()}
    if bare in (fullname, ""):
        return Benchmark(name=fullname)
    if not values or any(value.startswith(_UNSERIALIZABLE) for value in values.values()):
        values = {"param": untrusted_text.as_text(identifier)}
    return Benchmark(name=bare, parameters=values)


def _fullname(entry: SessionEntry) -> str:
    """Return the full name; pytest before version 4 put ``()`` between a class and its test."""
    return untrusted_text.name(entry.fullname.replace("::()::", "::"))


def _without_duplicates(samples: dict[int, Sample], name: str, refused: list[Refusal]) -> dict[int, Sample]:
    """Return the first sample of each benchmark, and refuse the others."""
    first: dict[str, int] = {}
    for index, sample in samples.items():
        if first.setdefault(sample.benchmark.label, index) != index:
            reason = f"{sample.benchmark.label!r} is in this file twice; the first is kept"
            where = f"{name}: $.benchmarks[{index}]"
            refused.append(Refusal(where=untrusted_text.shortened(where), reason=untrusted_text.shortened(reason)))
    return {index: samples[index] for index in first.values()}


def _extra_samples(entry: SessionEntry, benchmark: Benchmark) -> Iterator[Sample]:
    """Yield one sample for each number in ``benchmark.extra_info``; its unit, and which way is better, are unknown."""
    for key, value in entry.extra_info.items() if isinstance(entry.extra_info, dict) else ():
        metric = metrics.extra_info(key)
        if metric is not None and type(value) in (int, float) and abs(value) <= sys.float_info.max:
            yield Sample(benchmark=benchmark, metric=metric, value=float(value), rounds=((float(value),),))


def _sample(entry: SessionEntry, benchmark: Benchmark) -> Sample:
    metric = CPU_TIME if str(entry.options.get("timer")).rpartition(".")[2] in _CPU_TIMERS else TIME
    stats = entry.stats or BenchmarkStats()
    level = finite(stats.median)
    if level is None:
        reason = untrusted_text.shortened(f"pytest-benchmark gave no finite median but {stats.median!r}")
        return Sample(benchmark=benchmark, metric=metric, state=SampleState.FAILED, reason=reason)
    return Sample(
        benchmark=benchmark,
        metric=metric,
        value=level,
        rounds=(stats.data,) if stats.data else (),
        calls=call_count(finite(stats.iterations)),
        statistics={key: number for key in _STATISTICS if (number := finite(getattr(stats, key))) is not None},
    )


def _commit(info: dict[str, Any]) -> Commit:
    return Commit(
        sha=info["id"] if untrusted_text.is_sha(info.get("id")) else untrusted_text.NO_COMMIT,
        committed_at=untrusted_text.time_of_iso(info.get("time")),
        branch=_branch(info.get("branch")),
        dirty=info.get("dirty") is True,
    )


def _branch(branch: object) -> str:
    """Return the branch; ``(detached head)`` and ``(unknown)`` are none."""
    if not isinstance(branch, str) or not branch or branch.startswith("("):
        return ""
    return untrusted_text.name(branch, path="$.commit_info.branch", limit=255)


def _environment(info: dict[str, Any]) -> Environment:
    """Return the environment, named by pytest-benchmark's own machine id, for example ``Linux-CPython-3.11-64bit``."""
    cpu = info.get("cpu")
    cpu = cpu if isinstance(cpu, dict) else {}
    system, implementation = info.get("system"), info.get("python_implementation")
    version = str(info.get("python_version") or "")
    facts = {
        "machine": info.get("node"),
        "cpu": cpu.get("brand_raw") or cpu.get("brand"),
        "cpu_count": cpu.get("count"),
        "arch": info.get("machine"),
        "os": _joined(" ", system, info.get("release")),
        "python": version if implementation in (None, "CPython") else f"{implementation} {version}",
    }
    known = _joined("-", system, implementation, ".".join(version.split(".")[:2]))
    bits = cpu.get("bits") or (64 if "64" in str(info.get("machine")) else 32)
    return Environment(
        name=untrusted_text.name(f"{known}-{bits}bit", path="$.machine_info") if known else "unknown",
        fields={key: untrusted_text.as_text(value) for key, value in facts.items() if value not in (None, "")},
    )


def _joined(separator: str, *parts: object) -> str:
    return separator.join(str(part) for part in parts if part)
