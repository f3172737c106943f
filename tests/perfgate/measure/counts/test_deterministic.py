"""Deterministic metrics take one pair, and more only where that does not decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.counts.deterministic import MAX_PAIRS, DeterministicMetrics, is_decided
from perfgate.measure.suites import Suite
from perfgate.results.metrics import INSTRUCTIONS, TRACED_PEAK
from perfgate.results.records import PEAK_MEMORY, Benchmark, Metric, Sample, SampleState, level


def sampled(value: float, metric: Metric = TRACED_PEAK) -> Sample:
    return Sample(benchmark=Benchmark(name="b"), metric=metric, value=level(((value,),)), rounds=((value,),), calls=1)


@pytest.mark.parametrize(
    ("metric", "base", "head", "expected"),
    [
        (TRACED_PEAK, 1_000_000, 1_000_000, True),
        (TRACED_PEAK, 1_000_000, 2_000_000, False),
        (TRACED_PEAK, 100, 200, True),
        (PEAK_MEMORY, 1_000_000, 1_005_000, True),
        (INSTRUCTIONS, 10_000_000, 10_000_000, True),
    ],
)
def test_one_pair_decides_unless_it_looks_like_a_change(
    metric: Metric, base: float, head: float, expected: bool
) -> None:
    """A change in the first pair is confirmed by more; a difference within the metric's repeatability is none."""
    assert is_decided(metric, [[base]], [[head]], 0.05) is expected


def test_the_number_of_pairs_is_limited() -> None:
    """After that many pairs, the answer is what it is."""
    base, head = ([[value]] * MAX_PAIRS for value in (1_000_000.0, 2_000_000.0))

    assert is_decided(TRACED_PEAK, base, head, 0.05)


def test_rounds_are_collected(tmp_path: Path) -> None:
    """Rounds of one benchmark and metric are appended, a failure stays, and a benchmark that skips has no sample."""
    metrics = DeterministicMetrics(sides={}, suite=Suite(tool="asv"), folder=tmp_path, timeout_seconds=1)
    for value in (10.0, 30.0):
        metrics._add({"base": [sampled(value)], "head": [sampled(2 * value)]})
    (base,), (head,) = metrics.samples["base"].values(), metrics.samples["head"].values()
    assert (((10.0,), (30.0,)), 20.0) == (base.rounds, base.value)
    assert ((20.0,), (60.0,)) == head.rounds

    failed, skipped = (
        Sample(benchmark=Benchmark(name=state), metric=TRACED_PEAK, state=state, reason="why")
        for state in (SampleState.FAILED, SampleState.SKIPPED)
    )
    metrics._add({"base": [failed, skipped]})
    assert [SampleState.MEASURED, SampleState.FAILED] == [sample.state for sample in metrics.samples["base"].values()]
