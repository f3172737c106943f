"""A file is checked and identified before anything is stored."""

from __future__ import annotations

import zlib

import msgspec
import pytest

from perfgate.errors import InvalidResult
from perfgate.results import result_file
from perfgate.results.records import TIME, Benchmark, Metric, Refusal, Sample, SampleState
from tests.webapp.history.stored import run
from webapp.history.submission import MAX_REFUSALS, digest_of, prepare


def test_a_file_is_compressed_and_identified() -> None:
    """Content and context can be restored; equal identities give equal keys, and no identity gives none."""
    measured = run(1, {"a": 1.0, "b": None})
    data = result_file.write(measured)

    submission = prepare(measured, data, name="x.json", context=b"context", identity="source")

    assert (data, b"context") == (zlib.decompress(submission.content), zlib.decompress(submission.context))
    assert (submission.size, submission.digest) == (len(data), digest_of(data))
    assert submission.key == prepare(measured, data, name="y.json", identity="source").key != ""
    assert "" == prepare(measured, data, name="x.json").key
    assert (1, 1) == (submission.count(SampleState.MEASURED), submission.count(SampleState.FAILED))


def test_a_sample_beyond_the_limits_is_refused_alone() -> None:
    """An adapter can construct an invalid name, unit or duplicate; the other samples are kept."""
    measured = run(1, {"a": 1.0})
    (good,) = measured.samples
    bad = [
        Sample(benchmark=Benchmark(name="<script>"), metric=TIME, value=1.0),
        Sample(benchmark=good.benchmark, metric=Metric(name="x" * 101, unit=""), value=1.0),
        good,
    ]
    measured = msgspec.structs.replace(measured, samples=(good, *bad))

    submission = prepare(measured, b"data", name="x.json")

    assert [good] == [checked.sample for checked in submission.samples]
    assert [f"$.run.samples[{index}]" for index in (1, 2, 3)] == [refusal.where for refusal in submission.refused]
    assert "twice in one run" in submission.refused[2].reason


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"samples": ()}, "$.run.samples"),
        ({"suite": ""}, "$.run.suite"),
        ({"commit": msgspec.structs.replace(run(1, {}).commit, sha="HEAD")}, "$.run.commit.sha"),
    ],
)
def test_a_run_that_cannot_be_stored_is_refused(changes: dict[str, object], path: str) -> None:
    """The error has the path of the field."""
    with pytest.raises(InvalidResult) as error:
        prepare(msgspec.structs.replace(run(1, {"a": 1.0}), **changes), b"data", name="x.json")
    assert (path, "x.json") == (error.value.path, error.value.source)


def test_refusals_are_limited() -> None:
    """A hostile file cannot store more than a limited number of refusals."""
    refused = (Refusal(where="$", reason="bad"),) * (MAX_REFUSALS + 1)
    measured = msgspec.structs.replace(run(1, {"a": 1.0}), refused=refused)

    assert MAX_REFUSALS == len(prepare(measured, b"data", name="x.json").refused)
