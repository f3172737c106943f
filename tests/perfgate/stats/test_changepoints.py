"""A lasting change of level is found where it happened, and nothing else is reported."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from perfgate.stats.blocks import BLOCK, first_open
from perfgate.stats.changepoints import ChangePoint, Tracker, find_change_points, search
from perfgate.stats.odds import MIN_SIDE


def noisy(levels: list[float], length: int, noise: float = 0.01, seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.asarray(np.repeat(levels, length) * np.exp(noise * rng.standard_normal(len(levels) * length)), np.float64)


def test_a_step_is_found_at_its_commit() -> None:
    """The index is the first point of the new level; the interval holds the true effect."""
    (found,) = find_change_points(noisy([1.0, 1.1], 40))

    assert 40 == found.index
    assert found.low < 0.1 < found.high
    assert pytest.approx(1.0, abs=0.01) == found.before
    assert pytest.approx(1.1, abs=0.01) == found.after
    assert found.confidence > 0.99


def test_up_and_back_are_two_changes() -> None:
    """A regression and its fix are two change points, in order."""
    assert [30, 60] == [change.index for change in find_change_points(noisy([1.0, 1.2, 1.0], 30))]


@pytest.mark.parametrize(("before", "slow", "after"), [(12, 12, 12), (30, 12, 30), (60, 20, 60)])
def test_a_regression_that_was_soon_fixed_is_seen(before: int, slow: int, after: int) -> None:
    """A short level between two longer ones is two changes, so that the fix can be reported."""
    values = np.concatenate([noisy([1.0], before), noisy([1.1], slow, seed=2), noisy([1.0], after, seed=3)])

    assert [before, before + slow] == [change.index for change in find_change_points(values)]


def test_noise_alone_is_no_change() -> None:
    """A hundred histories of pure noise give at most five change points."""
    assert sum(len(find_change_points(noisy([1.0], 200, 0.05, seed))) for seed in range(100)) <= 5


def test_single_spikes_are_no_change() -> None:
    """Isolated outliers are not a new level."""
    values = noisy([1.0], 100)
    values[[20, 55, 56, 80]] *= 3

    assert () == find_change_points(values)


def test_a_new_segment_is_never_a_change() -> None:
    """A difference between two environments or two versions of the benchmark is not a change."""
    values = noisy([1.0, 2.0], 20)

    assert () == find_change_points(values, segments=["old"] * 20 + ["new"] * 20)


def test_levels_below_zero_are_handled() -> None:
    """A tracked quantity may be negative; its steps are relative to its magnitude."""
    (found,) = find_change_points(np.concatenate([noisy([1.0], 30) - 2.0, noisy([1.0], 30, seed=2) - 1.5]))

    assert 30 == found.index
    assert found.effect > 0


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 500, [0.0] * 100, [0.0] * 50 + [1.0] + [0.0] * 50])
def test_constant_and_short_series_have_no_change(values: list[float]) -> None:
    """The result is empty."""
    assert () == find_change_points(values)


def test_a_clean_step_between_constants_is_found() -> None:
    """Counted quantities have no noise at all, and their steps are found."""
    assert [25] == [change.index for change in find_change_points([100.0] * 25 + [101.0] * 25)]


def test_values_that_are_not_finite_are_refused() -> None:
    """The caller leaves failed measurements out; a NaN is an error."""
    with pytest.raises(ValueError, match="finite"):
        find_change_points([1.0, float("nan")])


def test_segment_labels_must_fit() -> None:
    """There is a label for each value, or none at all."""
    with pytest.raises(ValueError, match="2 segment labels for 3 values"):
        find_change_points([1.0, 2.0, 3.0], segments=["a", "b"])


@settings(max_examples=60)
@given(hnp.arrays(float, st.integers(0, 80), elements=st.floats(1e-9, 1e9)), st.sampled_from([1e-6, 8.0, 1e6]))
def test_the_unit_does_not_matter(values: NDArray[np.float64], factor: float) -> None:
    """Seconds and microseconds have the same change points, and no input crashes the search."""
    here, there = find_change_points(values), find_change_points(values * factor)

    assert [change.index for change in here] == [change.index for change in there]
    assert all(MIN_SIDE <= change.index <= len(values) - MIN_SIDE for change in here)


def indices(found: Sequence[ChangePoint]) -> list[int]:
    return [change.index for change in found]


def test_levels_and_spreads_are_reported() -> None:
    """A change point holds both levels and how widely their points scatter, in the unit of the series."""
    (found,) = find_change_points(np.concatenate([noisy([5.0], 60), noisy([10.0], 60, 0.04, seed=2)]))

    assert 0.03 < found.spread_before < 0.08
    assert 0.25 < found.spread_after < 0.6


@pytest.mark.parametrize(("effect", "points"), [(0.3, 6), (0.1, 10), (0.05, 15)])
def test_a_clear_step_is_found_soon(effect: float, points: int) -> None:
    """A few points of the new level are enough where the step is far above the noise."""
    for seed in range(5):
        values = np.concatenate([noisy([1.0], 30, seed=seed), noisy([1 + effect], points, seed=seed + 50)])
        (found,) = find_change_points(values)
        assert abs(found.index - 30) <= 1


@pytest.mark.parametrize("slope", [-0.001, 0.001, 0.003])
def test_a_ramp_is_no_step(slope: float) -> None:
    """Slow drift has no commit to blame; `find_drift` reports it."""
    values = noisy([1.0], 100) * np.exp(slope * np.arange(100))

    assert len(find_change_points(values)) <= 1


def test_two_modes_are_no_change() -> None:
    """Where every third point lies 4 % higher, as with memory layout effects, there is no change of level."""
    modes = np.where(np.random.default_rng(3).random(300) < 0.3, 1.04, 1.0)

    assert () == find_change_points(noisy([1.0], 300, 0.003) * modes)


def test_a_noisier_machine_is_no_change() -> None:
    """Three times the noise from some point on is not a new level."""
    values = np.concatenate([noisy([1.0], 100, 0.01), noisy([1.0], 100, 0.03, seed=2)])

    assert () == find_change_points(values)


def test_whole_numbers_with_ties_are_handled() -> None:
    """Counts that repeat exactly and differ by one are searched like other values."""
    rng = np.random.default_rng(5)
    values = np.concatenate([100 + rng.integers(0, 2, 60), 104 + rng.integers(0, 2, 60)])

    assert [60] == indices(find_change_points(values))


def test_a_step_within_the_stated_errors_is_no_change() -> None:
    """Stated errors widen those of the search; infinite errors are unknown ones."""
    values = noisy([1.0, 1.05], 20, 0.002)

    assert [20] == indices(find_change_points(values))
    assert [20] == indices(find_change_points(values, errors=np.full(40, np.inf)))
    assert () == find_change_points(values, errors=np.full(40, 0.2))


@pytest.mark.parametrize("errors", [[0.1], [0.1, -0.1, 0.1], [0.1, float("nan"), 0.1]])
def test_impossible_errors_are_refused(errors: list[float]) -> None:
    """There is one error per value, none below zero."""
    with pytest.raises(ValueError, match="errors must be 3 numbers of at least 0"):
        find_change_points([1.0, 2.0, 3.0], errors=errors)


def history(blocks: float) -> NDArray[np.float64]:
    """Return a long series with a step every 90 points or so."""
    rng = np.random.default_rng(11)
    length = int(blocks * BLOCK)
    levels = np.repeat(np.cumsum(rng.choice([-0.1, 0.1], length // 90 + 1)), 90)[:length]
    return np.asarray(np.exp(levels + 0.01 * rng.standard_normal(length)), np.float64)


def test_a_tracker_equals_the_search_of_the_whole_history() -> None:
    """Point by point, through saving and restoring, across blocks and segments, the change points are the same."""
    values = history(1.7)
    labels = ["a"] * 200 + ["b"] * (len(values) - 200)
    tracker = Tracker()

    for i, value in enumerate(values):
        tracker.append(value, segment=labels[i])
        if i % 97 == 0 or i in {199, 200, 711, 712, 713}:
            tracker = Tracker.restore(tracker.state())
            assert find_change_points(values[: i + 1], segments=labels[: i + 1]) == tracker.change_points
    assert len(tracker.change_points) > 5


@pytest.mark.parametrize("broken", [b"nonsense", b"[]", b"{}", b'{"open": [], "settled": [], "else": 1}'])
def test_a_tracker_refuses_broken_values(broken: bytes) -> None:
    """A refused value leaves the tracker unchanged, and a broken state is an error that says so."""
    tracker = Tracker()
    tracker.append(1.0)
    before = tracker.state()

    with pytest.raises(ValueError, match="finite"):
        tracker.append(float("inf"))
    assert before == tracker.state()
    with pytest.raises(ValueError, match="not the state of a tracker"):
        Tracker.restore(broken)


def test_the_state_stays_small() -> None:
    """The state grows with the number of change points, not with the history."""
    tracker = Tracker()
    for value in noisy([1.0], 3 * BLOCK):
        tracker.append(value)

    assert len(tracker.state()) < 25_000


@pytest.mark.parametrize("since", [0, 100, 600, 1500, 2047])
def test_results_before_the_first_open_position_are_settled(since: int) -> None:
    """Changes before `first_open` do not depend on later points; only the others are returned."""
    values = history(4)
    start = first_open(since, len(values))
    changed = np.concatenate([values[:since], values[since:] * 1.5])

    assert tuple(change for change in find_change_points(values) if change.index >= start) == find_change_points(
        values, since=since
    )
    assert [change for change in find_change_points(changed) if change.index < start] == [
        change for change in find_change_points(values) if change.index < start
    ]
    assert start <= since


def test_candidates_are_weaker_than_changes() -> None:
    """Every change is among the candidates; so is a step that noise hides."""
    values = np.concatenate([noisy([1.0], 60, 0.02), noisy([0.982], 60, 0.02, seed=4), noisy([1.2], 40, 0.02, seed=5)])
    found = search(values).candidates

    for index in indices(find_change_points(values)):
        assert any(abs(candidate.index - index) <= 3 for candidate in found)
    assert any(abs(candidate.index - 60) <= 5 and candidate.effect < 0 for candidate in found)
    assert all(0.01 < candidate.confidence < 1 for candidate in found)


@pytest.mark.parametrize("values", [[5e-324] + [0.0] * 9, [5e-324] * 6 + [1e-323] * 6, [1e300] * 6 + [1e-300] * 6])
def test_numbers_at_the_ends_of_what_a_float_holds_are_searched(values: list[float]) -> None:
    """Nothing overflows, and with errors larger than any step nothing is found."""
    find_change_points(values)

    assert find_change_points(values, errors=[1e300] * len(values)) == ()


@settings(max_examples=60)
@given(hnp.arrays(float, st.integers(0, 60), elements=st.floats(-1e6, 1e6)), st.integers(0, 60))
def test_a_tracker_agrees_on_any_finite_values(values: NDArray[np.float64], cut: int) -> None:
    """Zeros and negative values included, point by point gives the same as all at once."""
    tracker = Tracker()
    labels = ["a" if i < cut else "b" for i in range(len(values))]
    for value, label in zip(values, labels, strict=True):
        tracker.append(value, segment=label)

    assert find_change_points(values, segments=labels) == tracker.change_points
