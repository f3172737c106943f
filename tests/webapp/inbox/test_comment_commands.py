"""Commands in comments: followed for people with the right, answered once, recorded; anybody else gets silence."""

from __future__ import annotations

from datetime import date, timedelta

import cmarkgfm
import pytest
from django.utils import timezone

from perfgate.report.rows import row_id
from standin import Change, StandIn
from standin.state import Comment
from tests.webapp.lab import NAME, Lab, sha
from webapp.history.models import Run
from webapp.inbox import deliveries
from webapp.inbox.models import Delivery
from webapp.measurements.models import Bisection
from webapp.verdicts import judgments
from webapp.verdicts.models import PullRequestWaiver
from webapp.worker import tasks

HEAD = 100
INPUTS = ("base", "head", "suite", "select", "pull_request")
UNTIL = (timezone.now().date() + timedelta(days=30)).isoformat()


@pytest.fixture
def number(github: StandIn) -> int:
    github.set_permission(NAME, "ada", "write")
    github.add_workflow(NAME, "perfgate.yml", *INPUTS)
    return github.open_pull_request(NAME, title="Change", head_sha=sha(HEAD), base_sha=sha(1))


@pytest.fixture
def red(lab: Lab, number: int) -> str:
    """A pull request that is red; returns the id of its row."""
    lab.pull(number, HEAD, 1.0, 1.05)
    lab.work()
    (row,) = judgments.read(Run.objects.latest("pk").verdict).rows
    return row_id(row)


def say(lab: Lab, github: StandIn, number: int, text: str, login: str = "ada") -> Delivery:
    """Let somebody comment, GitHub tell us, and the workers work."""
    comment_id = github.add_comment(NAME, number, login, text)
    payload = {
        "action": "created",
        "repository": {"full_name": NAME},
        "issue": {"number": number, "pull_request": {}},
        "comment": {"id": comment_id, "body": text, "user": {"login": login}},
    }
    payload["issue"] = {"number": number, "pull_request": {"url": "x"}}
    deliveries.note(str(comment_id), "issue_comment", payload)
    row = Delivery.objects.get(guid=str(comment_id))
    tasks.process_delivery(row.pk)
    lab.publish()
    row.refresh_from_db()
    return row


def answers(github: StandIn, number: int) -> list[Comment]:
    return [each for each in github.comments(NAME, number) if each.body.startswith("<!-- perfgate:answer:")]


def asked(github: StandIn, number: int) -> Comment:
    return [each for each in github.comments(NAME, number) if each.author != "perfgate[bot]"][-1]


def test_help_is_answered_once_with_a_sign(lab: Lab, github: StandIn, number: int) -> None:
    row = say(lab, github, number, "/perfgate help")
    (answer,) = answers(github, number)
    assert "/perfgate accept ID up to 8%" in answer.body
    assert asked(github, number).reactions == [("perfgate[bot]", "eyes")]

    Delivery.objects.update(processed_at=None, not_before=None)
    tasks.process_delivery(row.pk)
    lab.publish()
    assert len(answers(github, number)) == 1


@pytest.mark.parametrize("role", ["read", "none"])
def test_who_may_not_write_gets_silence(lab: Lab, github: StandIn, number: int, red: str, role: str) -> None:
    """Else anybody could make the bot talk; the record says who it was."""
    github.set_permission(NAME, "mallory", role)
    row = say(lab, github, number, f"/perfgate accept {red} up to 900% until {UNTIL} because I say so", "mallory")
    assert "was not answered" in row.outcome
    assert not answers(github, number)
    assert not PullRequestWaiver.objects.exists()
    assert not asked(github, number).reactions


def test_accept_waives_up_to_the_ceiling(lab: Lab, github: StandIn, number: int, red: str) -> None:
    """Comment and check run follow at once, and the decision is on record with who, why and until when."""
    say(lab, github, number, f"/perfgate accept {red} up to 8% until {UNTIL} because exact decimals, see #812")

    decision = PullRequestWaiver.objects.get()
    assert (decision.who, decision.reason, decision.until) == (
        "ada",
        "exact decimals, see #812",
        date.fromisoformat(UNTIL),
    )
    assert decision.max_regression == pytest.approx(0.08)
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD))] == ["success"]
    told = github.comments(NAME, number)[0]
    assert "1 waived" in told.body
    (answer,) = answers(github, number)
    assert "`exact decimals, see #812`" in answer.body


def test_the_ceiling_holds(lab: Lab, github: StandIn, number: int, red: str) -> None:
    say(lab, github, number, f"/perfgate accept {red} up to 8% until {UNTIL} because I say so")
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD))] == ["failure"]
    assert "beyond the waiver's ceiling (by ada)" in github.comments(NAME, number)[0].body


def test_it_holds_in_this_pull_request_alone(lab: Lab, github: StandIn, number: int, red: str) -> None:
    say(lab, github, number, f"/perfgate accept {red} up to 8% until {UNTIL} because I say so")
    other = github.open_pull_request(NAME, title="Other", head_sha=sha(HEAD + 1), base_sha=sha(1))
    lab.pull(other, HEAD + 1, 1.0, 1.05)
    lab.work()
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD + 1))] == ["failure"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("accept", "all four parts are needed"),
        ("accept {id} up to 8%", "all four parts are needed"),
        ("accept ffffff up to 8% until {until} because x", "is no row of the newest verdict"),
        ("accept {id} up to lots until {until} because x", "is no percentage"),
        ("accept {id} up to 9999% until {until} because x", "is no ceiling"),
        ("accept {id} up to 8% until 2020-01-31 because x", "is not between today"),
        ("accept {id} up to 8% until 2999-01-31 because x", "is not between today"),
        ("accept {id} up to 8% until 2027-02-31 because x", "is no day"),
        ("explain", "is no row of the newest verdict"),
        ("explain zzz", "is no row of the newest verdict"),
        ("dance", "is none of these"),
        ("<img src=x> @team `", "is none of these"),
    ],
)
def test_what_cannot_be_followed_says_how_to_write_it(
    lab: Lab, github: StandIn, number: int, red: str, text: str, why: str
) -> None:
    say(lab, github, number, "/perfgate " + text.format(id=red, until=UNTIL))
    (answer,) = answers(github, number)
    assert why in answer.body
    assert "<img" not in cmarkgfm.github_flavored_markdown_to_html(answer.body)
    assert not PullRequestWaiver.objects.exists()


def test_explain_tells_everything(lab: Lab, github: StandIn, number: int, red: str) -> None:
    say(lab, github, number, f"/perfgate explain {red}")
    (answer,) = answers(github, number)
    for said in ("+5", "95 % interval", "1 s → 1.05 s", "3 % (the default)", "pairs", "regressed, so fail"):
        assert said in answer.body


def test_run_measures_again(lab: Lab, github: StandIn, number: int, red: str) -> None:
    """The workflow of the default branch is asked, for exactly the head that GitHub shows."""
    assert red
    say(lab, github, number, "/perfgate run bench_*")
    (dispatch,) = github.dispatches(NAME)
    assert dispatch.ref == "main"
    assert dispatch.inputs == {
        "base": sha(1),
        "head": sha(HEAD),
        "suite": "bench",
        "select": "bench_*",
        "pull_request": str(number),
    }
    assert "`bench_*`" in answers(github, number)[0].body


COMMITS = [*range(90, 97), HEAD]
"""Of the pull request, oldest first."""


def line(github: StandIn) -> None:
    github.add_line(NAME, *(Change(sha(n), f"Change {n}", "Ada") for n in (1, *COMMITS)))


def answer(lab: Lab, github: StandIn, culprit: int) -> int:
    """Measure what GitHub was asked for, as long as it is asked; return how often."""
    done = 0
    while len(asked := github.dispatches(NAME)) > done:
        for each in asked[done:]:
            assert each.inputs["base"] == sha(1)
            head = int(each.inputs["head"][:8], 16)
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
    assert f"{sha(culprit)[:10]} did it: +" in told.body
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


def test_a_question_that_was_taken_back(lab: Lab, github: StandIn, number: int) -> None:
    """Who deletes the comment gets no answer, and nothing hangs."""
    comment_id = github.add_comment(NAME, number, "ada", "/perfgate help")
    github.delete_comment(NAME, comment_id)
    payload = {
        "action": "created",
        "repository": {"full_name": NAME},
        "issue": {"number": number, "pull_request": {"url": "x"}},
        "comment": {"id": comment_id, "body": "/perfgate help", "user": {"login": "ada"}},
    }
    deliveries.note("1", "issue_comment", payload)
    tasks.process_delivery(Delivery.objects.get().pk)
    lab.publish()
    assert not answers(github, number)
