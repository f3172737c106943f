"""What GitHub tells: noted once, then dealt with as often as it takes.

What asks for something: a pull request that has a new head, a workflow for one that is over (a fork's: `webapp.inbox.forks`), a
comment that begins with our command, and a button under our check run (`webapp.inbox.comment_commands`). Of each payload only the
fields below are read and kept.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from perfgate.errors import PerfgateError, RateLimited
from webapp.github import account
from webapp.history.models import Project
from webapp.inbox import comment_commands, forks
from webapp.inbox.models import Delivery
from webapp.publishing import outbox, payloads
from webapp.queue import Task, enqueue, retry_delay

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""A delivery that was dealt with is forgotten after this; GitHub itself repeats none that is older than three days."""

MAX_ATTEMPTS = 10

Noted = Literal["noted", "known", "ignored"]


class _Repository(msgspec.Struct):
    full_name: str


class _User(msgspec.Struct):
    login: str = ""


class _WorkflowRun(msgspec.Struct):
    id: int
    event: str = ""


class _Issue(msgspec.Struct):
    number: int
    pull_request: Any = None


class _Comment(msgspec.Struct):
    id: int
    user: _User | None = None
    body: str | None = None


class _Head(msgspec.Struct):
    sha: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40,64}$")]
    repo: _Repository | None = None


class _PullRequest(msgspec.Struct):
    number: int
    head: _Head


class _Number(msgspec.Struct):
    number: int


class _CheckRun(msgspec.Struct):
    name: str
    head_sha: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40,64}$")]
    pull_requests: list[_Number] = []


class _RequestedAction(msgspec.Struct):
    identifier: str


class Payload(msgspec.Struct):
    """What is read of any event."""

    repository: _Repository | None = None
    action: str = ""
    workflow_run: _WorkflowRun | None = None
    issue: _Issue | None = None
    comment: _Comment | None = None
    pull_request: _PullRequest | None = None
    check_run: _CheckRun | None = None
    requested_action: _RequestedAction | None = None
    sender: _User | None = None


def note(guid: str, event: str, payload: object) -> Noted:
    """Keep a delivery that asks for something, and ring; the same one twice is one.

    Args:
        guid: GitHub's number of it.
        event: Such as ``workflow_run``.
        payload: The decoded body, its signature checked.
    """
    try:
        read = msgspec.convert(payload, Payload)
    except msgspec.ValidationError:
        return "ignored"
    asks = {
        "workflow_run": _asks_for_a_run,
        "issue_comment": _asks_for_an_answer,
        "pull_request": _asks_for_a_check,
        "check_run": _is_a_button,
    }.get(event)
    if asks is None or not asks(read):
        return "ignored"
    kept = msgspec.to_builtins(read)
    if kept.get("comment"):
        kept["comment"]["body"] = (read.comment.body or "")[: comment_commands.MAX_CHARACTERS] if read.comment else ""
    kept["issue"] = {"number": read.issue.number, "pull_request": True} if read.issue else None
    row, created = Delivery.objects.get_or_create(guid=guid, defaults={"event": event, "payload": kept})
    if created:
        transaction.on_commit(lambda: enqueue(Task.PROCESS_DELIVERY, row.pk))
    return "noted" if created else "known"


def owed() -> QuerySet[Delivery]:
    """Return the deliveries that wait to be dealt with now."""
    return Delivery.objects.filter(Q(not_before=None) | Q(not_before__lte=timezone.now()), processed_at=None)


def forget_old() -> None:
    """Drop what was dealt with long ago."""
    Delivery.objects.filter(processed_at__lt=timezone.now() - KEPT).delete()


def take(delivery_id: int) -> None:
    """Deal with one delivery; what GitHub cannot answer now is tried again later."""
    with transaction.atomic():
        # Two workers on one delivery take turns, and the second finds it done.
        row = owed().select_for_update(no_key=True).filter(pk=delivery_id).first()
        if row is None:
            return
        # Whoever dies from here on leaves it to the next one, later.
        Delivery.objects.filter(pk=row.pk).update(
            attempts=F("attempts") + 1, not_before=timezone.now() + retry_delay(row.attempts)
        )
    try:
        outcome = _dealt_with(row)
    except PerfgateError as error:
        log.warning("%s: %s", row, error)
        changes: dict[str, Any] = {"outcome": str(error)}
        if isinstance(error, RateLimited):
            changes["not_before"] = timezone.now() + timedelta(seconds=error.retry_after_seconds)
        elif not error.can_retry or row.attempts + 1 >= MAX_ATTEMPTS:
            changes["processed_at"] = timezone.now()
        Delivery.objects.filter(pk=row.pk).update(**changes)
    else:
        log.info("%s: %s", row, outcome)
        Delivery.objects.filter(pk=row.pk).update(processed_at=timezone.now(), outcome=outcome)


def _asks_for_a_run(read: Payload) -> bool:
    run = read.workflow_run
    return read.action == "completed" and run is not None and run.event == "pull_request"


def _asks_for_a_check(read: Payload) -> bool:
    return read.action in {"opened", "synchronize", "reopened"} and read.pull_request is not None


def _is_a_button(read: Payload) -> bool:
    known = read.action in {"rerequested", "requested_action"} and read.sender is not None and read.sender.login
    return bool(known) and read.check_run is not None and read.check_run.name == payloads.CHECK_NAME


def _asks_for_an_answer(read: Payload) -> bool:
    if (
        read.action != "created"
        or read.issue is None
        or not read.issue.pull_request
        or read.comment is None
        or not (read.comment.user and read.comment.user.login)
    ):
        return False
    return comment_commands.is_one(read.comment.body or "")


def _dealt_with(row: Delivery) -> str:
    """Do what a delivery asks for and say what came of it."""
    read = msgspec.convert(row.payload, Payload)
    name = read.repository.full_name if read.repository else ""
    projects = list(Project.objects.filter(repository__iexact=name)[:2]) if name else []
    if not projects or not account.is_configured():
        return f"no project here is that of {name[:200]!r}" if not projects else "the bot is nobody here"
    project = projects[0]
    if row.event == "workflow_run" and read.workflow_run is not None:
        return forks.fetch(project, read.workflow_run.id)
    if row.event == "pull_request" and read.pull_request is not None:
        head = read.pull_request.head
        is_fork = head.repo is None or head.repo.full_name.casefold() != project.repository.casefold()
        outbox.want_check(project, payloads.waiting(project, head.sha, is_fork=is_fork))
        return f"pull request {read.pull_request.number} stands at {head.sha[:10]}"
    if row.event == "check_run" and read.check_run is not None and read.sender is not None:
        pressed = read.check_run
        button = comment_commands.Button(
            key=f"button-{row.guid}",
            identifier=read.requested_action.identifier if read.requested_action else payloads.RUN,
            head_sha=pressed.head_sha,
            pull_request=pressed.pull_requests[0].number if pressed.pull_requests else None,
            login=read.sender.login,
        )
        return comment_commands.press(project, button)
    if read.comment is not None and read.issue is not None and read.comment.user is not None:
        order = comment_commands.Order(
            pull_request=read.issue.number,
            comment_id=read.comment.id,
            login=read.comment.user.login,
            text=read.comment.body or "",
        )
        return comment_commands.answer(project, order)
    return "nothing to do"
