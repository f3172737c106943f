"""The bound of a rate agrees with its definition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.stats.rates import upper_bound


@given(st.integers(1, 60), st.data())
def test_as_few_events_are_just_possible_at_the_bound(trials: int, data: st.DataObject) -> None:
    """At the bound, as few events as observed have a probability of one minus the confidence, by plain summation."""
    events = data.draw(st.integers(0, trials - 1))
    rate = upper_bound(events, trials, confidence=0.95)

    so_few = sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(events + 1))
    assert pytest.approx(0.05, rel=1e-6) == so_few


def test_without_trials_the_bound_is_one() -> None:
    """Without a trial, or with events only, the rate may be 1."""
    assert 1.0 == upper_bound(0, 0) == upper_bound(3, 3)


@pytest.mark.parametrize(("events", "trials", "confidence"), [(-1, 3, 0.9), (4, 3, 0.9), (0, 3, 1.0), (0, 3, 0.0)])
def test_impossible_counts_are_refused(events: int, trials: int, confidence: float) -> None:
    """A count outside its range is an error, not a rate."""
    with pytest.raises(ValueError, match="got"):
        upper_bound(events, trials, confidence=confidence)
