"""``/perfgate bisect`` finds the commit of a pull request, one measurement after the other."""

from __future__ import annotations

import pytest

from standin import Change, StandIn
from tests.webapp.inbox.comments import HEAD, answers, say
from tests.webapp.lab import NAME, Lab, sha
from webapp.measurements.models import Bisection

COMMITS = [*range(90, 97), HEAD]
"""Of the pull request, oldest first."""


def line(github: StandIn) -> None:
    github.add_line(NAME, *(Change(sha(n), f"Change {n}", "Ada") for n in (1, *COMMITS)))


def answer(lab: Lab, github: StandIn, culprit: int) -> int:
    """Measure what GitHub was asked for, as long as it is asked; return how often."""
    done = 0
    while len(asked := github.dispatches(NAME)) > done:
        for dispatch in asked[done:]:
            assert dispatch.inputs["base"] == sha(1)
            head = int(dispatch.inputs["head"][:8], 16)
            lab.measure_again(1, head, {"parse": (1.0, 1.05 if head >= culprit else 1.0)})
        done = len(asked)
        lab.work()
    return done


@pytest.mark.parametrize("culprit", [COMMITS[0], 94, HEAD])
def test_bisect_finds_the_commit_of_a_pull_request(
    lab: Lab, github: StandIn, number: int, red: str, culprit: int
) -> None:
    """Its answer is kept up to date until one commit is proved; what is measured on the way makes no verdict of its own."""
    assert red
    line(github)
    say(lab, github, number, "/perfgate Bisect")
    assert "8 commits are suspect: about 3 measurements, 7 at most." in answers(github, number)[0].body
    assert answer(lab, github, culprit) <= 7

    (told,) = answers(github, number)
    assert f"{sha(culprit)[:10]} is the cause: +" in told.body
    assert f"`Change {culprit}` | `Ada` |" in told.body
    assert Bisection.objects.get().ended_at is not None
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD))] == ["failure"]
    assert not [check for commit in COMMITS[:-1] for check in github.check_runs(NAME, sha(commit))]


def test_one_search_at_a_time(lab: Lab, github: StandIn, number: int, red: str) -> None:
    assert red
    line(github)
    for _ in range(2):
        say(lab, github, number, "/perfgate bisect")
    assert "already" in answers(github, number)[1].body
    assert Bisection.objects.count() == 1
    assert len(github.dispatches(NAME)) == 1


def test_a_search_without_a_workflow_says_so(lab: Lab, github: StandIn, number: int, red: str) -> None:
    assert red
    line(github)
    github.fail("actions/create-workflow-dispatch", 422, "Workflow does not have 'workflow_dispatch' | @team")
    say(lab, github, number, "/perfgate bisect")
    lab.publish()
    (told,) = answers(github, number)
    assert "GitHub did not start the workflow: `" in told.body
    assert Bisection.objects.get().ended_at is not None


def test_where_there_is_nothing_to_search(lab: Lab, github: StandIn, number: int) -> None:
    """A green one, and one of a single commit."""
    lab.pull(number, HEAD, 1.0, 1.0)
    lab.work()
    say(lab, github, number, "/perfgate bisect")
    assert "no commit to look for" in answers(github, number)[0].body
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()
    github.add_line(NAME, Change(sha(1)), Change(sha(HEAD)))
    say(lab, github, number, "/perfgate bisect")
    assert "1 commits on one line" in answers(github, number)[1].body
    assert not github.dispatches(NAME)
