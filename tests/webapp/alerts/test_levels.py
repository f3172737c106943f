"""A series deviates from the level that was accepted last, by time or by a person."""

from __future__ import annotations

import pytest

from tests.webapp.alerts.made import change_point
from webapp.alerts.levels import deviation
from webapp.alerts.models import AlertKind, AlertState, StoredChangePoint


@pytest.mark.parametrize(
    ("effects", "worse"),
    [
        ([], 0.0),
        ([0.2], 0.2),
        ([0.2, 0.1], 0.32),  # two steps multiply
        ([-0.5], 0.0),  # a better level is accepted as soon as it is reached
        ([-0.5, 1.0], 1.0),  # and the old level is worse than it
        ([0.2, -1 / 6], 0.0),  # back to where it was
        ([0.2, -0.08], 0.104),  # half of it remains
        ([0.2, -0.15], 0.0),  # almost nothing remains
    ],
)
def test_the_best_level_is_the_accepted_one(effects: list[float], worse: float) -> None:
    """Getting worse adds up, getting better is accepted, and a return need not be exact."""
    found = deviation([change_point(10 * i, effect) for i, effect in enumerate(effects, 1)])

    assert found.worse == pytest.approx(worse, abs=1e-9)


def test_the_first_change_after_the_accepted_level_is_named() -> None:
    """`since` is the change that left the accepted level, however many followed."""
    first, second = change_point(10, 0.2), change_point(20, 0.1)

    assert first is deviation([first, second]).since


def test_a_person_accepts_a_worse_level() -> None:
    """After an accepted regression the deviation is counted anew."""
    accepted, later = change_point(10, 0.2, state=AlertState.ACCEPTED), change_point(20, 0.1)

    assert (0.0, True, accepted) == (
        deviation([accepted]).worse,
        deviation([accepted]).is_accepted,
        deviation([accepted]).since,
    )
    found = deviation([accepted, later])
    assert found.worse == pytest.approx(0.1)
    assert not found.is_accepted


@pytest.mark.parametrize(
    "ignored",
    [
        change_point(10, 0.2, state=AlertState.INVALID),
        change_point(10, 0.2, state=AlertState.WITHDRAWN),
        change_point(10, 0.2, kind=AlertKind.RUNNER),
    ],
    ids=["dismissed", "withdrawn", "machine"],
)
def test_what_is_no_change_of_the_code_does_not_count(ignored: StoredChangePoint) -> None:
    """Noise, withdrawn changes and changes of the machine leave the series at its accepted level."""
    assert 0.0 == deviation([ignored]).worse
