"""What is to be stored of one file: checked, compressed, identified. No database is touched here.

An adapter builds its records without the checks that decoding perfgate's own format makes; they are made here, so that
no name reaches a database or a page that breaks the limits of `perfgate.results.records`, whatever format it came in.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results import records
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Refusal, SampleState
from perfgate.results.result_file import translate_error
from webapp.history import catalogue

COMPRESSION_LEVEL = 3
"""Of zlib: half the time of the default for 7 % more bytes, on asv's files."""

MAX_REFUSALS_KEPT = 1_000


class Kept(NamedTuple):
    """A sample that passed all checks."""

    benchmark_key: str
    sample: records.Sample


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A file that can be stored, made by `prepare`."""

    run: records.Run
    samples: list[Kept]
    refused: list[Refusal]
    name: str
    size: int
    digest: str
    content: bytes
    """zlib-compressed."""
    key: str
    """SHA-256 of the source's identity, or empty."""
    context_digest: str = ""
    context: bytes = b""
    """zlib-compressed."""

    def count(self, state: SampleState) -> int:
        """Return how many samples are in *state*."""
        return sum(kept.sample.state is state for kept in self.samples)


def digest_of(data: bytes) -> str:
    """Return what identifies an upload in its project."""
    return hashlib.sha256(data).hexdigest()


def prepare(
    run: records.Run, data: bytes, *, name: str, context: bytes | None = None, identity: str = ""
) -> Submission:
    """Check and compress what is to be stored; touches no database.

    Args:
        run: What `perfgate.results.formats.read_run` read from *data*.
        data: The file, byte for byte.
        name: Its name.
        context: What it needs beside itself to be read (asv's ``benchmarks.json``).
        identity: Stable identity of the source; a later file with the same identity supersedes this one. Empty: it has none.

    Raises:
        InvalidResult: Nothing in it can be stored. A retry cannot help.
    """
    whole = msgspec.structs.replace(run, samples=(), baseline=None, refused=())
    _validate(whole, "$.run", source=name)
    if run.baseline is not None:
        _validate(run.baseline.commit, "$.run.baseline.commit", source=name)
    samples, refused = _sound_samples(run)
    if not samples:
        first = refused[0] if refused else Refusal(where="$.run.samples", reason="holds no sample: nothing to store")
        raise InvalidResult(first.reason, path=first.where, source=name)
    context_digest, packed_context = _packed(context) if context else ("", b"")
    return Submission(
        run=run,
        samples=samples,
        refused=[*run.refused, *refused][:MAX_REFUSALS_KEPT],
        name=name,
        size=len(data),
        digest=digest_of(data),
        content=zlib.compress(data, COMPRESSION_LEVEL),
        key=catalogue.sha256(identity) if identity else "",
        context_digest=context_digest,
        context=packed_context,
    )


@lru_cache(maxsize=4)
def _packed(context: bytes) -> tuple[str, bytes]:
    """Return digest and compressed content of a context once for the thousands of files that share it."""
    return hashlib.sha256(context).hexdigest(), zlib.compress(context, COMPRESSION_LEVEL)


def _sound_samples(run: records.Run) -> tuple[list[Kept], list[Refusal]]:
    """Return the samples that can be stored, and why the others cannot."""
    kept: list[Kept] = []
    refused: list[Refusal] = []
    reasons: dict[str, str] = {}
    seen: set[tuple[str, str, str]] = set()
    for index, sample in enumerate(run.samples):
        key = catalogue.benchmark_key(sample.benchmark)
        metric = sample.metric
        identity = (key, metric.name, metric.unit)
        for record, known in ((sample.benchmark, key), (metric, f"{metric.name}\n{metric.unit}")):
            if known not in reasons:
                reasons[known] = _reason(record)
        reason = reasons[key] or reasons[f"{metric.name}\n{metric.unit}"]
        if not reason and identity in seen:
            reason = f"{sample.benchmark.label!r} has {metric.name!r} twice in one run; the first is kept"
        if reason:
            refused.append(Refusal(where=f"$.run.samples[{index}]", reason=reason[:MAX_TEXT_CHARACTERS]))
            continue
        seen.add(identity)
        kept.append(Kept(key, sample))
    return kept, refused


def _reason(record: records.Benchmark | records.Metric) -> str:
    """Return why a record breaks the limits of its fields, empty if it does not."""
    try:
        _validate(record, "$", source="")
    except InvalidResult as error:
        return f"{error.reason} (at {error.path})"
    return ""


def _validate(record: records.Record, path: str, *, source: str) -> None:
    """Check a record that an adapter built against the limits that decoding would have enforced.

    Raises:
        InvalidResult: It breaks one; knows the path.
    """
    try:
        msgspec.convert(msgspec.to_builtins(record), type(record))
    except msgspec.ValidationError as error:
        found = translate_error(error, source=source)
        raise InvalidResult(found.reason, path=path + found.path[1:], source=source) from error
