"""The use case `compare`: which benchmarks of two files can be compared, and how they differ."""

from __future__ import annotations

from typing import Any

import pytest

from perfgate.compare import compare, most_processes
from perfgate.results.records import TIME, Benchmark, Commit, Direction, Environment, Metric, Run, Sample, SampleState


def run(*samples: Sample, machine: str = "m") -> Run:
    return Run(
        suite="s",
        tool="tool 1",
        commit=Commit(sha="a" * 40),
        environment=Environment(name="runner", fields={"machine": machine}),
        samples=samples,
    )


def sample(name: str, value: float, **fields: Any) -> Sample:
    metric = fields.pop("metric", TIME)
    return Sample(
        benchmark=Benchmark(name=name, version=fields.pop("version", "")), metric=metric, value=value, **fields
    )


def test_the_largest_effect_comes_first() -> None:
    """Whatever its direction; rows that cannot be compared come last."""
    before = run(sample("a", 1.0), sample("b", 1.0), sample("gone", 1.0))
    after = run(sample("a", 1.1), sample("b", 0.5), sample("new", 1.0))
    comparison = compare(before, after)

    assert ["b", "a"] == [row.benchmark for row in comparison.rows[:2]]
    assert {"gone": "only in the baseline", "new": "only in the candidate"} == {
        row.benchmark: row.reason for row in comparison.rows[2:]
    }


@pytest.mark.parametrize(
    ("direction", "is_better"), [(Direction.LOWER, False), (Direction.HIGHER, True)], ids=["time", "throughput"]
)
def test_better_follows_the_direction_of_the_metric(direction: Direction, is_better: bool) -> None:
    """More is worse for a time and better for a throughput."""
    metric = Metric(name="m", unit="1", direction=direction)
    (row,) = compare(run(sample("a", 1.0, metric=metric)), run(sample("a", 1.2, metric=metric))).rows

    assert row.change is not None
    assert row.change.is_better is is_better


def test_a_baseline_of_zero_has_no_effect() -> None:
    """There is no ratio, and the row says why."""
    (row,) = compare(run(sample("a", 0.0)), run(sample("a", 1.0))).rows

    assert None is row.effect
    assert row.reason


def test_versions_and_states_are_respected() -> None:
    """A changed benchmark is another one; a failed sample is no value."""
    before = run(sample("a", 1.0, version="1"), sample("b", 1.0))
    failed = Sample(benchmark=Benchmark(name="b"), metric=TIME, state=SampleState.FAILED)
    rows = {row.benchmark: row.reason for row in compare(before, run(sample("a", 1.0, version="2"), failed)).rows}

    assert {"a": "the benchmark itself changed between the two", "b": "failed in the candidate"} == rows


def test_sizes_and_processes_are_counted() -> None:
    """All measurements of all rounds, one process per round; a tool that kept none says how many there were, or not."""
    rounds = ((1.0, 1.0), (1.1, 1.1), (1.2, 1.2))
    before = run(sample("a", 1.1, rounds=rounds), sample("b", 1.0, statistics={"rounds": 9.0}), sample("c", 1.0))
    rows = {row.benchmark: row.sizes for row in compare(before, before).rows}

    assert {"a": (6, 6), "b": (9, 9), "c": (None, None)} == rows
    assert (3, 1) == (most_processes(before), most_processes(run()))


def test_different_machines_are_named() -> None:
    """The candidate's value first."""
    assert {"machine": ("new", "old")} == compare(run(machine="old"), run(machine="new")).environment_differences
