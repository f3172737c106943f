"""The A/A run takes live pairs of the same work and leaves no process behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perfgate.doctor.grades import pairs_for_inflation
from perfgate.doctor.probe import MOST_SECONDS, _is_enough, _process, measure
from perfgate.doctor.workloads import WORKLOADS
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure.hygiene import available_cpus


def test_every_workload_gets_pairs_in_turn() -> None:
    """However short the time, two rounds are taken; values are finite, and steal is unknown without /proc."""
    passed: list[float] = []
    measured = measure(0.1, root=Path("/nowhere"), progress=passed.append)

    assert dict.fromkeys(WORKLOADS, 2) == {name: len(values) for name, values in measured.values.items()}
    assert all(np.isfinite(values).all() for values in measured.values.values())
    assert measured.steal is None
    assert measured.is_pinned is bool(available_cpus())
    assert len(passed) == measured.pairs
    assert max(passed) <= 0.1


@pytest.mark.parametrize("seconds", [0.0, -1.0, 3601.0, float("nan")])
def test_a_run_of_no_length_is_refused(seconds: float) -> None:
    """The message names the value and the limit."""
    with pytest.raises(InvalidInput, match="up to 3600 seconds, got"):
        measure(seconds)


def test_a_process_that_ends_is_an_error() -> None:
    """The error names the status of the process, and nothing waits for it."""
    with pytest.raises(MeasurementFailed, match="ended with status 1"), _process("no such workload", "0") as process:
        process.sample(1)


def test_processes_end_with_the_block() -> None:
    """A process is ended even where an exception leaves the block."""
    processes = []

    def leave() -> None:
        with _process("arithmetic", "0") as process:
            processes.append(process)
            assert process.sample(10) > 0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        leave()
    assert processes[0]._process.returncode is not None


def test_a_run_goes_on_until_it_has_the_pairs_that_it_needs() -> None:
    """λ needs 96 pairs of six workloads; a machine that is too slow for that ends after five minutes."""
    assert 96 == pairs_for_inflation(6)
    assert not _is_enough(95, 20.0, 20.0, 96)
    assert not _is_enough(96, 19.0, 20.0, 96)
    assert _is_enough(96, 20.0, 20.0, 96)
    assert _is_enough(40, MOST_SECONDS, 20.0, 96)
