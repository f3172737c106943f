"""A lasting change of level is found where it happened; everything else is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from perfgate.stats.changepoints import find_change_points


def noisy(levels: list[float], each: int, noise: float = 0.01, seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.asarray(np.repeat(levels, each) * np.exp(noise * rng.standard_normal(len(levels) * each)), np.float64)


def test_a_step_is_found_at_its_commit() -> None:
    """The index is the first point of the new level; the interval holds the true effect."""
    (found,) = find_change_points(noisy([1.0, 1.1], 40))

    assert 40 == found.index
    assert found.low < 0.1 < found.high
    assert pytest.approx(1.0, abs=0.01) == found.before
    assert pytest.approx(1.1, abs=0.01) == found.after
    assert found.confidence > 0.999


def test_up_and_back_are_two_changes() -> None:
    """A regression and its fix are both marked, in order."""
    assert [30, 60] == [each.index for each in find_change_points(noisy([1.0, 1.2, 1.0], 30))]


@pytest.mark.parametrize(("before", "slow", "after"), [(12, 12, 12), (30, 12, 30), (60, 20, 60)])
def test_a_regression_that_was_soon_fixed_is_seen(before: int, slow: int, after: int) -> None:
    """A short-lived level between two longer ones is two changes, so that its fix can be told."""
    values = np.concatenate([noisy([1.0], before), noisy([1.1], slow, seed=2), noisy([1.0], after, seed=3)])

    assert [before, before + slow] == [each.index for each in find_change_points(values)]


def test_noise_alone_is_no_change() -> None:
    """A hundred histories of pure noise give no more than a handful of marks."""
    assert sum(len(find_change_points(noisy([1.0], 200, 0.05, seed))) for seed in range(100)) <= 5


def test_single_spikes_are_no_change() -> None:
    """One bad morning of a runner is not a new level."""
    values = noisy([1.0], 100)
    values[[20, 55, 56, 80]] *= 3

    assert () == find_change_points(values)


def test_a_new_segment_is_never_a_change() -> None:
    """Another machine or another version of the benchmark starts afresh."""
    values = noisy([1.0, 2.0], 20)

    assert () == find_change_points(values, segments=["old"] * 20 + ["new"] * 20)


def test_levels_below_zero_are_handled() -> None:
    """A tracked quantity may be negative; its steps are relative to its magnitude."""
    (found,) = find_change_points(np.concatenate([noisy([1.0], 30) - 2.0, noisy([1.0], 30, seed=2) - 1.5]))

    assert 30 == found.index
    assert found.effect > 0


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 500, [0.0] * 100, [0.0] * 50 + [1.0] + [0.0] * 50])
def test_constant_and_short_series_are_quiet(values: list[float]) -> None:
    """Nothing to see is said by an empty answer."""
    assert () == find_change_points(values)


def test_a_clean_step_between_constants_is_found() -> None:
    """Counted quantities have no noise at all, and change all the same."""
    assert [25] == [each.index for each in find_change_points([100.0] * 25 + [101.0] * 25)]


def test_values_that_are_not_finite_are_refused() -> None:
    """A failed measurement is left out by the caller, never guessed here."""
    with pytest.raises(ValueError, match="finite"):
        find_change_points([1.0, float("nan")])


def test_segment_labels_must_fit() -> None:
    """A label for each value, or none at all."""
    with pytest.raises(ValueError, match="2 segment labels for 3 values"):
        find_change_points([1.0, 2.0, 3.0], segments=["a", "b"])


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(float, st.integers(0, 80), elements=st.floats(1e-9, 1e9)), st.sampled_from([1e-6, 8.0, 1e6]))
def test_the_unit_does_not_matter(values: NDArray[np.float64], factor: float) -> None:
    """Seconds and microseconds have the same change points; no input makes it crash."""
    here, there = find_change_points(values), find_change_points(values * factor)

    assert [each.index for each in here] == [each.index for each in there]
    assert all(5 <= each.index <= len(values) - 5 for each in here)
