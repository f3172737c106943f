"""Commands in comments are followed for people with the right, answered once and recorded; nobody else gets a reply.

Covers permissions.py too.
"""

from __future__ import annotations

import pytest

from standin import StandIn
from tests.webapp.inbox.comments import UNTIL, answers, asked, say
from tests.webapp.lab import NAME, Lab
from webapp.inbox import deliveries
from webapp.inbox.models import Delivery
from webapp.verdicts.models import PullRequestWaiver
from webapp.worker import tasks


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
    deliveries.store("1", "issue_comment", payload)
    tasks.process_delivery(Delivery.objects.get().pk)
    lab.publish()
    assert not answers(github, number)
