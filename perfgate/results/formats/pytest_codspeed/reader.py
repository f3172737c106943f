"""Read the JSON that pytest-codspeed writes in walltime mode.

Supported are the files of versions 3.0 to 5.0. One file is one session: one process. It has no measurements, only what was
computed from them, in nanoseconds: per call since version 3.2, before that per round of ``iter_per_round`` calls. It names
neither the commit nor the machine. In its other modes pytest-codspeed itself measures nothing.

Source: pytest-codspeed ``instruments/walltime.py``, ``plugin.py`` and ``utils.py``.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.files import check_sample_count
from perfgate.results.formats.json_constants import Number, call_count, decode, finite
from perfgate.results.records import WALL_TIME, Benchmark, Commit, Environment, Refusal, Run, Sample, SampleState

_NANOSECONDS = 1e-9
_STATISTICS = {"min_ns": "min", "max_ns": "max", "mean_ns": "mean", "stdev_ns": "stddev", "q1_ns": "q1", "q3_ns": "q3"}
_PER_CALL_SINCE = (3, 2)

_WRITTEN_AT = re.compile(r"results_(\d{13})\.json\Z")
"""Name of a file, with the milliseconds since 1970 at which it was written."""


class _Stats(msgspec.Struct):
    """What was computed of one benchmark."""

    median_ns: Number = None
    min_ns: Number = None
    max_ns: Number = None
    mean_ns: Number = None
    stdev_ns: Number = None
    q1_ns: Number = None
    q3_ns: Number = None
    rounds: Number = None
    iter_per_round: Number = None


class _Entry(msgspec.Struct):
    """One benchmark."""

    uri: str
    stats: _Stats


class _Creator(msgspec.Struct):
    version: str = ""


class _Python(msgspec.Struct):
    sysconfig: dict[str, Any] = {}


class _Instrument(msgspec.Struct):
    type: str = ""


class _Session(msgspec.Struct):
    """One file."""

    creator: _Creator
    instrument: _Instrument
    python: _Python = msgspec.field(default_factory=_Python)
    benchmarks: list[msgspec.Raw] | None = None


_SESSION = msgspec.json.Decoder(_Session)
_ENTRY = msgspec.json.Decoder(_Entry)


def read(data: bytes, *, name: str) -> Run:
    """Read one session.

    Args:
        data: The whole file.
        name: Its name, which says when it was written.

    Returns:
        One sample for each benchmark; its value is the median. A benchmark that cannot be read is listed in
        `Run.refused`. The commit is `untrusted_text.NO_COMMIT`.

    Raises:
        InvalidResult: No JSON of pytest-codspeed, or not of its walltime mode. A retry cannot help.
    """
    session = decode(data, _SESSION, source=name)
    if session.instrument.type != "walltime" or session.benchmarks is None:
        mode = untrusted_text.shortened(session.instrument.type, 100)
        reason = f"pytest-codspeed measures times in its walltime mode only, and this file is of the mode {mode!r}"
        raise InvalidResult(f"{reason}: run it with --codspeed-mode walltime", source=name)
    check_sample_count(len(session.benchmarks), source=name)
    refused: list[Refusal] = []
    samples: dict[str, Sample] = {}
    for index, raw in enumerate(session.benchmarks):
        where = f"{name}: $.benchmarks[{index}]"
        try:
            sample = _sample(decode(raw, _ENTRY, source=""), is_per_call=_is_per_call(session.creator.version))
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(where, error))
            continue
        if samples.setdefault(sample.benchmark.label, sample) is not sample:
            reason = f"{sample.benchmark.label!r} is in this file twice; the first is kept"
            refused.append(Refusal(where=untrusted_text.shortened(where), reason=untrusted_text.shortened(reason)))
    written = _WRITTEN_AT.search(name)
    return Run(
        suite="pytest-codspeed",
        tool=f"pytest-codspeed {untrusted_text.shortened(session.creator.version, 100)}".rstrip(),
        commit=Commit(sha=untrusted_text.NO_COMMIT),
        environment=_environment(session.python.sysconfig),
        started_at=untrusted_text.time_of_milliseconds(float(written[1])) if written else None,
        samples=tuple(samples.values()),
        refused=tuple(refused),
    )


def _sample(entry: _Entry, *, is_per_call: bool) -> Sample:
    benchmark = Benchmark(name=untrusted_text.name(entry.uri))
    calls = call_count(finite(entry.stats.iter_per_round))
    scale = _NANOSECONDS if is_per_call else _NANOSECONDS / (calls or 1)
    level = finite(entry.stats.median_ns)
    if level is None:
        reason = untrusted_text.shortened(f"pytest-codspeed gave no finite median but {entry.stats.median_ns!r}")
        return Sample(benchmark=benchmark, metric=WALL_TIME, state=SampleState.FAILED, reason=reason)
    statistics = {
        name: number * scale
        for field, name in _STATISTICS.items()
        if (number := finite(getattr(entry.stats, field))) is not None
    }
    rounds = finite(entry.stats.rounds)
    return Sample(
        benchmark=benchmark,
        metric=WALL_TIME,
        value=level * scale,
        calls=calls,
        statistics=statistics if rounds is None else {**statistics, "rounds": rounds},
    )


def _is_per_call(version: str) -> bool:
    """Tell whether a version writes times per call; one that cannot be read is a new one."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is None or (int(numbers[1]), int(numbers[2])) >= _PER_CALL_SINCE


def _environment(configuration: dict[str, Any]) -> Environment:
    """Return the environment, named like ``linux-cpython-311-x86_64-linux-gnu`` after the interpreter's own names."""
    system, binary = configuration.get("MACHDEP"), configuration.get("SOABI")
    known = "-".join(str(part) for part in (system, binary) if part)
    facts = {
        "os": system,
        "arch": str(configuration.get("HOST_GNU_TYPE") or "").partition("-")[0],
        "python": configuration.get("py_version"),
    }
    return Environment(
        name=untrusted_text.name(known, path="$.python.sysconfig") if known else "unknown",
        fields={key: untrusted_text.as_text(value) for key, value in facts.items() if value not in (None, "")},
    )
