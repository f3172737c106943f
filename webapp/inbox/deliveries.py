"""Store webhook deliveries and process each until it succeeds or can never succeed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Literal

import msgspec
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from perfgate.errors import PerfgateError, RateLimited
from webapp.github import account
from webapp.history.models import Project
from webapp.inbox.commands.context import MAX_CHARACTERS
from webapp.inbox.events import EVENTS
from webapp.inbox.models import Delivery
from webapp.inbox.webhook_payload import WebhookPayload
from webapp.queue import Task, enqueue, retry_delay

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""A processed delivery is deleted after this time. GitHub repeats none that is older than three days."""

MAX_ATTEMPTS = 10

Status = Literal["noted", "known", "ignored"]
"""What happened to a delivery that arrived: stored, stored earlier, or not needed."""


def store(guid: str, event: str, payload: object) -> Status:
    """Store a delivery that asks for something, and enqueue its processing.

    Args:
        guid: GitHub's id of it.
        event: Such as ``workflow_run``.
        payload: The decoded body, after its signature was verified.
    """
    handler = EVENTS.get(event)
    try:
        read = msgspec.convert(payload, WebhookPayload)
    except msgspec.ValidationError:
        return "ignored"
    if handler is None or not handler.is_relevant(read):
        return "ignored"
    if read.comment is not None:
        read.comment.body = (read.comment.body or "")[:MAX_CHARACTERS]
    if read.issue is not None:
        read.issue.pull_request = bool(read.issue.pull_request)
    defaults = {"event": event, "payload": msgspec.to_builtins(read)}
    row, created = Delivery.objects.get_or_create(guid=guid, defaults=defaults)
    if created:
        transaction.on_commit(lambda: enqueue(Task.PROCESS_DELIVERY, row.pk))
    return "noted" if created else "known"


def pending() -> QuerySet[Delivery]:
    """Return the deliveries that can be processed now."""
    return Delivery.objects.filter(Q(not_before=None) | Q(not_before__lte=timezone.now()), processed_at=None)


def delete_old() -> None:
    """Delete the deliveries that were processed long ago."""
    Delivery.objects.filter(processed_at__lt=timezone.now() - KEPT).delete()


def process(delivery_id: int) -> None:
    """Process one pending delivery; if GitHub does not answer, it is processed again later."""
    with transaction.atomic():
        # Of two workers with the same delivery, the second waits for the lock and then finds nothing pending.
        row = pending().select_for_update(no_key=True).filter(pk=delivery_id).first()
        if row is None:
            return
        # If this worker dies, another one tries again after the delay.
        Delivery.objects.filter(pk=row.pk).update(
            attempts=F("attempts") + 1, not_before=timezone.now() + retry_delay(row.attempts)
        )
    try:
        outcome = _handle(row)
    except PerfgateError as error:
        _record_failure(row, error)
    else:
        log.info("%s: %s", row, outcome)
        Delivery.objects.filter(pk=row.pk).update(processed_at=timezone.now(), outcome=outcome)


def _handle(row: Delivery) -> str:
    """Do what a delivery asks for and return what was done."""
    payload = msgspec.convert(row.payload, WebhookPayload)
    name = payload.repository.full_name if payload.repository else ""
    project = Project.objects.filter(repository__iexact=name).order_by("pk").first() if name else None
    if project is None:
        return f"no project here is that of {name[:200]!r}"
    if not account.is_configured():
        return "the server has no account on GitHub"
    return EVENTS[row.event].handle(project, payload, row.guid)


def _record_failure(row: Delivery, error: PerfgateError) -> None:
    log.warning("%s: %s", row, error)
    changes: dict[str, Any] = {"outcome": str(error)}
    if isinstance(error, RateLimited):
        changes["not_before"] = timezone.now() + timedelta(seconds=error.retry_after_seconds)
    elif not error.can_retry or row.attempts + 1 >= MAX_ATTEMPTS:
        changes["processed_at"] = timezone.now()
    Delivery.objects.filter(pk=row.pk).update(**changes)
