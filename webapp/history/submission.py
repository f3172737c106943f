"""Check, compress and identify a file before it is stored. Nothing here uses the database.

A format constructs records without the validation that decoding performs. It happens here, so that no name that exceeds
the limits of the records reaches the database or a page, in whatever format it arrived.
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
from webapp.history import catalog

COMPRESSION_LEVEL = 3
"""zlib level: half the time of the default for 7 % more bytes, on real result files."""

MAX_REFUSALS = 1_000
"""Largest number of refusals that is stored with a run."""


class CheckedSample(NamedTuple):
    """A sample that is within all limits."""

    benchmark_key: str
    sample: records.Sample


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A file that can be stored."""

    run: records.Run
    samples: list[CheckedSample]
    refused: list[Refusal]
    name: str
    size: int
    """Bytes before compression."""
    digest: str
    """SHA-256 of the file."""
    content: bytes
    """The file, compressed by zlib."""
    key: str
    """SHA-256 of the source's identity; empty if it has none."""
    context_digest: str = ""
    context: bytes = b""
    """The context, compressed by zlib; empty if there is none."""

    def count(self, state: SampleState) -> int:
        """Return how many samples are in *state*."""
        return sum(checked.sample.state is state for checked in self.samples)


def digest_of(data: bytes) -> str:
    """Return the digest that identifies an upload in its project."""
    return hashlib.sha256(data).hexdigest()


def prepare(
    run: records.Run, data: bytes, *, name: str, context: bytes | None = None, identity: str = ""
) -> Submission:
    """Check and compress a file.

    Args:
        run: The run that `perfgate.results.formats.read_run` read from *data*.
        data: The file, byte for byte.
        name: Its name.
        context: The context that `read_run` needed, if any.
        identity: Stable identity of the source; a later file with the same identity supersedes this one. Empty: none.

    Raises:
        InvalidResult: Nothing in it can be stored. A retry cannot help.
    """
    without_samples = msgspec.structs.replace(run, samples=(), baseline=None, refused=())
    _validate(without_samples, "$.run", source=name)
    if run.baseline is not None:
        _validate(run.baseline.commit, "$.run.baseline.commit", source=name)
    samples, refused = _check_samples(run)
    if not samples:
        first = refused[0] if refused else Refusal(where="$.run.samples", reason="holds no sample: nothing to store")
        raise InvalidResult(first.reason, path=first.where, source=name)
    context_digest, compressed_context = _compress_context(context) if context else ("", b"")
    return Submission(
        run=run,
        samples=samples,
        refused=[*run.refused, *refused][:MAX_REFUSALS],
        name=name,
        size=len(data),
        digest=digest_of(data),
        content=zlib.compress(data, COMPRESSION_LEVEL),
        key=catalog.sha256(identity) if identity else "",
        context_digest=context_digest,
        context=compressed_context,
    )


@lru_cache(maxsize=4)
def _compress_context(context: bytes) -> tuple[str, bytes]:
    """Return digest and compressed content of a context; cached because thousands of files share one."""
    return hashlib.sha256(context).hexdigest(), zlib.compress(context, COMPRESSION_LEVEL)


def _check_samples(run: records.Run) -> tuple[list[CheckedSample], list[Refusal]]:
    """Return the samples that can be stored, and the refusals of the others."""
    checked: list[CheckedSample] = []
    refused: list[Refusal] = []
    reasons: dict[str, str] = {}
    seen: set[tuple[str, str, str]] = set()
    for index, sample in enumerate(run.samples):
        key = catalog.benchmark_key(sample.benchmark)
        metric = sample.metric
        identity = (key, metric.name, metric.unit)
        for record, record_key in ((sample.benchmark, key), (metric, f"{metric.name}\n{metric.unit}")):
            if record_key not in reasons:
                reasons[record_key] = _reason(record)
        reason = reasons[key] or reasons[f"{metric.name}\n{metric.unit}"]
        if not reason and identity in seen:
            reason = f"{sample.benchmark.label!r} has {metric.name!r} twice in one run; the first is kept"
        if reason:
            refused.append(Refusal(where=f"$.run.samples[{index}]", reason=reason[:MAX_TEXT_CHARACTERS]))
            continue
        seen.add(identity)
        checked.append(CheckedSample(key, sample))
    return checked, refused


def _reason(record: records.Benchmark | records.Metric) -> str:
    """Return which limit a record exceeds; empty if none."""
    try:
        _validate(record, "$", source="")
    except InvalidResult as error:
        return f"{error.reason} (at {error.path})"
    return ""


def _validate(record: records.Record, path: str, *, source: str) -> None:
    """Check a record as decoding would.

    Raises:
        InvalidResult: It exceeds a limit; *path* is the start of the path of the field.
    """
    try:
        msgspec.convert(msgspec.to_builtins(record), type(record))
    except msgspec.ValidationError as error:
        found = translate_error(error, source=source)
        raise InvalidResult(found.reason, path=path + found.path[1:], source=source) from error
