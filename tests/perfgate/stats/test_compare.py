"""Files measured apart never pretend to be sure."""

import numpy as np
import pytest

from perfgate.stats.compare import MIN_PROCESSES, compare_files


def test_one_process_a_side_gives_no_interval() -> None:
    """A difference between two processes may be luck; that is said."""
    found = compare_files([1.0], [1.2])

    assert pytest.approx(0.2) == found.effect
    assert (None, None) == (found.low, found.high)
    assert "cannot certify: one process per side" == found.reason


def test_fewer_than_four_processes_are_refused_an_interval() -> None:
    """Three processes do not tell how far processes spread."""
    found = compare_files([1.0, 1.1, 0.9], [1.0] * MIN_PROCESSES)

    assert None is found.low
    assert "3 and 4 processes" in found.reason


def test_the_interval_covers_the_truth_more_often_than_stated() -> None:
    """Widened on purpose: at least 95 % of intervals hold the true effect when only processes differ."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        x, y = np.exp(0.05 * rng.standard_normal((2, 6)))
        found = compare_files(x, 1.1 * y)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.1 <= found.high

    assert hits >= 380


def test_swapping_the_sides_inverts_the_effect() -> None:
    """Base against head and head against base tell the same story."""
    x, y = [1.0, 1.1, 0.95, 1.02], [1.3, 1.2, 1.25, 1.4]
    there, back = compare_files(x, y), compare_files(y, x)

    assert pytest.approx(1.0) == (1 + there.effect) * (1 + back.effect)
    assert there.low is not None
    assert back.high is not None
    assert pytest.approx(1.0) == (1 + there.low) * (1 + back.high)


def test_zeros_have_no_ratio() -> None:
    """A benchmark that is always 0 is compared without a division."""
    found = compare_files([0.0] * 5, [0.0] * 5)

    assert np.isnan(found.effect)
    assert None is found.low
