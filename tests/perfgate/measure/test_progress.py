"""What a measurement reports while it runs; options.py has what it is asked for."""

from __future__ import annotations

import numpy as np

from perfgate.measure.options import MeasureOptions
from perfgate.measure.progress import MeasurementProgress, PairProgress, ignore, report_stages
from perfgate.stats.pairs import Pair


def pair(seconds: float) -> Pair:
    values = np.array([1.0])
    return Pair(
        base_cpu=values,
        candidate_cpu=values,
        base_wall=values,
        candidate_wall=values,
        base_switches=0.0,
        candidate_switches=0.0,
        seconds=seconds,
    )


def test_every_pair_is_reported_with_an_estimate() -> None:
    """Before the first pair nothing is known about the time; afterwards it follows from what the pairs took."""
    reported: list[MeasurementProgress] = []
    progress = PairProgress(reported.append, ["a", "b"], max_seconds=None)
    progress.begin_pass("screening", ["a", "b"])
    take = progress.observing(lambda _: pair(2.0))
    taken = take("a")

    first, second = reported
    assert MeasurementProgress(stage="screening", benchmarks=2, undecided=2) == first
    assert 2.0 == taken.seconds
    assert second.seconds_left is not None
    assert second.seconds_left > 0


def test_no_more_time_is_estimated_than_there_is() -> None:
    """The limit counts the pairs that were taken."""
    reported: list[MeasurementProgress] = []
    progress = PairProgress(reported.append, ["a", "b"], max_seconds=5.0)
    progress.begin_pass("screening", ["a", "b"])
    progress.observing(lambda _: pair(4.0))("a")

    assert 1.0 == reported[-1].seconds_left


def test_a_stage_is_reported_by_its_name_alone() -> None:
    """Preparing a side tells nothing about benchmarks."""
    reported: list[MeasurementProgress] = []
    report_stages(reported.append)("checking out base")
    ignore(reported[0])

    assert [MeasurementProgress(stage="checking out base")] == reported


def test_options_that_are_left_out_select_everything() -> None:
    """The only suite, all benchmarks, the running interpreter, and the usual way to install."""
    assert MeasureOptions(suite=None, select=None, install="auto", environment=None, python=None) == MeasureOptions()
