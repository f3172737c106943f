"""Read pytest-benchmark's JSON, as ``--benchmark-json``, ``--benchmark-save`` and ``--benchmark-autosave`` write it.

Read are the files of 2.5 to 5.3. One file is one session: one process, so its measurements are one round. A test that
failed while it was measured is not in the file at all; one that failed afterwards is, and nothing marks it.

    2.5   no ``param``, ``params``, ``extra_info``, ``ops``; a commit without its time
    3.0   ``stats.data`` (the measurements, seconds per call) with ``--benchmark-json`` and ``--benchmark-save-data``
    3.1   ``param`` and ``params``, ``commit_info.branch`` and ``time``
    5.0   ``datetime`` with its zone; values that are no JSON as ``UNSERIALIZABLE[...]``

Source: pytest-benchmark ``src/pytest_benchmark/session.py``, ``stats.py`` and ``utils.py``.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.json_constants import Number, calls, decode, finite
from perfgate.results.formats.sources import check_samples
from perfgate.results.records import CPU_TIME, TIME, Benchmark, Commit, Environment, Refusal, Run, Sample, SampleState

FILE_NAME = re.compile(r"\d{4}_.+\.json\Z")
"""How pytest-benchmark names its saved sessions; a file so named that is none is worth a refusal."""

_STATISTICS = ("min", "max", "mean", "stddev", "q1", "q3", "iqr", "rounds", "total")
_CPU_TIMERS = frozenset({"process_time", "process_time_ns", "thread_time", "thread_time_ns", "clock"})
_UNSERIALIZABLE = "UNSERIALIZABLE["
_WINDOW = 65_536
"""Bytes at either end of a file that hold ``machine_info``: the measurements between them may be many megabytes."""


class _Summary(msgspec.Struct, gc=False):
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


class _Stats(_Summary, gc=False):
    data: tuple[float, ...] | None = None


class _LooseStats(_Summary, gc=False):
    data: tuple[Number, ...] | None = None


class _Test(msgspec.Struct, gc=False):
    fullname: str
    param: Any = None
    params: dict[str, Any] | None = None
    options: dict[str, Any] = {}


class _Benchmark(_Test, gc=False):
    stats: _Stats | None = None


class _LooseBenchmark(_Test, gc=False):
    stats: _LooseStats | None = None


class _Head(msgspec.Struct, kw_only=True, gc=False):
    machine_info: dict[str, Any] = {}
    commit_info: dict[str, Any] | None = None
    version: str = ""
    datetime: Any = None


class _Document(_Head, kw_only=True, gc=False):
    """A file of which all is sound: decoded in one go."""

    benchmarks: list[_Benchmark]


class _LooseDocument(_Head, kw_only=True, gc=False):
    """Any other."""

    benchmarks: list[msgspec.Raw]


_DOCUMENT = msgspec.json.Decoder(_Document)
_LOOSE_DOCUMENT = msgspec.json.Decoder(_LooseDocument)
_LOOSE_BENCHMARK = msgspec.json.Decoder(_LooseBenchmark)


def recognise(data: bytes) -> bool:
    """Tell whether *data* looks like pytest-benchmark's JSON."""
    return b'"machine_info"' in data[:_WINDOW] or b'"machine_info"' in data[-_WINDOW:]


def read(data: bytes, *, name: str, context: bytes | None = None) -> Run:  # noqa: ARG001 - every adapter takes it
    """Read one session.

    Args:
        data: The whole file.
        name: Name to put into errors.
        context: Not used; these files stand alone.

    Returns:
        One sample for each benchmark; its value is the median. A benchmark that cannot be read is listed in
        `Run.refused`. A session outside version control has the commit `perfgate.results.formats.untrusted_text.NO_COMMIT`.

    Raises:
        InvalidResult: No pytest-benchmark JSON. A retry cannot help.
    """
    refused: list[Refusal] = []
    document, entries = _document(data, name, refused)
    check_samples(len(entries), source=name)
    samples = {
        index: _sample(entries[index], benchmark) for index, benchmark in _identified(entries, name, refused).items()
    }
    return Run(
        suite="pytest-benchmark",
        tool=f"pytest-benchmark {untrusted_text.shortened(document.version, 100)}".rstrip(),
        commit=_commit(document.commit_info or {}),
        environment=_environment(document.machine_info),
        started_at=untrusted_text.iso_moment(document.datetime),
        samples=tuple(_first_of_each(samples, name, refused)),
        refused=tuple(refused),
    )


def _document(data: bytes, name: str, refused: list[Refusal]) -> tuple[_Head, dict[int, _Benchmark]]:
    """Decode all benchmarks at once, or one by one where one of them is at fault; keep their positions."""
    try:
        document = decode(data, _DOCUMENT, source=name)
    except InvalidResult:
        loose = decode(data, _LOOSE_DOCUMENT, source=name)
    else:
        return document, dict(enumerate(document.benchmarks))
    entries = {}
    for index, raw in enumerate(loose.benchmarks):
        where = f"{name}: $.benchmarks[{index}]"
        try:
            entries[index] = _sound_part(raw, where, refused)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(where, error))
    return loose, entries


def _sound_part(raw: msgspec.Raw, where: str, refused: list[Refusal]) -> _Benchmark:
    """Decode one benchmark; of its measurements, keep the numbers (people cut files by hand to make them small)."""
    loose = decode(raw, _LOOSE_BENCHMARK, source="")
    facts = {field: getattr(loose, field) for field in _Test.__struct_fields__}
    if loose.stats is None:
        return _Benchmark(**facts)
    data = loose.stats.data or ()
    numbers = tuple([number for number in data if type(number) is float])
    if len(numbers) != len(data):
        reason = f"of {len(data)} measurements, {len(numbers)} are numbers; these are kept"
        refused.append(Refusal(where=untrusted_text.shortened(f"{where}.stats.data"), reason=reason))
    summary = {field: getattr(loose.stats, field) for field in _Summary.__struct_fields__}
    return _Benchmark(**facts, stats=_Stats(**summary, data=numbers))


def _identified(entries: dict[int, _Benchmark], name: str, refused: list[Refusal]) -> dict[int, Benchmark]:
    """Return what each entry measured: name and parameters where these tell all apart, else the full name."""
    identities = {}
    for index, entry in entries.items():
        try:
            identities[index] = _identity(entry)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(f"{name}: $.benchmarks[{index}].fullname", error))
    uses = Counter(identity.label for identity in identities.values())
    return {
        index: identity if uses[identity.label] == 1 else Benchmark(name=_fullname(entries[index]))
        for index, identity in identities.items()
    }


def _identity(entry: _Benchmark) -> Benchmark:
    """Return name and parameters: the values, or pytest's own id where a value is an object without a text."""
    fullname = _fullname(entry)
    if entry.param is None:
        return Benchmark(name=fullname)
    identifier = entry.param if isinstance(entry.param, str) else untrusted_text.as_text(entry.param)
    bare = fullname.removesuffix(f"[{untrusted_text.stable(identifier)}]")
    values = {untrusted_text.name(key): untrusted_text.as_text(value) for key, value in (entry.params or {}).items()}
    if bare in (fullname, ""):
        return Benchmark(name=fullname)
    if not values or any(value.startswith(_UNSERIALIZABLE) for value in values.values()):
        values = {"param": untrusted_text.as_text(identifier)}
    return Benchmark(name=bare, parameters=values)


def _fullname(entry: _Benchmark) -> str:
    """Return the full name; pytest before 4 put ``()`` between a class and its test."""
    return untrusted_text.name(entry.fullname.replace("::()::", "::"))


def _first_of_each(samples: dict[int, Sample], name: str, refused: list[Refusal]) -> list[Sample]:
    """Return the first sample of each benchmark; the same test listed again has no identity of its own."""
    kept: dict[str, Sample] = {}
    for index, sample in samples.items():
        if kept.setdefault(sample.benchmark.label, sample) is not sample:
            reason = f"{sample.benchmark.label!r} is in this file twice; the first is kept"
            where = f"{name}: $.benchmarks[{index}]"
            refused.append(Refusal(where=untrusted_text.shortened(where), reason=untrusted_text.shortened(reason)))
    return list(kept.values())


def _sample(entry: _Benchmark, benchmark: Benchmark) -> Sample:
    metric = CPU_TIME if str(entry.options.get("timer")).rpartition(".")[2] in _CPU_TIMERS else TIME
    stats = entry.stats or _Stats()
    level = finite(stats.median)
    if level is None:
        reason = f"pytest-benchmark gave no finite median but {stats.median!r}"
        return Sample(
            benchmark=benchmark, metric=metric, state=SampleState.FAILED, reason=untrusted_text.shortened(reason)
        )
    return Sample(
        benchmark=benchmark,
        metric=metric,
        value=level,
        rounds=(stats.data,) if stats.data else (),
        calls=calls(finite(stats.iterations)),
        statistics={key: number for key in _STATISTICS if (number := finite(getattr(stats, key))) is not None},
    )


def _commit(info: dict[str, Any]) -> Commit:
    return Commit(
        sha=info["id"] if untrusted_text.is_sha(info.get("id")) else untrusted_text.NO_COMMIT,
        committed_at=untrusted_text.iso_moment(info.get("time")),
        branch=_branch(info.get("branch")),
        dirty=info.get("dirty") is True,
    )


def _branch(branch: object) -> str:
    """Return the branch; ``(detached head)`` and ``(unknown)`` are none."""
    if not isinstance(branch, str) or not branch or branch.startswith("("):
        return ""
    return untrusted_text.name(branch, path="$.commit_info.branch", limit=255)


def _environment(info: dict[str, Any]) -> Environment:
    """Return the environment under pytest-benchmark's own machine id, for example ``Linux-CPython-3.11-64bit``."""
    cpu = info.get("cpu")
    cpu = cpu if isinstance(cpu, dict) else {}
    system, implementation = info.get("system"), info.get("python_implementation")
    version = str(info.get("python_version") or "")
    bits = cpu.get("bits") or (64 if "64" in str(info.get("machine")) else 32)
    known = [str(part) for part in (system, implementation, ".".join(version.split(".")[:2])) if part]
    facts = {
        "machine": info.get("node"),
        "cpu": cpu.get("brand_raw") or cpu.get("brand"),
        "cpu_count": cpu.get("count"),
        "arch": info.get("machine"),
        "os": " ".join(str(part) for part in (system, info.get("release")) if part),
        "python": version if implementation in (None, "CPython") else f"{implementation} {version}",
    }
    return Environment(
        name=untrusted_text.name("-".join([*known, f"{bits}bit"]), path="$.machine_info") if known else "unknown",
        fields={key: untrusted_text.as_text(value) for key, value in facts.items() if value not in (None, "")},
    )
