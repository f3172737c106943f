"""Actions on alerts are checked and recorded, and no later detection undoes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from perfgate.errors import InvalidInput
from perfgate.results.records import Environment
from standin import StandIn
from tests.webapp.lab import NAME, Lab
from webapp.alerts import actions, levels
from webapp.alerts.models import Alert, AlertState, Event, StoredChangePoint
from webapp.history.models import Run, Series
from webapp.worker import processing

STEP = [1.0] * 12 + [1.2] * 12
TWO_BENCHMARKS = {n: {"parse": 1.2 if n >= 12 else 1.0, "write": 2.6 if n >= 12 else 2.0} for n in range(24)}
"""Both got slower at the same commit."""


def alert(lab: Lab, levels: list[float] = STEP) -> Alert:
    lab.history(levels)
    lab.work()
    return Alert.objects.get()


def two_causes(lab: Lab) -> tuple[Alert, Alert]:
    """Return the alerts of two benchmarks that moved at different commits."""
    lab.upload_all({n: {"parse": 1.2 if n >= 12 else 1.0, "write": 2.6 if n >= 26 else 2.0} for n in range(40)})
    lab.work()
    first, second = Alert.objects.order_by("commit__generation")
    return first, second


def again(lab: Lab) -> None:
    """Process everything again, as after a rebuild."""
    Run.objects.update(processed_at=None)
    processing.process_backlog(lab.project, wait_for_imports=False)


def told(one: Alert) -> list[tuple[str, str, str, str]]:
    return list(one.events.order_by("pk").values_list("action", "who", "before", "after"))


def test_every_change_of_state_is_an_event(lab: Lab) -> None:
    """Events hold who changed which state, and why, in order; the same action again adds none."""
    one = alert(lab)
    for _ in range(2):
        actions.decide(one, AlertState.ACKNOWLEDGED, who="ada", reason="mine")
    actions.decide(one, AlertState.ACCEPTED, who="bob", reason="exact decimals cost that")

    assert [
        ("opened", "", "suspected", "suspected"),
        ("moved", "", "suspected", "confirmed"),
        ("moved", "ada", "confirmed", "acknowledged"),
        ("moved", "bob", "acknowledged", "accepted"),
    ] == told(one)
    assert "exact decimals cost that" == one.events.latest("pk").text


def test_a_decision_stands_against_later_points(lab: Lab) -> None:
    """A dismissed alert is reopened neither by more points at the new level nor by a rebuild."""
    one = alert(lab)
    actions.decide(one, AlertState.INVALID, who="ada", reason="the runner was moved")
    lab.history([1.2] * 6, first=24)
    lab.work()
    again(lab)

    assert [AlertState.INVALID] == list(Alert.objects.values_list("state", flat=True))


def test_a_regression_never_becomes_the_baseline_by_itself(lab: Lab) -> None:
    """However long a worse level lasts, the series deviates from the accepted level until a person accepts it."""
    one = alert(lab, [1.0] * 12 + [1.2] * 80)
    series = Series.objects.get()
    assert levels.deviations([series.pk])[series.pk].worse == pytest.approx(0.2, rel=0.05)
    actions.decide(one, AlertState.ACKNOWLEDGED, who="ada")
    assert levels.deviations([series.pk])[series.pk].worse == pytest.approx(0.2, rel=0.05)

    actions.decide(one, AlertState.ACCEPTED, who="ada", reason="worth it")

    standing = levels.deviations([series.pk])[series.pk]
    assert (0.0, True) == (standing.worse, standing.is_accepted)


def test_a_better_level_becomes_the_baseline(lab: Lab) -> None:
    """After an improvement, returning to the former level counts as a deviation."""
    lab.history([1.2] * 12 + [1.0] * 12 + [1.2] * 12)
    lab.work()

    (standing,) = levels.deviations([Series.objects.get().pk]).values()
    assert standing.worse == pytest.approx(0.2, rel=0.05)


def test_a_dismissed_change_does_not_count(lab: Lab) -> None:
    """A series does not deviate by a change that was dismissed as noise."""
    one = alert(lab)
    actions.decide(one, AlertState.INVALID, who="ada", reason="noise")

    (standing,) = levels.deviations([Series.objects.get().pk]).values()
    assert 0.0 == standing.worse


def test_an_acknowledged_alert_is_fixed_and_reopened(lab: Lab) -> None:
    """The level returning fixes an acknowledged alert, and it is confirmed again if that return is gone."""
    one = alert(lab, [1.0] * 12 + [1.2] * 30)
    actions.decide(one, AlertState.ACKNOWLEDGED, who="ada")
    lab.upload_all({number: {"parse": 1.0} for number in range(42, 54)}, key="run {}")
    lab.work()
    lab.upload_all({number: {"parse": 1.2} for number in range(42, 54)}, key="run {}")
    lab.work()

    assert [
        ("moved", "ada", "confirmed", "acknowledged"),
        ("moved", "", "acknowledged", "fixed"),
        ("moved", "", "fixed", "confirmed"),
    ] == told(one)[2:]


def test_merged_alerts_stay_merged(lab: Lab, github: StandIn) -> None:
    """One alert takes over another's series for good; the other's issue says so and is closed."""
    first, second = two_causes(lab)
    actions.merge(second, first.pk, who="ada", reason="the same refactoring")
    StoredChangePoint.objects.filter(series__benchmark__name="write").delete()  # found anew, as after a rebuild
    again(lab)
    lab.work()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (AlertState.CONFIRMED, AlertState.MERGED, first) == (first.state, second.state, second.merged_into)
    assert {first.pk} == set(StoredChangePoint.objects.values_list("alert", flat=True))
    assert 2 == Alert.objects.count()
    assert ["open", "closed"] == [issue.state for issue in github.issues(NAME)]
    assert "same cause" in github.issues(NAME)[1].comments[-1].body


def test_a_split_series_stays_split(lab: Lab) -> None:
    """Series that were split off keep their own alert when their change is detected again."""
    lab.upload_all(TWO_BENCHMARKS)
    lab.work()
    one = Alert.objects.get()
    write = Series.objects.get(benchmark__name="write")
    new = actions.split(one, [write.pk], who="ada", reason="another commit of the day")
    StoredChangePoint.objects.filter(series=write).delete()
    again(lab)

    assert {("parse", one.pk), ("write", new.pk)} == set(
        StoredChangePoint.objects.values_list("series__benchmark__name", "alert")
    )
    assert ["confirmed", "confirmed"] == list(Alert.objects.values_list("state", flat=True))
    assert ("split", "ada") in Event.objects.filter(alert=one).values_list("action", "who")


def test_a_split_alert_can_be_merged_back(lab: Lab) -> None:
    """Merging a split alert back leaves one alert with all series, and later detections keep it so."""
    lab.upload_all(TWO_BENCHMARKS)
    lab.work()
    one = Alert.objects.get()
    new = actions.split(one, [Series.objects.get(benchmark__name="write").pk], who="ada")
    actions.merge(new, one.pk, who="ada")
    StoredChangePoint.objects.all().delete()
    again(lab)

    assert {one.pk} == set(StoredChangePoint.objects.values_list("alert", flat=True))


@pytest.mark.parametrize(
    ("attempt", "complaint"),
    [
        (lambda one: actions.decide(one, AlertState.ACCEPTED, who="ada"), "a reason is needed"),
        (lambda one: actions.decide(one, AlertState.FIXED, who="ada", reason="x"), "cannot become fixed"),
        (lambda one: actions.decide(one, AlertState.INVALID, who="ada", reason="x" * 2_001), "2,001 characters"),
        (lambda one: actions.note(one, " \n", who="ada"), "empty"),
        (lambda one: actions.assign(one, "x" * 151, who="ada"), "151 characters"),
        (lambda one: actions.merge(one, one.pk, who="ada"), "no other alert"),
        (lambda one: actions.merge(one, 10**9, who="ada"), "no other alert"),
        (lambda one: actions.split(one, [], who="ada"), "some, not all"),
        (lambda one: actions.split(one, [one.change_points.get().series_id], who="ada"), "some, not all"),
        (lambda one: actions.act(one, actions.ActionRequest(action="explode"), who="ada"), "no action"),
    ],
)
def test_an_impossible_action_is_refused(lab: Lab, attempt: Callable[[Alert], object], complaint: str) -> None:
    """A missing reason, an impossible state, an invalid text or target is an error that names it, and changes nothing."""
    one = alert(lab)
    before = told(one)

    with pytest.raises(InvalidInput, match=complaint):
        attempt(one)

    assert before == told(one)


def test_one_cause_measured_in_two_environments(lab: Lab) -> None:
    """Two machines that measure every other commit give one alert, with the range that both leave open."""
    for number in range(48):
        machine = Environment(name=f"machine {number % 2}", fields={"cpu": "c"})
        lab.upload(number, {"parse": 1.2 if number >= 24 else 1.0}, environment=machine)
    lab.work()

    one = Alert.objects.get()
    assert 2 == one.change_points.count()
    assert one.previous_commit is not None
    assert ("Change 23", "Change 24") == (one.previous_commit.subject, one.commit.subject)
