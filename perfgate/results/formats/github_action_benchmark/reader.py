"""Read github-action-benchmark's ``data.js``, the history that it keeps on a gh-pages branch.

One file holds many runs (``entries[name][i]``). `split` cuts it into one small document for each run, which keeps the
original text of the run and is what `read` takes:

    {"github_action_benchmark": 1, "entry": "<name>", "bench": {"commit": ..., "date": ..., "benches": [...]}}

The file knows no machine: an entry is followed as an environment under its own name. It knows one value for each
benchmark and run, no measurements. Several runs of one commit (a matrix of jobs that write to one entry) are several
runs. Runs of pull requests are told by the commit's address.

Source: benchmark-action/github-action-benchmark ``src/write.ts`` and ``src/extract.ts``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.json_constants import Number, decode, finite
from perfgate.results.formats.sources import check_samples
from perfgate.results.records import (
    Benchmark,
    Commit,
    Direction,
    Environment,
    Metric,
    Refusal,
    Run,
    Sample,
    SampleState,
)

FILE_NAME = re.compile(r"(?:.+\.)?data\.js\Z")
"""How the action names its history; a file so named that is none is worth a refusal."""

_SECONDS = {
    "ns": 1e9,
    "us": 1e6,
    "µs": 1e6,
    "μs": 1e6,
    "usec": 1e6,
    "ms": 1e3,
    "msec": 1e3,
    "s": 1.0,
    "sec": 1.0,
    "seconds": 1.0,
}
"""Time unit to how many of it make a second: dividing by it is exact where multiplying by 1e-9 is not."""

_PER_CALL = frozenset({"iter", "op"})
_BIGGER_IS_BETTER = frozenset({"customBiggerIsBetter", "benchmarkjs", "pytest"})
_HEAD = re.compile(rb"\A\s*(?:window\.BENCHMARK_DATA\s*=\s*)")
_PULL_REQUEST = re.compile(r"/pull/(\d{1,9})/commits/")
_RANGE = re.compile(r"(?:±|\+/-)\s*(\d[\d,]*(?:\.\d+)?)\Z")
_ROUNDS = re.compile(r"^rounds: (\d{1,12})$", re.MULTILINE)


class _Author(msgspec.Struct):
    name: str | None = None


class _Commit(msgspec.Struct):
    id: str
    message: str = ""
    timestamp: Any = None
    url: str = ""
    author: _Author | None = None


class _Bench(msgspec.Struct):
    name: str
    value: Number
    unit: str = ""
    range: str | float | None = None
    extra: str | None = None


class _Run(msgspec.Struct):
    commit: _Commit
    date: float | None = None
    tool: str = ""
    benches: list[msgspec.Raw] = []


class _Head(msgspec.Struct):
    commit: _Commit
    date: float | None = None


class _Slice(msgspec.Struct):
    github_action_benchmark: int
    entry: str
    bench: _Run


class _RawSlice(msgspec.Struct):
    github_action_benchmark: int
    entry: str
    bench: msgspec.Raw


class _History(msgspec.Struct):
    entries: dict[str, list[msgspec.Raw]]


_HISTORY = msgspec.json.Decoder(_History)
_SLICE = msgspec.json.Decoder(_Slice)
_HEAD_OF_RUN = msgspec.json.Decoder(_Head)
_BENCH = msgspec.json.Decoder(_Bench)


def recognise(data: bytes) -> bool:
    """Tell whether *data* is one run as `split` cuts it."""
    return data.startswith(b'{"github_action_benchmark":')


def recognise_history(data: bytes) -> bool:
    """Tell whether *data* is a whole ``data.js``."""
    return _HEAD.match(data[:200]) is not None


def split(data: bytes, *, name: str) -> Iterator[tuple[str, bytes] | Refusal]:
    """Cut a whole ``data.js`` into its runs, in the file's order.

    Args:
        data: The whole file.
        name: Name to put into errors and refusals.

    Yields:
        For each run its key, which stays the same when older runs are dropped from the file, and its document for
        `read`; or a refusal of a run without a commit.

    Raises:
        InvalidResult: It is no ``data.js``. A retry cannot help.
    """
    body = _HEAD.sub(b"", data, count=1).rstrip().removesuffix(b";")
    uses: Counter[str] = Counter()
    for entry, runs in decode(body, _HISTORY, source=name).entries.items():
        for index, raw in enumerate(runs):
            try:
                head = decode(raw, _HEAD_OF_RUN, source="")
            except InvalidResult as error:
                yield untrusted_text.refusal(f"{name}: $.entries[{entry!r}][{index}]", error)
                continue
            key = f"{entry}/{head.commit.id}/{head.date or 0:.0f}"
            uses[key] += 1
            document = _RawSlice(github_action_benchmark=1, entry=entry, bench=raw)
            yield (key if uses[key] == 1 else f"{key}#{uses[key]}"), msgspec.json.encode(document)


def read(data: bytes, *, name: str, context: bytes | None = None) -> Run:  # noqa: ARG001 - every adapter takes it
    """Read one run of the history, as `split` cut it.

    Args:
        data: The document of one run.
        name: Name to put into errors.
        context: Not used; these documents stand alone.

    Returns:
        One sample for each benchmark: times in seconds, throughput (better when higher) and anything else in the
        unit that the tool printed. What cannot be read is listed in `Run.refused`.

    Raises:
        InvalidResult: No such document, or one without a proper commit. A retry cannot help.
    """
    document = decode(data, _SLICE, source=name)
    run = document.bench
    if not untrusted_text.is_sha(run.commit.id):
        raise InvalidResult(
            f"a commit hash has 7 to 64 hexadecimal digits, got {untrusted_text.shortened(run.commit.id, 100)!r}",
            path="$.bench.commit.id",
            source=name,
        )
    pull_request = _PULL_REQUEST.search(run.commit.url)
    number = int(pull_request[1]) if pull_request else 0
    check_samples(len(run.benches), source=name)
    refused: list[Refusal] = []
    author = run.commit.author
    return Run(
        suite=untrusted_text.name(run.tool or "github-action-benchmark", path="$.bench.tool", limit=200),
        tool=f"github-action-benchmark ({untrusted_text.shortened(run.tool, 200)})",
        commit=Commit(
            sha=run.commit.id,
            committed_at=untrusted_text.iso_moment(run.commit.timestamp),
            branch=f"pull/{number}" if number else "",
            subject=untrusted_text.commit_line(run.commit.message),
            author=untrusted_text.shortened((author.name if author else None) or ""),
        ),
        environment=Environment(name=untrusted_text.name(document.entry, path="$.entry")),
        started_at=untrusted_text.moment(run.date),
        samples=tuple(_samples(run, name, refused)),
        refused=tuple(refused),
        pull_request=number or None,
    )


def _samples(run: _Run, name: str, refused: list[Refusal]) -> list[Sample]:
    kept: dict[str, Sample] = {}
    for index, raw in enumerate(run.benches):
        where = f"{name}: $.bench.benches[{index}]"
        try:
            sample = _sample(decode(raw, _BENCH, source=""), run.tool)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(where, error))
            continue
        if kept.setdefault(sample.benchmark.name, sample) is not sample:
            reason = f"{sample.benchmark.name!r} is in this run twice; the first is kept"
            refused.append(Refusal(where=untrusted_text.shortened(where), reason=untrusted_text.shortened(reason)))
    return list(kept.values())


def _sample(bench: _Bench, tool: str) -> Sample:
    metric, divisor = _metric(bench.unit, tool)
    benchmark = Benchmark(name=untrusted_text.name(bench.name))
    value = finite(bench.value)
    if value is None:
        reason = untrusted_text.shortened(f"the value is no finite number but {bench.value!r}")
        return Sample(benchmark=benchmark, metric=metric, state=SampleState.FAILED, reason=reason)
    statistics = {}
    rounds = _ROUNDS.search(bench.extra or "")
    if rounds:
        statistics["rounds"] = float(rounds[1])
    half_width = _half_width(bench.range, tool)
    if half_width is not None:
        statistics["range"] = half_width / divisor
    return Sample(benchmark=benchmark, metric=metric, value=value / divisor, statistics=statistics)


@lru_cache(maxsize=256)
def _metric(unit: str, tool: str) -> tuple[Metric, float]:
    """Return the metric, and by what a value in *unit* is divided to be in the metric's unit.

    Only the first word of a unit counts where that is a time: ``go`` prints more of its line after it.
    """
    words = unit.split()
    kind, _, per = (words[0] if words else "").partition("/")
    if kind in _SECONDS and (not per or per in _PER_CALL):
        return Metric(name="time", unit="s"), _SECONDS[kind]
    shown = untrusted_text.name(" ".join(words), path="$.unit", limit=100) if words else ""
    if tool == "customSmallerIsBetter":
        return Metric(name="value", unit=shown), 1.0
    if per in {"s", "sec"}:
        return Metric(name="throughput", unit=shown, direction=Direction.HIGHER), 1.0
    direction = Direction.HIGHER if tool in _BIGGER_IS_BETTER else Direction.LOWER
    return Metric(name="value", unit=shown, direction=direction), 1.0


def _half_width(spread: str | float | None, tool: str) -> float | None:
    """Return the number of a plain ``± 12,345``; Catch2 prints it in a unit of its own, which the file has lost."""
    match = _RANGE.match(spread.strip()) if isinstance(spread, str) and tool != "catch2" else None
    number = float(match[1].replace(",", "")) if match else math.inf
    return number if math.isfinite(number) else None
