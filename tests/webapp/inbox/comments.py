"""Comments of people on a pull request, and the replies to them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from standin import StandIn
from standin.state import Comment
from tests.webapp.lab import NAME, Lab
from webapp.inbox import deliveries
from webapp.inbox.models import Delivery
from webapp.worker import tasks

HEAD = 100
"""Commit of the pull request."""
UNTIL = (timezone.now().date() + timedelta(days=30)).isoformat()


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
    deliveries.store(str(comment_id), "issue_comment", payload)
    row = Delivery.objects.get(guid=str(comment_id))
    tasks.process_delivery(row.pk)
    lab.publish()
    row.refresh_from_db()
    return row


def answers(github: StandIn, number: int) -> list[Comment]:
    return [comment for comment in github.comments(NAME, number) if comment.body.startswith("<!-- perfgate:answer:")]


def asked(github: StandIn, number: int) -> Comment:
    return [comment for comment in github.comments(NAME, number) if comment.author != "perfgate[bot]"][-1]
