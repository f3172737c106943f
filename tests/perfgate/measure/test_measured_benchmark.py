"""What was measured of one benchmark becomes samples, one per metric."""

from __future__ import annotations

import pytest

from perfgate.measure.live.failures import PairFailed
from perfgate.measure.live.items import Item
from perfgate.measure.live.sampling import Recording
from perfgate.measure.measured_benchmark import MeasuredBenchmark
from perfgate.measure.sides.side import BASE, HEAD
from perfgate.results.records import CPU_TIME, Benchmark, Metric, SampleState

TIMED = Item(benchmark=Benchmark(name="parse"), metric=CPU_TIME, address="bench.parse")
MEMORY = Item(benchmark=Benchmark(name="keep"), metric=Metric(name="memory", unit="B"), address="bench.keep")


def recording(cpu: float) -> Recording:
    return Recording(cpu=[cpu, cpu], wall=[2 * cpu, 2 * cpu], voluntary=20, calls=20)


def test_a_timed_benchmark_has_both_clocks_and_its_switches() -> None:
    """One round per pair, and how many calls one measurement covers."""
    measured = MeasuredBenchmark(TIMED)
    measured.recordings[HEAD] += [recording(0.1), recording(0.3)]
    cpu, wall, switches = measured.samples(HEAD)

    assert ["cpu_time", "wall_time", "voluntary_switches"] == [sample.metric.name for sample in (cpu, wall, switches)]
    assert ((0.1, 0.1), (0.3, 0.3)) == cpu.rounds
    assert ((1.0,), (1.0,)) == switches.rounds
    assert pytest.approx(0.2) == cpu.value
    assert 10 == cpu.calls
    assert [] == list(measured.samples(BASE))


def test_any_other_benchmark_has_its_own_metric() -> None:
    """One value per pair."""
    measured = MeasuredBenchmark(MEMORY)
    measured.values[BASE] += [1000.0, 1000.0]
    (sample,) = measured.samples(BASE)

    assert ("memory", ((1000.0,), (1000.0,)), 1000.0) == (sample.metric.name, sample.rounds, sample.value)


@pytest.mark.parametrize(("is_skip", "state"), [(True, SampleState.SKIPPED), (False, SampleState.FAILED)])
def test_a_failure_keeps_the_rounds_until_then(is_skip: bool, state: SampleState) -> None:
    """The reason is in the sample, and no value."""
    measured = MeasuredBenchmark(MEMORY, failure=PairFailed("head: it ended", is_skip=is_skip))
    measured.values[HEAD].append(1000.0)
    (sample,) = measured.samples(HEAD)

    assert (state, "head: it ended", ((1000.0,),), None) == (sample.state, sample.reason, sample.rounds, sample.value)


def test_a_benchmark_without_time_left_does_not_vanish() -> None:
    """It is a skipped sample with the reason; one that was not asked for is none."""
    measured = MeasuredBenchmark(MEMORY)
    (sample,) = measured.samples(HEAD, "the time is over")

    assert (SampleState.SKIPPED, "the time is over") == (sample.state, sample.reason)
    assert [] == list(measured.samples(HEAD))


def test_numbers_kept_beside_the_times_are_metrics_of_their_own() -> None:
    """One value per pair, if every pair has it and its key is a name; none of a benchmark that failed."""
    measured = MeasuredBenchmark(TIMED)
    for number in (1.0, 3.0):
        measured.recordings[HEAD].append(recording(0.1))
        measured.extra_info[HEAD].append({"rows": number, "two\nlines": 1.0, "k" * 200: 1.0})
    measured.extra_info[HEAD][0]["sometimes"] = 1.0
    (*_, sample) = measured.samples(HEAD)

    assert [Metric(name="extra_info.rows", unit="")] == [
        other.metric for other in measured.samples(HEAD) if other.metric.name.startswith("extra_info.")
    ]
    assert (((1.0,), (3.0,)), 2.0) == (sample.rounds, sample.value)
    measured.failure = PairFailed("head: it ended")
    assert "extra_info.rows" not in {other.metric.name for other in measured.samples(HEAD)}
