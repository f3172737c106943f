"""An alert's state follows from its change points and the policy; a person's decision stands."""

from __future__ import annotations

import pytest

from perfgate.policy import AlertRules
from perfgate.results.records import Direction
from tests.webapp.alerts.made import change_point, stored_alert
from webapp.alerts import states
from webapp.alerts.models import Alert, AlertState, StoredChangePoint
from webapp.alerts.remeasurement import Remeasurement
from webapp.history.models import Commit, Project

WAIT = AlertRules(confirm="points", points=4)


def facts(*series: StoredChangePoint, rules: AlertRules = WAIT) -> states.AlertFacts:
    """Return the facts of an alert about the first change point of a series; none: its change is gone."""
    return states.AlertFacts(regressions=series[:1], series={1: series}, remeasurement=Remeasurement(), rules=rules)


def updated(alert: Alert, known: states.AlertFacts) -> tuple[str, str]:
    states.update_state(alert, known)
    return alert.state, alert.reason


@pytest.mark.parametrize(("seen", "state"), [(1, "suspected"), (4, "suspected"), (5, "confirmed")])
def test_enough_later_points_confirm(project: Project, seen: int, state: str) -> None:
    """The first point at the new level does not count as a later one."""
    alert = stored_alert(project)

    assert state == updated(alert, facts(change_point(10, 0.2, seen=seen)))[0]


def test_a_policy_may_ask_for_no_confirmation(project: Project) -> None:
    """With ``confirm = "no"`` an alert is confirmed by its first point."""
    known = facts(change_point(10, 0.2), rules=AlertRules(confirm="no"))

    assert ("confirmed", states.NO_CONFIRMATION_NEEDED) == updated(stored_alert(project), known)


@pytest.mark.parametrize(("remaining", "state"), [(0.26, "suspected"), (0.24, "fixed"), (-0.1, "fixed")])
def test_a_level_returns_when_little_of_the_change_remains(project: Project, remaining: float, state: str) -> None:
    """An improvement to a quarter of the regression, or further, fixes the alert, with the commit that brought it."""
    regression = change_point(10, 0.2)
    size = states.log_worsening(regression)
    back = change_point(20, float(2.718281828459045 ** (-(1 - remaining) * size)) - 1)
    Commit.objects.create(pk=20, project=project, sha=f"{20:040x}", generation=20)
    alert = stored_alert(project)

    states.update_state(alert, facts(regression, back))

    assert (state, 20 if state == "fixed" else None) == (alert.state, alert.closed_by_id)


def test_an_alert_without_change_points_is_withdrawn(project: Project) -> None:
    """A change that later measurements do not show is withdrawn, although the alert was confirmed."""
    alert = stored_alert(project, state=AlertState.CONFIRMED)

    assert ("withdrawn", states.CHANGE_GONE) == updated(alert, facts())


@pytest.mark.parametrize("state", states.CLOSED_BY_PERSON)
def test_only_a_person_reopens_what_a_person_closed(project: Project, state: AlertState) -> None:
    """Accepted, dismissed and merged alerts stay so, whatever the points show."""
    alert = stored_alert(project, state=state, decided_by="ada")

    assert [state, state] == [updated(alert, known)[0] for known in (facts(), facts(change_point(10, 0.2, seen=99)))]


def test_a_decision_on_an_open_alert_stands(project: Project) -> None:
    """An acknowledged alert is not set to confirmed by later points."""
    alert = stored_alert(project, state=AlertState.ACKNOWLEDGED, decided_by="ada")

    assert "acknowledged" == updated(alert, facts(change_point(10, 0.2, seen=99)))[0]


@pytest.mark.parametrize(("was_confirmed", "state"), [(True, "confirmed"), (False, "suspected")])
def test_a_fixed_alert_is_reopened(project: Project, *, was_confirmed: bool, state: str) -> None:
    """If the return is gone, the alert is open again: confirmed if it was so before, and with the closing time removed."""
    alert = stored_alert(project)
    if was_confirmed:
        states.transition(alert, AlertState.CONFIRMED, who="", reason="")
    states.transition(alert, AlertState.FIXED, who="", reason="")
    assert alert.closed_at is not None

    assert (state, states.REGRESSED_AGAIN) == updated(alert, facts(change_point(10, 0.2)))
    assert alert.closed_at is None


def test_one_uploaded_run_is_enough_to_notify(project: Project) -> None:
    """An alert is about imported runs only until a run that was uploaded shows it."""
    alert = stored_alert(project, imported_only=True)
    states.update_state(alert, facts(change_point(10, 0.2, imported=True)))
    assert alert.imported_only

    states.update_state(alert, facts(change_point(10, 0.2)))

    assert not alert.imported_only


def test_the_same_transition_is_recorded_once(project: Project) -> None:
    """Setting the state that an alert has adds no event."""
    alert = stored_alert(project)
    for _ in range(2):
        states.transition(alert, AlertState.CONFIRMED, who="", reason="seen")

    assert [("moved", "suspected", "confirmed", "seen")] == list(
        alert.events.values_list("action", "before", "after", "text")
    )


@pytest.mark.parametrize(
    ("effect", "direction", "is_worse"),
    [
        (0.2, Direction.LOWER, True),
        (-0.2, Direction.LOWER, False),
        (0.2, Direction.HIGHER, False),
        (-1.0, Direction.HIGHER, True),
    ],
)
def test_worsening_is_positive_in_the_bad_direction(effect: float, direction: Direction, *, is_worse: bool) -> None:
    """Also of a metric where higher is better, and of a value that fell to nothing."""
    assert is_worse == (states.log_worsening(change_point(1, effect, direction=direction)) > 0)


def test_steps_add_up() -> None:
    """Up by a half and down by a third is no change."""
    steps = [states.log_worsening(change_point(1, effect)) for effect in (0.5, -1 / 3)]

    assert sum(steps) == pytest.approx(0.0, abs=1e-12)


def test_the_range_begins_at_the_newest_old_level(project: Project) -> None:
    """Of all series, the one that was measured last at its old level bounds the cause; later ones say nothing."""
    alert = stored_alert(project, 10)
    for number in (3, 7, 11):
        Commit.objects.create(pk=number, project=project, sha=f"{number:040x}", generation=number)

    states.narrow_range(alert, [change_point(position, 0.2) for position in (4, 8, 12)])

    assert 7 == alert.previous_commit_id
