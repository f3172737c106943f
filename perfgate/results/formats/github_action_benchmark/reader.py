"""Read one run of github-action-benchmark, from the document that `history.split` makes of it.

The document contains no machine: an entry is followed as an environment under its own name. It contains one value for
each benchmark and no raw measurements. Several runs of one commit, for example of a matrix of jobs that write to one
entry, are several runs. A run of a pull request is recognized by the URL of its commit.

Source: benchmark-action/github-action-benchmark ``src/write.ts`` and ``src/extract.ts``.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.files import check_sample_count
from perfgate.results.formats.github_action_benchmark.history import ActionBenchmark, ActionRun, RunDocument
from perfgate.results.formats.json_constants import decode, finite
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

_UNITS_PER_SECOND = {
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
"""Values are divided by these: division by 1e9 is exact where multiplication by 1e-9 is not."""

_PER_CALL = frozenset({"iter", "op"})
_BIGGER_IS_BETTER = frozenset({"customBiggerIsBetter", "benchmarkjs", "pytest"})
_PULL_REQUEST = re.compile(r"/pull/(\d{1,9})/commits/")
_RANGE = re.compile(r"(?:±|\+/-)\s*(\d[\d,]*(?:\.\d+)?)\Z")
_ROUNDS = re.compile(r"^rounds: (\d{1,12})$", re.MULTILINE)

_DOCUMENT = msgspec.json.Decoder(RunDocument)
_BENCHMARK = msgspec.json.Decoder(ActionBenchmark)


def read(data: bytes, *, name: str) -> Run:
    """Read the document of one run.

    Args:
        data: The document.
        name: Name for error messages.

    Returns:
        One sample for each benchmark: times in seconds; throughput, where higher is better, and everything else in the
        unit that the tool printed. What cannot be read is listed in `Run.refused`.

    Raises:
        InvalidResult: No such document, or one without a valid commit. A retry cannot help.
    """
    document = decode(data, _DOCUMENT, source=name)
    run = document.bench
    untrusted_text.check_sha(run.commit.id, path="$.bench.commit.id", source=name)
    check_sample_count(len(run.benches), source=name)
    pull_request = _pull_request(run)
    refused: list[Refusal] = []
    return Run(
        suite=untrusted_text.name(run.tool or "github-action-benchmark", path="$.bench.tool", limit=200),
        tool=f"github-action-benchmark ({untrusted_text.shortened(run.tool, 200)})",
        commit=_commit(run, pull_request),
        environment=Environment(name=untrusted_text.name(document.entry, path="$.entry")),
        started_at=untrusted_text.time_of_milliseconds(run.date),
        samples=tuple(_samples(run, name, refused)),
        refused=tuple(refused),
        pull_request=pull_request,
    )


def _pull_request(run: ActionRun) -> int | None:
    match = _PULL_REQUEST.search(run.commit.url)
    return (int(match[1]) if match else 0) or None


def _commit(run: ActionRun, pull_request: int | None) -> Commit:
    author = run.commit.author
    return Commit(
        sha=run.commit.id,
        committed_at=untrusted_text.time_of_iso(run.commit.timestamp),
        branch=f"pull/{pull_request}" if pull_request else "",
        subject=untrusted_text.first_line(run.commit.message),
        author=untrusted_text.shortened((author.name if author else None) or ""),
    )


def _samples(run: ActionRun, name: str, refused: list[Refusal]) -> list[Sample]:
    kept: dict[str, Sample] = {}
    for index, raw in enumerate(run.benches):
        where = f"{name}: $.bench.benches[{index}]"
        try:
            sample = _sample(decode(raw, _BENCHMARK, source=""), run.tool)
        except InvalidResult as error:
            refused.append(untrusted_text.refusal(where, error))
            continue
        if kept.setdefault(sample.benchmark.name, sample) is not sample:
            reason = f"{sample.benchmark.name!r} is in this run twice; the first is kept"
            refused.append(Refusal(where=untrusted_text.shortened(where), reason=untrusted_text.shortened(reason)))
    return list(kept.values())


def _sample(entry: ActionBenchmark, tool: str) -> Sample:
    metric, divisor = _metric(entry.unit, tool)
    benchmark = Benchmark(name=untrusted_text.name(entry.name))
    value = finite(entry.value)
    if value is None:
        reason = untrusted_text.shortened(f"the value is no finite number but {entry.value!r}")
        return Sample(benchmark=benchmark, metric=metric, state=SampleState.FAILED, reason=reason)
    statistics = {}
    rounds = _ROUNDS.search(entry.extra or "")
    if rounds:
        statistics["rounds"] = float(rounds[1])
    half_width = _half_width(entry.range, tool)
    if half_width is not None:
        statistics["range"] = half_width / divisor
    return Sample(benchmark=benchmark, metric=metric, value=value / divisor, statistics=statistics)


@lru_cache(maxsize=256)
def _metric(unit: str, tool: str) -> tuple[Metric, float]:
    """Return the metric, and the number by which a value in *unit* is divided to be in the metric's unit.

    Only the first word of a time unit counts: the action keeps more of a line that ``go`` printed.
    """
    words = unit.split()
    kind, _, per = (words[0] if words else "").partition("/")
    if kind in _UNITS_PER_SECOND and (not per or per in _PER_CALL):
        return Metric(name="time", unit="s"), _UNITS_PER_SECOND[kind]
    shown = untrusted_text.name(" ".join(words), path="$.unit", limit=100) if words else ""
    if tool == "customSmallerIsBetter":
        return Metric(name="value", unit=shown), 1.0
    if per in {"s", "sec"}:
        return Metric(name="throughput", unit=shown, direction=Direction.HIGHER), 1.0
    direction = Direction.HIGHER if tool in _BIGGER_IS_BETTER else Direction.LOWER
    return Metric(name="value", unit=shown, direction=direction), 1.0


def _half_width(spread: str | float | None, tool: str) -> float | None:
    """Return the number of a plain ``± 12,345``. Catch2 prints it in a unit of its own that is not in the file."""
    match = _RANGE.match(spread.strip()) if isinstance(spread, str) and tool != "catch2" else None
    number = float(match[1].replace(",", "")) if match else math.inf
    return number if math.isfinite(number) else None
