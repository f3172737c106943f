"""The A/A run: live pairs of the same work, and no process left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perfgate.doctor.probe import _worker, measure
from perfgate.doctor.workloads import WORKLOADS
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure.machine import available_cpus


def test_every_workload_gets_pairs_in_turn() -> None:
    """However short the time, two rounds are taken; values are finite, steal is unknown without /proc."""
    told: list[float] = []
    measured = measure(0.1, root=Path("/nowhere"), progress=told.append)

    assert dict.fromkeys(WORKLOADS, 2) == {name: len(values) for name, values in measured.values.items()}
    assert all(np.isfinite(values).all() for values in measured.values.values())
    assert measured.steal is None
    assert measured.is_pinned is bool(available_cpus())
    assert len(told) == measured.pairs
    assert max(told) <= 0.1


@pytest.mark.parametrize("seconds", [0.0, -1.0, 3601.0, float("nan")])
def test_a_run_of_no_length_is_refused(seconds: float) -> None:
    """With the value and the limit."""
    with pytest.raises(InvalidInput, match="up to 3600 seconds, got"):
        measure(seconds)


def test_a_process_that_ends_is_an_error() -> None:
    """It is not waited for, and its status is named."""
    with pytest.raises(MeasurementFailed, match="ended with status 1"), _worker("no such workload", "0") as worker:
        worker.ask(1)


def test_processes_end_with_the_block() -> None:
    """Also when it is left by an exception."""
    kept = []

    def leave() -> None:
        with _worker("arithmetic", "0") as worker:
            kept.append(worker)
            assert worker.ask(10) > 0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        leave()
    assert kept[0]._process.returncode is not None
