"""The server finds the commit of an alert's range with one measurement after the other, and shows what it knows.

Covers actions.py, bisection_cost.py and bisection_progress.py too.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client

from perfgate.errors import InvalidInput
from standin import Change, StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.alerts import actions
from webapp.alerts.models import Alert, AlertState, Event
from webapp.history.models import Run
from webapp.measurements import bisection
from webapp.measurements.bisection_progress import newest_progress
from webapp.measurements.models import Bisection, Measurement
from webapp.worker import processing, tasks

GOOD, BAD = 12, 44
INPUTS = ("base", "head", "suite", "select")


@pytest.fixture
def github(github: StandIn) -> StandIn:
    """GitHub with the whole line of commits, and a workflow that can be asked for."""
    github.add_line(NAME, *(Change(sha(n), f"Change {n}", "Ada", (1_000 + n,)) for n in range(60)))
    github.add_workflow(NAME, "perfgate.yml", *INPUTS)
    return github


def slow(lab: Lab) -> Alert:
    """Measure a history that got slower somewhere among commits of which most were not measured."""
    lab.history([1.0] * (GOOD + 1))
    lab.history([1.2] * 14, first=BAD)
    lab.work()
    return Alert.objects.get()


def search(alert: Alert) -> None:
    bisection.start(alert, who="ada")


def steps(github: StandIn) -> list[int]:
    """Return the commits that were asked to be measured."""
    return [
        int(dispatch.inputs["head"][:8], 16)
        for dispatch in github.dispatches(NAME)
        if dispatch.inputs["head"] != sha(BAD)
    ]


def answer(lab: Lab, github: StandIn, culprit: int) -> None:
    """Measure what GitHub was asked for, as long as it is asked."""
    answered = 0
    while len(asked := github.dispatches(NAME)) > answered:
        for dispatch in asked[answered:]:
            head = int(dispatch.inputs["head"][:8], 16)
            lab.measure_again(
                int(dispatch.inputs["base"][:8], 16), head, {"parse": (1.0, 1.2 if head >= culprit else 1.0)}
            )
        answered = len(asked)
        lab.work()


@pytest.mark.parametrize("culprit", [GOOD + 1, 30, BAD])
def test_the_commit_is_found(lab: Lab, github: StandIn, client: Client, culprit: int) -> None:
    """A few measurements beside the good end prove the one; issue, page, record and API say so with its chance."""
    alert = slow(lab)
    search(alert)
    lab.publish()
    answer(lab, github, culprit)

    found = newest_progress(alert)
    assert found is not None
    assert found.culprit is not None
    assert found.culprit.sha == sha(culprit)
    assert found.bisection.ended_at is not None
    assert len(github.dispatches(NAME)) <= 8
    assert {dispatch.inputs["base"] for dispatch in github.dispatches(NAME)} == {sha(GOOD)}
    assert {dispatch.inputs["select"] for dispatch in github.dispatches(NAME)} == {"parse"}
    (issue,) = github.issues(NAME)
    assert f"Searched for: {sha(culprit)[:10]} is the cause: +" in issue.body
    (row,) = [row for row in issue.body.splitlines() if row.startswith(f"| {sha(culprit)[:10]} | ")]
    assert f"`Change {culprit}` | `Ada`" in row
    assert "perfgate bisect" not in issue.body
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert f"{sha(culprit)[:10]} is the cause" in page
    assert Event.objects.filter(action="bisected").count() == 2
    told = client.get(f"/api/v1/alerts/{alert.pk}").json()["bisection"]
    assert told["outcome"] == "found"
    assert told["suspects"][0]["sha"] == sha(culprit)
    assert len(told["measured"]) == len(found.measured)
    assert Alert.objects.get().state == "confirmed"  # what a part of the range shows confirms and refutes nothing


def test_the_cost_is_shown_before_it_starts(lab: Lab, github: StandIn, client: Client) -> None:
    """Commits, measurements, and how long an answer took lately; once it runs, how far it is."""
    alert = slow(lab)
    client.force_login(User.objects.create_user("ada", is_staff=True))
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "32 commits are suspect. GitHub can measure about 5" in page
    assert "9 at most" in page

    client.post(f"/alerts/{alert.pk}/act/", {"action": "bisect"})
    lab.publish()
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "1 of at most 9 measurements requested" in page
    assert "Search for the commit" not in page
    answer(lab, github, 30)
    Measurement.objects.update(dispatched_at=F("dispatched_at") - timedelta(minutes=7))
    minutes = bisection.cost_for_alert(alert).minutes
    assert minutes is not None
    assert minutes == pytest.approx(7, abs=1)


def test_any_order_and_twice(lab: Lab, github: StandIn) -> None:
    """Starting twice, looking again, and every task again in any order ask for nothing more."""
    alert = slow(lab)
    search(alert)
    search(alert)
    lab.publish()
    answer(lab, github, 30)
    asked, told = len(github.dispatches(NAME)), list(Event.objects.values_list("action", "text"))
    runs = list(Run.objects.all())
    for run in random.Random(3).sample(runs, len(runs)):
        processing.process(run)
    lab.publish()

    assert Bisection.objects.count() == 1
    assert len(github.dispatches(NAME)) == asked
    assert list(Event.objects.values_list("action", "text")) == told


def test_a_commit_that_brings_no_answer_is_passed_by(lab: Lab, github: StandIn) -> None:
    """After a day another one is measured, without anybody's doing."""
    alert = slow(lab)
    search(alert)
    lab.publish()
    (first,) = steps(github)
    tasks.continue_bisections(lab.project.pk)
    lab.publish()
    assert steps(github) == [first]

    Measurement.objects.update(dispatched_at=F("dispatched_at") - timedelta(hours=25))
    assert [alert.pk] == list(Bisection.objects.filter(ended_at=None).values_list("alert", flat=True))
    tasks.continue_bisections(lab.project.pk)
    lab.publish()
    _, second = steps(github)
    assert second != first
    answer(lab, github, first + 3)
    found = newest_progress(alert)
    assert found is not None
    assert found.culprit is not None
    assert found.culprit.sha == sha(first + 3)


def test_a_refused_request_ends_it_with_the_reason(lab: Lab, github: StandIn) -> None:
    alert = slow(lab)
    github.fail("actions/create-workflow-dispatch", 422, "Workflow does not have 'workflow_dispatch' trigger")
    search(alert)
    lab.publish()

    row = Bisection.objects.get()
    assert row.ended_at is not None
    ended = Event.objects.filter(action="bisected").latest("pk")
    assert "GitHub did not start the workflow" in ended.text
    assert "workflow_dispatch" in ended.text
    assert not github.dispatches(NAME)


def test_the_day_s_limit_does_not_hold_a_search_back(lab: Lab, github: StandIn) -> None:
    """Somebody asked for it; and it takes nothing from what the history may ask for."""
    lab.policy = '[alerts]\nper_day = 1\nconfirm = "points"'
    alert = slow(lab)
    search(alert)
    lab.publish()
    answer(lab, github, 30)

    assert len(github.dispatches(NAME)) > 2


def test_an_alert_that_is_decided_needs_no_search(lab: Lab, github: StandIn) -> None:
    """It ends with the alert, and what it found out stands in the record."""
    alert = slow(lab)
    search(alert)
    lab.publish()
    actions.decide(alert, AlertState.ACCEPTED, who="ada", reason="exact decimals")
    lab.publish()

    assert len(steps(github)) == 1
    assert Bisection.objects.get().ended_at is not None
    assert "Given up: the alert is accepted." in Event.objects.filter(action="bisected").latest("pk").text


def test_untrusted_text_stays_text(lab: Lab, github: StandIn, client: Client) -> None:
    """A refusal, a subject, an author: shown, and nothing else."""
    github.fail("actions/create-workflow-dispatch", 422, "<script>alert(1)</script> | @team")
    alert = slow(lab)
    search(alert)
    lab.publish()
    lab.history([1.2], first=58)
    lab.work()

    assert "<script>alert" not in client.get(f"/alerts/{alert.pk}/").content.decode()
    (issue,) = github.issues(NAME)
    (told,) = [line for line in issue.body.splitlines() if "@team" in line]
    assert told.endswith("| @team.`")
    assert told.count("`") == 2


@pytest.mark.usefixtures("github")
def test_what_cannot_be_searched_says_why(lab: Lab) -> None:
    """One suspect, a range that nobody told, a closed alert, no repository: each names the way out."""
    lab.history([1.0] * 12 + [1.2] * 14)
    lab.work()
    alert = Alert.objects.get()
    with pytest.raises(InvalidInput, match="one suspect commit"):
        search(alert)
    alert.project.commit_ranges.all().delete()
    with pytest.raises(InvalidInput, match="GitHub has not told the commits"):
        search(alert)
    lab.project.repository = ""
    lab.project.save()
    with pytest.raises(InvalidInput, match="use 'perfgate bisect'"):
        search(alert)
    actions.decide(alert, AlertState.INVALID, who="ada", reason="noise")
    with pytest.raises(InvalidInput, match="no commit to look for"):
        search(alert)
