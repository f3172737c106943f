"""Tests of `perfgate.gate.pairing`."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from perfgate.gate.pairing import NEW, REMOVED, bring_together, key, rounds, source
from perfgate.results.records import (
    CPU_TIME,
    WALL_TIME,
    Benchmark,
    Commit,
    Direction,
    Environment,
    Metric,
    Run,
    Sample,
    SampleState,
)
from perfgate.stats.pairs import CannotMeasure, PairsEnded

RATE = Metric(name="rate", unit="1/s", direction=Direction.HIGHER)
SWITCHES = Metric(name="voluntary_switches", unit="1")


def sample(name: str, *values: float, metric: Metric = CPU_TIME) -> Sample:
    taken = tuple((value,) for value in values)
    return Sample(benchmark=Benchmark(name=name), metric=metric, value=values[0], rounds=taken)


def run(*samples: Sample) -> Run:
    return Run(suite="s", tool="t", commit=Commit(sha="a" * 40), environment=Environment(name="e"), samples=samples)


def test_pairs_are_returned_in_the_order_they_were_taken() -> None:
    """Round by round, base beside head; after the last one the benchmark cannot be measured."""
    (sides,), missing = bring_together(run(sample("a", 3.0, 4.0)), run(sample("a", 1.0, 2.0)))
    take_pair = source([sides])

    first, second = take_pair(sides.key), take_pair(sides.key)
    assert () == missing
    assert ([1.0], [3.0]) == (np.asarray(first.base_cpu).tolist(), np.asarray(first.candidate_cpu).tolist())
    assert ([2.0], [4.0]) == (np.asarray(second.base_cpu).tolist(), np.asarray(second.candidate_cpu).tolist())
    with pytest.raises(PairsEnded, match="no further pair"):
        take_pair(sides.key)


def test_the_limit_that_ended_measuring_is_the_reason() -> None:
    """Where a limit was recorded, it is why there is no further pair; a failure is no limit."""
    late = msgspec.structs.replace(sample("a", 3.0), reason="the 60 s were spent")
    failed = msgspec.structs.replace(sample("a", 3.0), state=SampleState.FAILED, reason="head: it ended", value=None)
    for head, base, kind, reason in (
        (late, late, PairsEnded, "^the 60 s were spent$"),
        (failed, failed, CannotMeasure, "it ended"),
    ):
        (sides,), _ = bring_together(run(head), run(base))
        take_pair = source([sides])
        take_pair(sides.key)
        with pytest.raises(kind, match=reason) as raised:
            take_pair(sides.key)
        assert isinstance(raised.value, PairsEnded) == (kind is PairsEnded)


def test_only_what_failed_although_it_is_on_both_sides_is_a_failure() -> None:
    """A new, a removed or a skipped benchmark is none; one that failed on either side is."""
    failed, skipped = (
        msgspec.structs.replace(sample("a", 1.0), state=state, value=None, rounds=())
        for state in (SampleState.FAILED, SampleState.SKIPPED)
    )
    good = sample("a", 1.0)

    for head, base, is_failure in (
        ([failed], [failed], True),
        ([failed], [good], True),
        ([good], [failed], True),
        ([skipped], [skipped], False),
        ([failed], [], False),
        ([], [failed], False),
    ):
        _, (missing,) = bring_together(run(*head), run(*base))
        assert is_failure == missing.is_failure


def test_more_is_better_is_judged_as_a_cost() -> None:
    """Values of a metric where more is better are replaced by their reciprocals."""
    (sides,), _ = bring_together(run(sample("a", 4.0, metric=RATE)), run(sample("a", 2.0, metric=RATE)))
    pair = source([sides])(sides.key)

    assert ([0.5], [0.25]) == (np.asarray(pair.base_cpu).tolist(), np.asarray(pair.candidate_cpu).tolist())


def test_clocks_and_switches_form_one_benchmark() -> None:
    """CPU time, wall time and context switches of a benchmark are judged together, under one name."""
    head = run(sample("a", 1.0), sample("a", 9.0, metric=WALL_TIME), sample("a", 7.0, metric=SWITCHES))
    (sides,), _ = bring_together(head, run(sample("a", 1.0), sample("a", 8.0, metric=WALL_TIME)))
    pair = source([sides])(sides.key)

    assert key("a", "cpu_time") == key("a", "wall_time") == sides.key != key("a", "traced_peak")
    assert [9.0] == np.asarray(pair.candidate_wall).tolist()
    assert (0.0, 7.0) == (pair.base_switches, pair.candidate_switches)


def test_a_benchmark_of_one_side_is_not_judged() -> None:
    """A new and a removed benchmark are listed with that reason."""
    sides, missing = bring_together(run(sample("new", 1.0)), run(sample("removed", 1.0)))

    assert [] == sides
    assert {("new", NEW), ("removed", REMOVED)} == {(row.label, row.reason) for row in missing}


def test_a_failed_benchmark_keeps_its_pairs() -> None:
    """Pairs taken before a failure stay in the suite, and the benchmark is listed with the failure."""
    failed = msgspec.structs.replace(sample("a", 1.0), state=SampleState.FAILED, reason="head: it ended", value=None)
    (sides,), (missing,) = bring_together(run(failed), run(failed))

    assert "failed: head: it ended" == sides.failure == missing.reason
    take_pair = source([sides])
    take_pair(sides.key)
    with pytest.raises(CannotMeasure, match="it ended"):
        take_pair(sides.key)


def test_rounds_without_a_counterpart_are_left_out() -> None:
    """Only rounds that both sides have are returned."""
    (sides,), _ = bring_together(run(sample("a", 3.0)), run(sample("a", 1.0, 2.0)))

    assert ([(1.0,)], [(3.0,)]) == rounds(sides)
