"""Tests of `webapp.pages.alert_extent`."""

from __future__ import annotations

import pytest

from tests.webapp.pages.stored import STEP_AT, Shop
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history import series as points_of
from webapp.pages.alert_extent import WORST_FIRST, with_extent


def test_changes_are_counted_with_their_range(shop: Shop) -> None:
    """An alert has the number of its regressions and improvements, and its smallest and largest change."""
    points = points_of.read(shop.series)
    StoredChangePoint.objects.create(
        series=shop.series,
        run_id=int(points.runs[STEP_AT + 1]),
        position=STEP_AT + 1,
        previous_run_id=int(points.runs[STEP_AT]),
        effect=-0.3,
        low=-0.31,
        high=-0.29,
        before=0.0138,
        after=0.01,
        regression=False,
        alert=shop.alert,
    )

    alert = with_extent(Alert.objects.all()).get()

    assert (2, 1, 1) == (alert.moved, alert.regressions, alert.improvements)
    assert (pytest.approx(-0.3), pytest.approx(0.122)) == (alert.smallest, alert.largest)
    assert pytest.approx(0.122) == alert.worst


def test_regressions_come_before_improvements(shop: Shop) -> None:
    """An alert without a regression is listed after one with a regression."""
    assert shop.alert.previous_commit is not None
    other = Alert.objects.create(project=shop.project, commit=shop.alert.previous_commit, branch="main")

    assert [shop.alert.pk, other.pk] == [alert.pk for alert in with_extent(Alert.objects.all()).order_by(*WORST_FIRST)]
