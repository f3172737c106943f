"""Files measured apart are compared, and never certified."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from perfgate.stats.compare import MIN_PROCESSES, compare_files


def test_one_process_a_side_gives_no_interval() -> None:
    """A difference between two processes may be chance, and the reason says so."""
    found = compare_files([1.0], [1.2])

    assert pytest.approx(0.2) == found.effect
    assert (None, None) == (found.low, found.high)
    assert "cannot certify: one process per side" == found.reason


def test_fewer_than_four_processes_give_no_interval() -> None:
    """Three processes are too few to estimate their spread."""
    found = compare_files([1.0, 1.1, 0.9], [1.0] * MIN_PROCESSES)

    assert None is found.low
    assert "3 and 4 processes" in found.reason


def test_the_interval_covers_the_truth_more_often_than_stated() -> None:
    """At least 95 % of the intervals hold the true effect where only processes differ, because they are widened."""
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
    """Comparing base with head and head with base gives inverse effects and intervals."""
    x, y = [1.0, 1.1, 0.95, 1.02], [1.3, 1.2, 1.25, 1.4]
    there, back = compare_files(x, y), compare_files(y, x)

    assert pytest.approx(1.0) == (1 + there.effect) * (1 + back.effect)
    assert there.low is not None
    assert back.high is not None
    assert pytest.approx(1.0) == (1 + there.low) * (1 + back.high)


def test_zeros_have_no_ratio() -> None:
    """A baseline of 0 has no effect and no interval, and is no error."""
    found = compare_files([0.0] * 5, [0.0] * 5)

    assert np.isnan(found.effect)
    assert None is found.low


def test_the_interval_is_welchs_widened() -> None:
    """Half its width is twice that of ``scipy.stats.ttest_ind`` on the logarithms, with unequal variances."""
    rng = np.random.default_rng(8)
    x, y = np.exp(0.05 * rng.standard_normal(5)), np.exp(0.1 + 0.02 * rng.standard_normal(7))
    welch = ttest_ind(np.log(y), np.log(x), equal_var=False).confidence_interval(0.95)
    middle, half = (welch.low + welch.high) / 2, (welch.high - welch.low) / 2
    found = compare_files(x.tolist(), y.tolist())

    assert pytest.approx(np.expm1(middle)) == found.effect
    assert pytest.approx(np.expm1(middle - 2 * half)) == found.low
    assert pytest.approx(np.expm1(middle + 2 * half)) == found.high
    assert (5, 7) == found.processes
    assert "sequential layout, cannot certify" == found.reason


def test_processes_without_spread_have_a_sharp_interval() -> None:
    """Where all processes of both sides agree, the interval is the effect."""
    found = compare_files([2.0] * 4, [3.0] * 4)

    assert pytest.approx(0.5) == found.effect == found.low == found.high


def test_a_single_zero_has_no_interval() -> None:
    """A logarithm of 0 does not exist, whichever side has it; the effect of the medians does."""
    for baseline, candidate in (([2.0] * 4, [0.0, *[3.0] * 3]), ([0.0, *[2.0] * 3], [3.0] * 4)):
        found = compare_files(baseline, candidate)

        assert 0.5 == found.effect
        assert (4, 4) == found.processes
        assert "cannot certify: values of 0 or below have no ratio" == found.reason
