"""The `Publication` rows that `webapp.publishing.outbox` keeps -> GitHub, made equal to them.

Writing is done for one row of a project at a time, by whoever claims it first, a second apart; what fails is tried again
later and later, or given up where trying cannot help. What is new and would be too much for one day waits for the next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from perfgate.errors import NotFound, PerfgateError, PermissionDenied, RateLimited, Rejected, Unavailable
from perfgate.github import Repository, Status
from webapp.alerts import rules
from webapp.alerts.models import ALERT_RELATIONS, Alert, AlertState
from webapp.github import account
from webapp.history.models import Project
from webapp.measurements import bisection, suspects
from webapp.measurements.models import Bisection
from webapp.publishing import outbox, payloads
from webapp.publishing.channels.github import issues
from webapp.publishing.models import Publication
from webapp.queue import Task, enqueue, retry_delay

log = logging.getLogger(__name__)

Kind = Publication.Kind

CLAIM_SECONDS = 300
"""Longest time that one publication takes; its requests time out long before."""

MAX_REJECTIONS = 4
"""GitHub also rejects what came too quickly, or names a commit that it has not seen everywhere yet. After so many failures
a refusal that says the same as the one before is meant."""


def publish(publication_id: int) -> None:
    """Make GitHub equal to one publication, then ring for the next of its project."""
    row = claim(publication_id)
    if row is None:
        return
    project = row.project
    if _is_moot(row):
        row.delete()
    elif not _held_back(row):
        _publish(row)
    following = due().filter(project=project).order_by("pk").first()
    if following is not None:
        enqueue(Task.PUBLISH, following.pk, delay_seconds=settings.GITHUB_SPACING_SECONDS)


def _publish(row: Publication) -> None:
    project = row.project
    now = timezone.now()
    this = Publication.objects.filter(pk=row.pk)
    try:
        repository = account.connect(project)
    except PerfgateError as error:
        _failed(row, error)
        return
    once = row.kind == Kind.DISPATCH
    if once:
        # Noted first: whoever stops here, or gets no answer, has asked, and does not ask again.
        this.update(published_revision=row.revision, first_published_at=now)
    try:
        with repository:
            remote_id = _WRITERS[Kind(row.kind)](repository, row)
    except PerfgateError as error:
        if once and isinstance(error, Unavailable) and not isinstance(error, RateLimited):
            this.update(claimed_until=None, error=str(error))  # it may have been obeyed
            return
        if once:
            this.update(published_revision=row.published_revision, first_published_at=None)
        _failed(row, error)
        if bisection.is_about(row.key):
            outbox.go_on_searching(row.project)  # a search that GitHub refuses is over
    else:
        done = {"claimed_until": None, "attempts": 0, "not_before": None, "error": ""}
        told = row.first_published_at or (now if once or remote_id is not None else None)
        this.update(**done, published_revision=row.revision, remote_id=remote_id, first_published_at=told)


def _is_moot(row: Publication) -> bool:
    """Return whether *row* asks for a measurement that its alert needs no more."""
    if row.kind != Kind.DISPATCH:
        return False
    if bisection.is_about(row.key):
        return not Bisection.objects.filter(pk=int(row.key.split("/")[3]), ended_at=None).exists()
    if row.ordered:
        return False
    number = row.key.split("/")[1]
    return not Alert.objects.filter(pk=int(number), state=AlertState.SUSPECTED).exists()


def _held_back(row: Publication) -> bool:
    """Give *row* back until tomorrow where its project was told enough new things today."""
    is_new = row.first_published_at is None and row.remote_id is None and row.wanted.get("state", "open") == "open"
    if row.kind not in {Kind.ISSUE, Kind.DISPATCH} or not is_new or row.ordered:
        return False
    allowed = rules.alert_rules(row.project).per_day
    day = timedelta(days=1)
    told = Publication.objects.filter(
        project=row.project_id, kind=row.kind, ordered=False, first_published_at__gt=timezone.now() - day
    ).order_by("-first_published_at")
    times = [each.first_published_at for each in told[:allowed] if each.first_published_at is not None]
    if len(times) < allowed:
        return False
    until = (times[-1] if times else timezone.now()) + day
    Publication.objects.filter(pk=row.pk).update(
        claimed_until=None,
        not_before=until,
        error=f"held back until {until:%Y-%m-%d %H:%M} UTC: the policy allows {allowed} a day",
    )
    return True


def due() -> QuerySet[Publication]:
    """Return the publications that may be written now; none where no token is configured."""
    now = timezone.now()
    rows = Publication.objects.filter(published_revision__lt=F("revision"), failed_for_good=False)
    rows = rows.filter(Q(not_before=None) | Q(not_before__lte=now), Q(claimed_until=None) | Q(claimed_until__lte=now))
    return rows.exclude(project__repository="") if account.is_configured() else rows.none()


def claim(publication_id: int) -> Publication | None:
    """Take one publication that is due, so that nobody else writes to its project; None where it cannot be had."""
    now = timezone.now()
    with transaction.atomic():
        row = due().filter(pk=publication_id).select_related("project").first()
        if row is None:
            return None
        _lock(row.project_id)
        if Publication.objects.filter(project=row.project_id, claimed_until__gt=now).exists():
            return None
        if not due().filter(pk=publication_id).update(claimed_until=now + timedelta(seconds=CLAIM_SECONDS)):
            return None
        row.refresh_from_db()
    return row


def _lock(project_id: int) -> None:
    Project.objects.select_for_update(no_key=True).get(pk=project_id)


def _write_comment(repository: Repository, row: Publication) -> int | None:
    content = msgspec.convert(row.wanted, payloads.Comment)
    if content.head_sha:
        # An old commit's result may come in last: what GitHub says is the head decides which verdict is told.
        head = repository.pull_request(content.pull_request).head_sha
        if head != content.head_sha:
            outbox.want_comment_at(row.project, content.pull_request, head)
            row.refresh_from_db(fields=["wanted", "revision"])
            content = msgspec.convert(row.wanted, payloads.Comment)
    if content.react_to:
        try:
            repository.react(content.react_to, "eyes")
        except NotFound:
            return None  # whoever asked took the question back
    return repository.upsert_comment(content.pull_request, content.marker, content.markdown, comment_id=row.remote_id)


_STATES: dict[str, Literal["success", "failure"]] = {"success": "success", "failure": "failure"}
"""Of statuses, by the conclusion of a check run; there is no neutral one."""


def _write_check_run(repository: Repository, row: Publication) -> int | None:
    content = msgspec.convert(row.wanted, payloads.CheckRun)
    if account.writes_check_runs():
        status: Status = "in_progress" if content.conclusion is None else "completed"
        return repository.upsert_check_run(**msgspec.structs.asdict(content), status=status, check_run_id=row.remote_id)
    # A person's token may not write check runs; a status says the same in one line.
    repository.set_status(
        content.head_sha,
        content.name,
        _STATES.get(content.conclusion or "", "pending"),
        content.title,
        content.details_url,
    )
    return None


def _write_issue(repository: Repository, row: Publication) -> int | None:
    alert = _alert(row)
    if suspects.learn(repository, alert):
        # What was learnt belongs into the first text that people are mailed.
        _ask_again(row)
        row.refresh_from_db(fields=["wanted", "revision"])
    content = msgspec.convert(row.wanted, issues.Issue)
    if content.state == "closed" and row.remote_id is None and not row.attempts:
        return None  # closed before it was ever filed
    number = repository.upsert_issue(
        content.marker, content.title, content.body, content.labels, issue_number=row.remote_id
    )
    if content.state == "closed":
        repository.close_issue(number, reason=content.reason, comment=content.comment)
    elif content.comment:
        repository.reopen_issue(number, comment=content.comment)
    return number


def _ask_again(row: Publication) -> None:
    """Have all that the alert of *row* asks for wanted anew."""
    with transaction.atomic():
        _lock(row.project_id)
        outbox.want_alerts(row.project, [_alert(row)])


def _alert(row: Publication) -> Alert:
    return Alert.objects.select_related(*ALERT_RELATIONS).get(pk=int(row.key.split("/")[1]))


def _write_measurement(repository: Repository, row: Publication) -> int | None:
    content = msgspec.convert(row.wanted, payloads.Measurement)
    repository.dispatch_workflow(content.workflow, content.ref, content.inputs)
    return None


_WRITERS: dict[Kind, Callable[[Repository, Publication], int | None]] = {
    Kind.COMMENT: _write_comment,
    Kind.CHECK_RUN: _write_check_run,
    Kind.ISSUE: _write_issue,
    Kind.DISPATCH: _write_measurement,
}


def _may_pass(row: Publication, error: PerfgateError) -> bool:
    """Return whether a refusal may be none the next time."""
    if isinstance(error, Rejected) and row.kind != Kind.DISPATCH:
        return row.attempts + 1 < MAX_REJECTIONS or row.error != str(error)
    return isinstance(error, PermissionDenied) and not row.attempts and account.renew_token(row.project)


def _failed(row: Publication, error: PerfgateError) -> None:
    """Note why, and when to try again; a rate limit holds for everything of the project."""
    log.warning("%s of project %s: %s", row, row.project.slug, error)
    now = timezone.now()
    this = Publication.objects.filter(pk=row.pk)
    this.update(claimed_until=None, error=str(error), attempts=F("attempts") + 1)
    if isinstance(error, RateLimited):
        until = now + timedelta(seconds=error.retry_after_seconds)
        Publication.objects.filter(project=row.project_id, published_revision__lt=F("revision")).update(
            not_before=until
        )
    elif error.can_retry or _may_pass(row, error):
        this.update(not_before=now + retry_delay(row.attempts))
    else:
        # What was wanted meanwhile is another question.
        this.filter(revision=row.revision).update(failed_for_good=True)
