"""Deliver publications through their channels.

One publication of a project is delivered at a time, by the worker that claims it. A failed delivery is repeated with
increasing waits, or given up if a retry cannot help. New alerts and confirmations beyond the daily limit wait.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from perfgate.errors import PerfgateError, RateLimited, Unavailable
from webapp.alerts import rules
from webapp.history.locks import project_lock
from webapp.measurements import bisection, lifecycle
from webapp.measurements.models import Measurement
from webapp.publishing.channels.registry import CHANNELS
from webapp.publishing.models import Publication
from webapp.queue import Task, enqueue, retry_delay

log = logging.getLogger(__name__)

CLAIM_SECONDS = 300
"""Longest time that one delivery takes; its requests time out long before."""

_DAY = timedelta(days=1)

_LIMITED = Q(kind=Publication.Kind.ALERT) | Q(measurement__purpose=Measurement.Purpose.CONFIRMATION)
"""Publications that nobody asked for; the policy limits their number in a day."""


def publish(publication_id: int) -> None:
    """Deliver one publication, then enqueue the next of its project."""
    row = claim(publication_id)
    if row is None:
        return
    channel = CHANNELS[row.channel]
    if row.measurement is not None and not lifecycle.is_needed(row.measurement):
        row.measurement.delete()
    elif not _held_back(row):
        _deliver(row)
    following = due().filter(project=row.project).order_by("pk").first()
    if following is not None:
        enqueue(Task.PUBLISH, following.pk, delay_seconds=channel.spacing_seconds)


def due() -> QuerySet[Publication]:
    """Return the publications that may be delivered now."""
    now = timezone.now()
    pending = Publication.objects.filter(published_revision__lt=F("revision"), failed_for_good=False)
    ready = pending.filter(
        Q(not_before=None) | Q(not_before__lte=now), Q(claimed_until=None) | Q(claimed_until__lte=now)
    )
    found = Publication.objects.none()
    for name, channel in CHANNELS.items():
        found |= channel.reachable(ready.filter(channel=name))
    return found


def claim(publication_id: int) -> Publication | None:
    """Claim a due publication, so that no other worker delivers for its project; None if it cannot be claimed."""
    now = timezone.now()
    row = due().filter(pk=publication_id).first()
    if row is None:
        return None
    with project_lock(row.project_id):
        if Publication.objects.filter(project=row.project_id, claimed_until__gt=now).exists():
            return None
        if not due().filter(pk=publication_id).update(claimed_until=now + timedelta(seconds=CLAIM_SECONDS)):
            return None
        relations = ("project", "alert", "measurement__alert", "measurement__bisection")
        return Publication.objects.select_related(*relations).get(pk=publication_id)


def _deliver(row: Publication) -> None:
    is_sent = False
    try:
        with CHANNELS[row.channel].connect(row.project) as connection:
            if row.measurement is not None:
                _record_sent(row, row.measurement)
                is_sent = True
            remote_id = connection.deliver(row)
    except PerfgateError as error:
        if not is_sent:
            _record_failure(row, error)
        elif isinstance(error, Unavailable) and not isinstance(error, RateLimited):
            # The workflow may have been started, so it is not started again.
            Publication.objects.filter(pk=row.pk).update(claimed_until=None, error=str(error))
        else:
            _record_not_sent(row, error)
    else:
        now = timezone.now() if row.measurement is not None or remote_id is not None else None
        Publication.objects.filter(pk=row.pk).update(
            published_revision=row.revision,
            remote_id=remote_id,
            first_published_at=row.first_published_at or now,
            claimed_until=None,
            attempts=0,
            not_before=None,
            error="",
        )


def _record_sent(row: Publication, measurement: Measurement) -> None:
    """Record that a workflow is being started: a worker that dies from here on has started it.

    The lock and the second read make sure that the newest request is sent, and that none replaces it unsent.
    """
    row.first_published_at = timezone.now()
    with project_lock(row.project_id):
        row.refresh_from_db(fields=["payload", "revision"])
        measurement.refresh_from_db()
        Publication.objects.filter(pk=row.pk).update(
            published_revision=row.revision, first_published_at=row.first_published_at
        )
        lifecycle.record_dispatched(measurement, row.first_published_at)


def _record_not_sent(row: Publication, error: PerfgateError) -> None:
    """Record that a workflow was certainly not started."""
    assert row.measurement is not None
    row.first_published_at = None
    with project_lock(row.project_id):
        Publication.objects.filter(pk=row.pk).update(published_revision=row.published_revision, first_published_at=None)
        lifecycle.record_not_dispatched(row.measurement)
        if _record_failure(row, error):
            lifecycle.record_refused(row.measurement, str(error))
    if row.measurement.bisection is not None:
        bisection.continue_all(row.project)  # a bisection that GitHub refuses is over


def _record_failure(row: Publication, error: PerfgateError) -> bool:
    """Record the error and the time of the next attempt; return whether there is none.

    A rate limit applies to all publications of the project.
    """
    log.warning("%s of project %s: %s", row, row.project.slug, error)
    now = timezone.now()
    this = Publication.objects.filter(pk=row.pk)
    this.update(claimed_until=None, error=str(error), attempts=F("attempts") + 1)
    if isinstance(error, RateLimited):
        until = now + timedelta(seconds=error.retry_after_seconds)
        pending = Publication.objects.filter(project=row.project_id, published_revision__lt=F("revision"))
        pending.update(not_before=until)
    elif error.can_retry or CHANNELS[row.channel].may_pass_later(row, error):
        this.update(not_before=now + retry_delay(row.attempts))
    else:
        # A payload that was stored meanwhile is tried.
        return bool(this.filter(revision=row.revision).update(failed_for_good=True))
    return False


def _held_back(row: Publication) -> bool:
    """Postpone a publication that exceeds the daily limit of its project; return whether it was postponed."""
    is_new = row.first_published_at is None and row.remote_id is None and CHANNELS[row.channel].opens_something(row)
    if not is_new or not Publication.objects.filter(_LIMITED, pk=row.pk).exists():
        return False
    allowed = rules.alert_rules(row.project).per_day
    published = Publication.objects.filter(
        _LIMITED,
        project=row.project_id,
        channel=row.channel,
        kind=row.kind,
        first_published_at__gt=timezone.now() - _DAY,
    ).order_by("-first_published_at")
    times = [time for time in published.values_list("first_published_at", flat=True)[:allowed] if time is not None]
    if len(times) < allowed:
        return False
    until = (times[-1] if times else timezone.now()) + _DAY
    Publication.objects.filter(pk=row.pk).update(
        claimed_until=None,
        not_before=until,
        error=f"held back until {until:%Y-%m-%d %H:%M} UTC: the policy allows {allowed} a day",
    )
    return True
