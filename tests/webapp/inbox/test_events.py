"""A check run waits from the moment a pull request has a new head, until a verdict or until the workflow left nothing.

Covers buttons.py, deliveries.py, models.py and webhook_payload.py too.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from standin import StandIn
from standin.state import CheckRun
from tests.webapp.lab import NAME, Lab, sha
from webapp.inbox import deliveries
from webapp.inbox.models import Delivery
from webapp.worker import tasks

HEAD, FORK = 100, "mallory/hello"
WORKFLOW = ".github/workflows/perfgate.yml"
INPUTS = ("base", "head", "suite", "select", "pull_request")
_guids = itertools.count(1)


@pytest.fixture
def number(github: StandIn) -> int:
    github.set_permission(NAME, "ada", "write")
    github.add_workflow(NAME, "perfgate.yml", *INPUTS)
    return github.open_pull_request(NAME, title="Change", head_sha=sha(HEAD), base_sha=sha(1))


def tell(lab: Lab, event: str, payload: dict[str, Any]) -> Delivery:
    guid = str(next(_guids))
    deliveries.store(guid, event, {"repository": {"full_name": NAME}, **payload})
    row = Delivery.objects.get(guid=guid)
    tasks.process_delivery(row.pk)
    lab.publish()
    row.refresh_from_db()
    return row


def opened(lab: Lab, number: int, repository: str = NAME, head: int = HEAD) -> None:
    side = {"sha": sha(head), "repo": {"full_name": repository}}
    tell(lab, "pull_request", {"action": "opened", "pull_request": {"number": number, "head": side}})


def ended(lab: Lab, github: StandIn, head: int = HEAD) -> Delivery:
    facts = {"path": WORKFLOW, "event": "pull_request", "head_branch": "change", "head_repository": NAME}
    run = github.add_workflow_run(NAME, head_sha=sha(head), artifacts={}, **facts)
    return tell(lab, "workflow_run", {"action": "completed", "workflow_run": {"id": run, "event": "pull_request"}})


def press(lab: Lab, identifier: str, login: str = "ada") -> Delivery:
    check = {"name": "perfgate", "head_sha": sha(HEAD), "pull_requests": []}
    payload = {"check_run": check, "requested_action": {"identifier": identifier}, "sender": {"login": login}}
    return tell(lab, "check_run", {"action": "requested_action", **payload})


def check(github: StandIn, head: int = HEAD) -> CheckRun:
    (found,) = github.check_runs(NAME, sha(head))
    return found


def test_from_waiting_to_a_verdict_it_is_one_check_run(lab: Lab, github: StandIn, number: int) -> None:
    """A required check is there at once, and never twice; a late word of the opening does not undo the verdict."""
    opened(lab, number)
    assert (check(github).status, check(github).conclusion) == ("in_progress", None)
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()
    assert (check(github).status, check(github).conclusion) == ("completed", "failure")
    assert [button["identifier"] for button in check(github).actions] == ["run", "accept"]
    opened(lab, number)
    ended(lab, github)
    assert check(github).conclusion == "failure"


def test_a_workflow_that_leaves_nothing_ends_the_waiting(lab: Lab, github: StandIn, number: int) -> None:
    """Neutral, with the reason: no pass that says it compared something, and no check that hangs."""
    opened(lab, number)
    ended(lab, github)
    assert check(github).conclusion == "neutral"
    assert "No verdict" in (check(github).title or "")
    lab.pull(number, HEAD, 1.0, 1.0)
    lab.work()
    assert check(github).conclusion == "success"


def test_a_fork_waits_for_somebody_who_read_it(lab: Lab, github: StandIn, number: int) -> None:
    """Its own numbers do not count: there is something to do, and a button that does it."""
    opened(lab, number, FORK)
    assert check(github).conclusion == "action_required"
    assert [button["identifier"] for button in check(github).actions] == ["run"]


def test_the_button_measures_again(lab: Lab, github: StandIn, number: int) -> None:
    """Once for each press, by who may write."""
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()
    row = press(lab, "run")
    (dispatch,) = github.dispatches(NAME)
    assert dispatch.inputs["head"] == sha(HEAD)
    assert dispatch.inputs["pull_request"] == str(number)
    Delivery.objects.filter(pk=row.pk).update(processed_at=None, not_before=None)
    tasks.process_delivery(row.pk)
    lab.publish()
    assert len(github.dispatches(NAME)) == 1
    assert "nothing was done" in press(lab, "run", "mallory").outcome
    tell(
        lab,
        "check_run",
        {"action": "rerequested", "check_run": {"name": "perfgate", "head_sha": sha(HEAD)}, "sender": {"login": "ada"}},
    )
    assert len(github.dispatches(NAME)) == 2


def test_the_other_button_tells_how_to_accept(lab: Lab, github: StandIn, number: int) -> None:
    """A press gives no reason, and no ceiling: it gets the commands that would."""
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()
    press(lab, "accept")
    told = [comment.body for comment in github.comments(NAME, number) if "To accept, write" in comment.body]
    assert len(told) == 1
    assert "up to 2" in told[0]
    assert "because …" in told[0]


@pytest.mark.usefixtures("number")
def test_a_commit_of_no_pull_request(lab: Lab) -> None:
    assert "no pull request is known" in press(lab, "run").outcome


def test_a_person_s_token_sets_statuses(lab: Lab, github: StandIn, number: int, settings: Any) -> None:
    github.add_token("person", "octocat")
    settings.GITHUB_TOKEN, settings.GITHUB_LOGIN = "person", ""
    opened(lab, number)
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()
    assert [status.state for status in github.statuses(NAME)] == ["pending", "failure"]
    assert not github.check_runs(NAME, sha(HEAD))
