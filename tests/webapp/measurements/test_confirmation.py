"""No alert is published before it is confirmed, nor twice, nor too many in a day, whatever fails in between.

Covers receivers.py and signals.py too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from standin import Dispatch, StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.alerts.models import Alert, Event, StoredChangePoint
from webapp.alerts.signals import alerts_settled
from webapp.history.models import Run
from webapp.measurements.models import Measurement
from webapp.publishing import publisher
from webapp.publishing.models import Publication
from webapp.worker import processing, tasks

YOUNG = [1.0] * 12 + [1.2] * 6
"""A step that five later points have held: too few to tell of."""
INPUTS = ("base", "head", "suite", "select")
DISPATCH = "actions/create-workflow-dispatch"


@pytest.fixture
def answering(github: StandIn) -> StandIn:
    """GitHub with a workflow that measures when it is asked."""
    github.add_workflow(NAME, "perfgate.yml", *INPUTS)
    return github


def suspect(lab: Lab, levels: list[float] = YOUNG) -> Alert:
    lab.history(levels)
    lab.work()
    return Alert.objects.get()


def state() -> str:
    return Alert.objects.get().state


def later(hours: int) -> None:
    """Let time go by."""
    passed = timedelta(hours=hours)
    Publication.objects.update(first_published_at=F("first_published_at") - passed, not_before=None)
    Measurement.objects.update(dispatched_at=F("dispatched_at") - passed)


def test_a_suspected_change_is_measured_again_and_not_told(lab: Lab, answering: StandIn) -> None:
    """A young change asks once for both ends of its range to be measured, and files nothing."""
    suspect(lab)
    lab.history([1.2], first=18)
    lab.work()

    asked = {"base": sha(11), "head": sha(12), "suite": "bench", "select": "parse"}
    assert [Dispatch("perfgate.yml", "main", asked)] == answering.dispatches(NAME)
    assert [] == answering.issues(NAME)
    assert "suspected" == state()


def test_the_selection_covers_all_series_and_is_a_glob(lab: Lab, answering: StandIn) -> None:
    """What is selected begins as all moved benchmarks do; signs that mean something to a glob mean themselves."""
    for number, level in enumerate(YOUNG):
        lab.upload(number, {"parse[a]": level, "parse[b]": 2 * level})
    lab.work()

    (asked,) = answering.dispatches(NAME)
    assert "parse[[]*" == asked.inputs["select"]


def test_measured_again_and_there(lab: Lab, answering: StandIn) -> None:
    """Where the gate sees the regression too, the alert is confirmed and its issue shows both estimates."""
    suspect(lab)
    lab.measure_again(11, 12, {"parse": (1.0, 1.2)})
    lab.work()

    (issue,) = answering.issues(NAME)
    assert "confirmed" == state()
    assert "measured again" in issue.body
    (row,) = [line for line in issue.body.splitlines() if line.startswith("| `parse`")]
    assert 2 == row.count(" %, +")  # the interval of the history, and that of the gate
    assert [] == answering.check_runs(NAME, sha(12))


def test_measured_again_and_not_there(lab: Lab, answering: StandIn) -> None:
    """Where the gate sees nothing, the alert is withdrawn, and however many points follow, nobody is told."""
    suspect(lab)
    lab.measure_again(11, 12, {"parse": (1.0, 1.0)})
    lab.work()
    assert "withdrawn" == state()

    lab.history([1.2] * 12, first=18)
    lab.work()

    assert "withdrawn" == state()
    assert [] == answering.issues(NAME)
    assert 1 == len(answering.dispatches(NAME))


def test_measured_again_and_unclear(lab: Lab, answering: StandIn) -> None:
    """An inconclusive answer asks once more, and not a third time; the alert stays suspected."""
    suspect(lab)
    for _ in range(3):
        lab.measure_again(11, 12, {"parse": (1.0, 1.2)}, rounds=1)
        lab.work()

    assert "suspected" == state()
    assert 2 == len(answering.dispatches(NAME))


def test_an_answer_may_come_before_the_question(lab: Lab, answering: StandIn) -> None:
    """A measurement of the range that somebody uploaded before the change was seen confirms it at once."""
    lab.measure_again(11, 12, {"parse": (1.0, 1.2)})
    lab.work()
    suspect(lab)

    assert "confirmed" == state()
    assert [] == answering.dispatches(NAME)


def test_what_another_pair_of_commits_shows_is_no_answer(lab: Lab, answering: StandIn) -> None:
    """A run beside a baseline that is not the alert's range confirms nothing."""
    suspect(lab)
    lab.measure_again(10, 12, {"parse": (1.0, 1.2)})
    lab.work()

    assert "suspected" == state()
    assert 1 == len(answering.dispatches(NAME))


@pytest.mark.parametrize("fault", ["lost", 502])
def test_a_lost_answer_is_not_asked_for_twice(lab: Lab, answering: StandIn, fault: str | int) -> None:
    """A request that may have been obeyed is not repeated, but for once after a day without a measurement."""
    if isinstance(fault, int):
        answering.fail(DISPATCH, fault, after=True)
    else:
        answering.lose_response(DISPATCH)
    suspect(lab)
    lab.history([1.2], first=18)
    lab.work()
    assert 1 == len(answering.dispatches(NAME))

    later(hours=25)
    lab.history([1.2], first=19)
    lab.work()
    later(hours=25)
    lab.history([1.2], first=20)
    lab.work()
    assert 2 == len(answering.dispatches(NAME))


def test_a_rate_limit_only_delays(lab: Lab, answering: StandIn) -> None:
    """A request that GitHub certainly did not obey is made again when it may."""
    answering.fail(DISPATCH, 403, "secondary rate limit", headers={"Retry-After": "120"})
    suspect(lab)
    assert [] == answering.dispatches(NAME)

    Publication.objects.update(not_before=None)
    lab.publish()
    assert 1 == len(answering.dispatches(NAME))


def test_without_a_workflow_later_points_confirm(lab: Lab, github: StandIn) -> None:
    """Where nothing listens, that is noted, not tried again, and the change is told once enough points held it."""
    suspect(lab)
    assert "Not Found" in Publication.objects.get().error

    lab.history([1.2] * 6, first=18)
    lab.work()

    assert [DISPATCH, "issues/create"] == github.writes()
    assert "later points" in Alert.objects.get().reason


def test_what_is_confirmed_meanwhile_is_not_measured(lab: Lab, answering: StandIn) -> None:
    """A requested measurement that is no longer needed is never dispatched."""
    lab.history(YOUNG)
    processing.process_backlog(lab.project)
    lab.history([1.2] * 6, first=18)
    processing.process_backlog(lab.project)
    lab.publish()

    assert [] == answering.dispatches(NAME)
    assert 1 == len(answering.issues(NAME))


def test_an_imported_history_asks_for_nothing(lab: Lab, answering: StandIn) -> None:
    """Nothing old is measured again."""
    lab.history(YOUNG, imported=True)
    lab.work()

    assert [] == answering.exchanges


@pytest.mark.parametrize(
    ("policy", "state", "writes"),
    [
        ('[alerts]\nconfirm = "points"\npoints = 5', "confirmed", ["issues/create"]),
        ('[alerts]\nconfirm = "points"\npoints = 6', "suspected", []),
        ('[alerts]\nconfirm = "no"\npoints = 100', "confirmed", ["issues/create"]),
        ('[alerts]\nconfirm = "perhaps"', "suspected", [DISPATCH]),
    ],
)
def test_the_policy_says_when(lab: Lab, answering: StandIn, policy: str, state: str, writes: list[str]) -> None:
    """The rules on the default branch decide what confirms a change; rules that cannot be read are the defaults."""
    lab.policy = policy
    suspect(lab)

    assert state == Alert.objects.get().state
    assert writes == answering.writes()


def test_the_newest_commit_s_policy_counts(lab: Lab, answering: StandIn) -> None:
    """An old commit measured late, and another branch, do not bring their rules back."""
    lab.policy = '[alerts]\nconfirm = "points"\npoints = 100'
    lab.history(YOUNG, first=1)
    lab.policy = '[alerts]\nconfirm = "no"'
    lab.upload(0, {"parse": 1.0})
    lab.upload(30, {"parse": 1.0}, branch="other")
    lab.work()

    assert "suspected" == state()
    assert [] == answering.writes()


def test_only_so_many_a_day(lab: Lab, github: StandIn) -> None:
    """More new issues than the policy allows wait for the next day, and none is forgotten."""
    lab.policy = '[alerts]\nconfirm = "points"\nper_day = 2'
    for number in range(36):
        levels = {name: 1.2 if number >= start else 1.0 for name, start in (("a", 6), ("b", 12), ("c", 18), ("d", 24))}
        lab.upload(number, levels)
    lab.work()
    assert 2 == len(github.issues(NAME))
    assert all("2 a day" in error for error in Publication.objects.exclude(error="").values_list("error", flat=True))

    later(hours=25)
    lab.publish()
    assert 4 == len(github.issues(NAME))


def test_the_issue_draws_the_worst_series(lab: Lab, github: StandIn) -> None:
    """The issue holds a Mermaid chart of plain decimals, in percent of the level before."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.work()

    (issue,) = github.issues(NAME)
    chart = issue.body.partition("```mermaid\n")[2].partition("```")[0]
    look, kind, *_ = chart.splitlines()
    assert kind == "xychart-beta"
    assert (
        "plotColorPalette"
        in json.loads(look.removeprefix("%%{init: ").removesuffix("}%%"))["themeVariables"]["xyChart"]
    )
    drawn = [line for line in chart.splitlines() if line.strip().startswith("line [")]
    values, levels = ([float(value) for value in line.split("[")[1].rstrip("]").split(",")] for line in drawn)
    assert 24 == len(values) == len(levels)
    assert [100.0] * 12 == levels[:12]
    assert all(118 < level < 122 for level in levels[12:])
    assert "parse" not in chart


class Killed(BaseException):
    """The process ends here."""


def killed_at(write: int, work: Callable[[], Any]) -> bool:
    """Do *work* until its so-many-th write to the database; return whether it got that far."""
    left = write

    def count(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        nonlocal left
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            left -= 1
            if left == 0:
                raise Killed
        return execute(sql, *arguments)

    try:
        with connection.execute_wrapper(count):
            work()
    except Killed:
        return True
    return False


def decided() -> list[tuple[Any, ...]]:
    """Return what stands there, without ids and times."""
    return [
        *Alert.objects.order_by("commit__generation").values_list("commit__sha", "previous_commit__sha", "state"),
        *StoredChangePoint.objects.order_by("position").values_list("run__commit__sha", "seen", "alert__commit__sha"),
        *Event.objects.order_by("pk").values_list("alert__commit__sha", "action", "before", "after", "text"),
        *Publication.objects.order_by("kind", "pk").values_list("kind", "payload", "published_revision", "error"),
    ]


@pytest.mark.usefixtures("answering")
def test_killed_anywhere_and_done_again(lab: Lab) -> None:
    """A worker that dies at any of its writes, and tasks that run twice and in any order, lead to the same end."""
    lab.history([1.0] * 12 + [1.2] * 6)
    answer = lab.measure_again(11, 12, {"parse": (1.0, 1.2)})
    everything = list(Run.objects.order_by("-pk"))
    write = 1

    def process_all() -> None:
        for run in everything[:3]:
            processing.process(run)
        processing.process_backlog(lab.project)

    while killed_at(write, process_all):
        write += 1
    assert write > 5
    before = decided()

    for run in [*everything, answer, *everything[::-1]]:
        Run.objects.filter(pk=run.pk).update(processed_at=None)
        tasks.process_run(run.pk)

    assert before == decided()
    assert ["confirmed"] == list(Alert.objects.values_list("state", flat=True))
    assert 1 == Publication.objects.count()


def test_a_publisher_that_is_killed_does_not_say_it_twice(lab: Lab, answering: StandIn) -> None:
    """Wherever a publisher dies, a measurement is asked for at most once and an issue filed exactly once."""
    lab.history(YOUNG)
    processing.process_backlog(lab.project)
    (number,) = publisher.due().values_list("pk", flat=True)
    write = 1
    while killed_at(write, lambda: tasks.publish(number)):
        Publication.objects.update(claimed_until=None)
        write += 1
    assert len(answering.dispatches(NAME)) <= 1

    lab.measure_again(11, 12, {"parse": (1.0, 1.2)})
    processing.process_backlog(lab.project)
    issue = Publication.objects.get(kind="alert")
    write = 1
    while killed_at(write, lambda: tasks.publish(issue.pk)):
        Publication.objects.update(claimed_until=None)
        write += 1
    assert 1 == len(answering.issues(NAME))


@pytest.mark.usefixtures("answering")
def test_asking_again_changes_nothing(lab: Lab) -> None:
    """Settling an alert again stores and requests nothing new."""
    one = suspect(lab)
    before = list(Publication.objects.values_list())
    alerts_settled.send(Alert, project=lab.project, alerts=[one])

    assert before == list(Publication.objects.values_list())
