"""Histories of github-action-benchmark: reader.py and history.py. The small ones here are made up; test_wild.py reads real ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from perfgate.errors import InvalidResult
from perfgate.results.formats.github_action_benchmark import history as history_of
from perfgate.results.formats.github_action_benchmark import reader as adapter
from perfgate.results.formats.interface import Part
from perfgate.results.records import TIME, Direction, Metric, Refusal, Run, SampleState

SHA = "45d78258e495044a551046f50604da3c893052ce"


def commit(**fields: Any) -> dict[str, Any]:
    return {
        "id": SHA,
        "message": "Add a benchmark\n\nand more",
        "timestamp": "2019-11-10T00:06:58+09:00",
        "url": f"https://example.org/o/r/commit/{SHA}",
        "author": {"name": "Ada", "email": "ada@example.org"},
        **fields,
    }


def bench(*benches: Any, tool: str = "cargo", **fields: Any) -> dict[str, Any]:
    return {"commit": commit(**fields), "date": 1573312140323, "tool": tool, "benches": list(benches)}


def history(*runs: Any, entry: str = "Rust") -> bytes:
    document = {"lastUpdate": 1, "repoUrl": "https://example.org/o/r", "entries": {entry: runs}}
    return b"window.BENCHMARK_DATA = " + json.dumps(document, indent=2).encode()


def only(*benches: Any, tool: str = "cargo", **fields: Any) -> Run:
    ((data, _),) = [found for found in history_of.split(history(bench(*benches, tool=tool, **fields)), name="data.js")
                    if not isinstance(found, Refusal)]  # fmt: skip
    assert history_of.is_document(data)
    return adapter.read(data, name="data.js")


def test_split_keeps_the_original() -> None:
    """The document of a run has the run's original text, including fields that are not read."""
    original = bench({"name": "a", "value": 1, "unit": "ns", "unknown": [1]})
    (found,) = history_of.split(history(original), name="data.js")

    assert not isinstance(found, Refusal)
    assert {"github_action_benchmark": 1, "entry": "Rust", "bench": original} == json.loads(found.data)


def test_identities_outlive_dropped_runs() -> None:
    """A run keeps its identity when the action drops older runs; two runs of one moment have two identities."""
    first, second = bench(id="a" * 40), bench(id="b" * 40)
    whole = [
        found.identity
        for found in history_of.split(history(first, second, second), name="x")
        if isinstance(found, Part)
    ]
    cut = [found.identity for found in history_of.split(history(second, second), name="x") if isinstance(found, Part)]

    assert whole[1:] == cut
    assert 3 == len(set(whole))


def test_commit() -> None:
    """Commit, time in UTC, subject and author's name are kept, and no address."""
    run = only()

    assert (SHA, "Add a benchmark", "Ada") == (run.commit.sha, run.commit.subject, run.commit.author)
    assert datetime(2019, 11, 9, 15, 6, 58, tzinfo=UTC) == run.commit.committed_at
    assert datetime(2019, 11, 9, 15, 9, 0, 323_000, tzinfo=UTC) == run.started_at
    assert ("cargo", "Rust") == (run.suite, run.environment.name)


def test_pull_requests_are_told_apart() -> None:
    """A run of a pull request is no part of the default branch's history."""
    run = only(url=f"https://github.com/o/r/pull/50/commits/{SHA}")

    assert (50, "pull/50") == (run.pull_request, run.commit.branch)
    assert (None, "") == (only().pull_request, only().commit.branch)


@pytest.mark.parametrize(
    ("unit", "tool", "metric", "value"),
    [
        ("ns/iter", "cargo", TIME, 254e-9),
        ("us", "catch2", TIME, 254e-6),
        ("ns/op\t         4.000 auxMetricUnits", "go", TIME, 254e-9),
        ("iter/sec", "pytest", Metric(name="throughput", unit="iter/sec", direction=Direction.HIGHER), 254.0),
        ("ops/s", "jmh", Metric(name="throughput", unit="ops/s", direction=Direction.HIGHER), 254.0),
        ("points", "customBiggerIsBetter", Metric(name="value", unit="points", direction=Direction.HIGHER), 254.0),
        ("hits/s", "customSmallerIsBetter", Metric(name="value", unit="hits/s"), 254.0),
        ("B/op", "go", Metric(name="value", unit="B/op"), 254.0),
        ("a  b\tc", "go", Metric(name="value", unit="a b c"), 254.0),
        ("", "go", Metric(name="value", unit=""), 254.0),
    ],
)
def test_units(unit: str, tool: str, metric: Metric, value: float) -> None:
    """Times are converted to seconds; higher throughput is better; other units are not changed."""
    (sample,) = only({"name": "a", "value": 254, "unit": unit}, tool=tool).samples

    assert (metric, value) == (sample.metric, sample.value)


@pytest.mark.parametrize(
    ("spread", "tool", "expected"),
    [
        ("± 2,802", "cargo", {"range": 2802e-9}),
        ("+/- 35", "cargo", {"range": 35e-9}),
        ("±0.75%", "benchmarkjs", {}),
        ("stddev: 0.00001", "pytest", {}),
        ("± 340.2", "catch2", {}),
        ("± 1,.,", "cargo", {}),
        (None, "go", {}),
    ],
)
def test_only_plain_ranges_are_kept(spread: str | None, tool: str, expected: dict[str, float]) -> None:
    """A range is kept if its unit is known to be the value's unit."""
    (sample,) = only({"name": "a", "value": 1, "unit": "ns", "range": spread}, tool=tool).samples

    assert expected == sample.statistics


def test_what_cannot_be_read_is_listed() -> None:
    """A malformed or repeated benchmark is refused alone, a value of null is a failure, and a run without a commit is refused."""
    run = only({"name": "a", "value": 1}, {"name": 3}, {"name": "a", "value": 2}, {"name": "b", "value": None})

    assert [("a", SampleState.MEASURED), ("b", SampleState.FAILED)] == [
        (sample.benchmark.name, sample.state) for sample in run.samples
    ]
    assert ["data.js: $.bench.benches[1].name", "data.js: $.bench.benches[2]"] == [
        refusal.where for refusal in run.refused
    ]
    assert [Refusal(where="x: $.entries['Rust'][0]", reason="Object missing required field `commit`")] == list(
        history_of.split(history({"date": 1}), name="x")
    )


def test_malformed_history() -> None:
    """A truncated history is refused, and an invalid commit is an error with its path."""
    with pytest.raises(InvalidResult):
        list(history_of.split(history(bench())[:-9], name="data.js"))
    with pytest.raises(InvalidResult) as caught:
        only(id="HEAD")
    assert "$.bench.commit.id" == caught.value.path
