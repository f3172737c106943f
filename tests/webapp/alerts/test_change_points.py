"""Observed changes become rows that stay the same rows when a change moves a little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perfgate.stats.changepoints import SearchResult
from tests.webapp.alerts.made import stored_alert
from tests.webapp.lab import Lab
from webapp.alerts.change_points import MAX_MOVE, store_changes
from webapp.alerts.models import AlertKind, AlertState, StoredChangePoint
from webapp.alerts.observed_changes import ObservedChange, SearchedSeries
from webapp.history.models import Series
from webapp.history.series import read

LENGTH = 40


@pytest.fixture
def searched(lab: Lab) -> SearchedSeries:
    lab.history([1.0] * LENGTH)
    series = Series.objects.get()
    return SearchedSeries(series, read(series), np.arange(LENGTH), SearchResult((), ()))


def change(searched: SearchedSeries, position: int, effect: float = 0.2) -> ObservedChange:
    runs = searched.points.runs
    return ObservedChange(
        run_id=int(runs[position]),
        previous_run_id=int(runs[position - 1]),
        position=position,
        seen=LENGTH - position,
        effect=effect,
        low=effect,
        high=effect,
        before=1.0,
        after=1.0 + effect,
        regression=effect > 0,
    )


def store(searched: SearchedSeries, *changes: ObservedChange) -> list[tuple[int, int]]:
    """Store these changes; return row id and position of all that are stored then."""
    store_changes([searched], {searched.series.pk: changes})
    return list(StoredChangePoint.objects.order_by("position").values_list("pk", "position"))


def test_storing_again_changes_nothing(searched: SearchedSeries) -> None:
    """The same changes leave every row as it is, its time of detection included."""
    store(searched, change(searched, 10), change(searched, 20, -0.1))
    before = list(StoredChangePoint.objects.order_by("pk").values())

    store(searched, change(searched, 10), change(searched, 20, -0.1))

    assert before == list(StoredChangePoint.objects.order_by("pk").values())


@pytest.mark.parametrize(("distance", "is_same"), [(MAX_MOVE, True), (MAX_MOVE + 1, False)])
def test_a_change_may_move(searched: SearchedSeries, distance: int, *, is_same: bool) -> None:
    """Up to `MAX_MOVE` points away it keeps its row, further away it is another change."""
    ((row, _),) = store(searched, change(searched, 10))

    ((moved, position),) = store(searched, change(searched, 10 + distance))

    assert (10 + distance, is_same) == (position, moved == row)


def test_another_direction_or_kind_is_another_change(searched: SearchedSeries) -> None:
    """An improvement never takes over the row of a regression, nor a drift that of a step."""
    ((row, _),) = store(searched, change(searched, 10))
    ((improvement, _),) = store(searched, change(searched, 11, -0.2))
    ((drift, _),) = store(searched, replace(change(searched, 11, -0.2), kind=AlertKind.DRIFT))

    assert 3 == len({row, improvement, drift})


def test_the_nearest_change_keeps_the_row(searched: SearchedSeries) -> None:
    """Of two changes near a stored one, the nearer is the same change and the other is new."""
    ((row, _),) = store(searched, change(searched, 20))

    found = dict(store(searched, change(searched, 12), change(searched, 23)))

    assert 23 == found[row]


def test_accepted_drift_stays(searched: SearchedSeries, lab: Lab) -> None:
    """The row of drift that a person accepted is neither deleted nor taken over."""
    drift = replace(change(searched, 10), kind=AlertKind.DRIFT)
    ((row, _),) = store(searched, drift)
    alert = stored_alert(lab.project, 900, kind=AlertKind.DRIFT, state=AlertState.ACCEPTED)
    StoredChangePoint.objects.update(alert=alert)

    assert [(row, 10)] == store(searched)
    assert 2 == len(store(searched, replace(change(searched, 20), kind=AlertKind.DRIFT)))


def test_affected_are_series_and_the_alerts_they_leave(searched: SearchedSeries, lab: Lab) -> None:
    """Deleting the last change names the alert that it belonged to; a series that never had one is not affected."""
    empty = store_changes([searched], {searched.series.pk: []})
    store(searched, change(searched, 10))
    alert = stored_alert(lab.project, 900)
    StoredChangePoint.objects.update(alert=alert)
    left = store_changes([searched], {searched.series.pk: []})

    assert ([], set()) == (empty.series, empty.alerts)
    assert ([searched.series.pk], {alert.pk}) == (left.series, left.alerts)
