"""What GitHub is meant to show is kept as `Publication` rows; publishing makes GitHub equal to them.

Asking is free and can be done again at will: a row counts up only when what is wanted differs. Writing is done for one
row of a project at a time, by whoever claims it first, a second apart; what fails is tried again later and later, or
given up where trying cannot help.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from perfgate.errors import PerfgateError, RateLimited
from perfgate.github import Repository
from webapp.gating import verdicts, wanted
from webapp.gating.doorbell import ring
from webapp.gating.models import Alert, ChangePoint, Publication, Verdict
from webapp.history.models import Project, Run

log = logging.getLogger(__name__)

Kind = Publication.Kind

CLAIM_SECONDS = 300
"""Longest time that one publication takes; its requests time out long before."""

SPACING_SECONDS = 1.0
"""GitHub asks for at least this between writes."""

FIRST_WAIT_SECONDS = 15.0
LONGEST_WAIT_SECONDS = 3_600.0


def want_verdicts(run: Run) -> None:
    """Ask for the comment and the check run that the verdicts beside *run* lead to.

    Both are made from the newest verdicts, whichever run was judged last: an old verdict never covers a newer one.
    """
    project = run.project
    with transaction.atomic():
        _lock(project.pk)
        _want(
            project,
            Kind.CHECK_RUN,
            f"commit/{run.commit.sha}",
            wanted.check_run(project, run.commit.sha, _on_commit(run)),
        )
        if run.pull_request is None:
            return
        key = f"pull/{run.pull_request}"
        exists = Publication.objects.filter(project=project, kind=Kind.COMMENT, key=key).exists()
        newest = Run.objects.filter(project=project, pull_request=run.pull_request, verdict__isnull=False).latest("pk")
        comment = wanted.comment(project, run.pull_request, _on_commit(newest), exists=exists)
        if comment is not None:
            _want(project, Kind.COMMENT, key, comment)


def want_issues(project: Project, alerts: Iterable[Alert]) -> None:
    """Ask for the issues of *alerts*, opened or closed as the alerts are; needs the project's lock."""
    loud = {f"alert/{alert.pk}": alert for alert in alerts if not alert.quiet}
    rows = Publication.objects.filter(project=project, kind=Kind.ISSUE, key__in=loud)
    known = {row.key: msgspec.convert(row.wanted, wanted.Issue) for row in rows}
    for key, alert in loud.items():
        regressions = ChangePoint.objects.filter(alert=alert, regression=True).select_related(
            "series__benchmark", "series__environment", "run__commit", "previous_run__commit"
        )
        issue = wanted.issue(alert, list(regressions), known.get(key))
        if issue is not None:
            _want(project, Kind.ISSUE, key, issue)


def publish(publication_id: int) -> None:
    """Make GitHub equal to one publication, then ring for the next of its project."""
    row = claim(publication_id)
    if row is None:
        return
    project = row.project
    try:
        with Repository(
            project.repository,
            settings.GITHUB_TOKEN,
            api_url=settings.GITHUB_API_URL,
            author=settings.GITHUB_LOGIN,
        ) as repository:
            remote_id = _WRITERS[Kind(row.kind)](repository, row)
    except PerfgateError as error:
        _failed(row, error)
    else:
        Publication.objects.filter(pk=row.pk).update(
            published_revision=row.revision,
            remote_id=remote_id,
            claimed_until=None,
            attempts=0,
            not_before=None,
            error="",
        )
    following = due().filter(project=project).order_by("pk").first()
    if following is not None:
        ring("publish", following.pk, after_seconds=SPACING_SECONDS)


def due() -> QuerySet[Publication]:
    """Return the publications that may be written now; none where no token is configured."""
    now = timezone.now()
    rows = Publication.objects.filter(published_revision__lt=F("revision"), failed_for_good=False)
    rows = rows.filter(Q(not_before=None) | Q(not_before__lte=now), Q(claimed_until=None) | Q(claimed_until__lte=now))
    return rows.exclude(project__repository="") if settings.GITHUB_TOKEN else rows.none()


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


def _want(project: Project, kind: Kind, key: str, content: msgspec.Struct) -> None:
    """Keep what is wanted in one place, and ring if it is new."""
    # As it will be read back: a tuple would never equal its list.
    document = msgspec.json.decode(msgspec.json.encode(content))
    row, created = Publication.objects.get_or_create(project=project, kind=kind, key=key, defaults={"wanted": document})
    if not created and row.wanted == document:
        return
    if not created:
        row.wanted, row.revision = document, row.revision + 1
        row.error, row.failed_for_good, row.attempts = "", False, 0
        row.save(update_fields=["wanted", "revision", "error", "failed_for_good", "attempts"])
    if project.repository and settings.GITHUB_TOKEN:
        transaction.on_commit(lambda: ring("publish", row.pk))


def _on_commit(run: Run) -> list[wanted.Judged]:
    """Return the newest verdict of each suite and environment on the commit, and for the pull request, of *run*."""
    rows = (
        Verdict.objects.filter(
            run__project=run.project_id, run__commit=run.commit_id, run__pull_request=run.pull_request
        )
        .select_related("run")
        .order_by("run_id")
    )
    newest = {(row.run.suite, row.run.environment_id): row for row in rows}
    return [wanted.Judged(run_id=row.run_id, verdict=verdicts.read(row)) for row in newest.values()]


def _write_comment(repository: Repository, row: Publication) -> int | None:
    content = msgspec.convert(row.wanted, wanted.Comment)
    return repository.upsert_comment(content.pull_request, content.marker, content.markdown, comment_id=row.remote_id)


def _write_check_run(repository: Repository, row: Publication) -> int | None:
    content = msgspec.convert(row.wanted, wanted.CheckRun)
    return repository.upsert_check_run(
        **msgspec.structs.asdict(content), status="completed", check_run_id=row.remote_id
    )


def _write_issue(repository: Repository, row: Publication) -> int | None:
    content = msgspec.convert(row.wanted, wanted.Issue)
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


_WRITERS: dict[Kind, Callable[[Repository, Publication], int | None]] = {
    Kind.COMMENT: _write_comment,
    Kind.CHECK_RUN: _write_check_run,
    Kind.ISSUE: _write_issue,
}


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
    elif error.can_retry:
        wait = min(FIRST_WAIT_SECONDS * 2 ** min(row.attempts, 10), LONGEST_WAIT_SECONDS)
        this.update(not_before=now + timedelta(seconds=wait))
    else:
        # What was wanted meanwhile is another question.
        this.filter(revision=row.revision).update(failed_for_good=True)
