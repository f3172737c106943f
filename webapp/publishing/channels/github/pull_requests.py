"""Store the comment and the check run of a pull request, and deliver the comment."""

from __future__ import annotations

import msgspec

from perfgate.github import Repository
from webapp.history.locks import project_lock
from webapp.history.models import Project, Run
from webapp.publishing.channels.github.check_runs import CheckRun, verdict_check_run
from webapp.publishing.channels.github.comments import VerdictComment, verdict_comment
from webapp.publishing.channels.github.newest_verdicts import JudgedRun, newest_verdicts
from webapp.publishing.channels.github.outbox import OUTBOX
from webapp.publishing.models import Publication
from webapp.publishing.targets import CommitTarget, PullRequestTarget


def store_verdicts(run: Run) -> None:
    """Store comment and check run after *run*, a pull request's, was judged.

    Both show the newest verdicts, whichever run was judged last, so an old verdict never replaces a newer one.
    """
    project = run.project
    with project_lock(project.pk):
        judged = newest_verdicts(run)
        if run.trusted:  # untrusted results must not make a required check pass
            check_run = verdict_check_run(project, run.commit.sha, judged)
            OUTBOX.store(project, CommitTarget(run.commit.sha), check_run)
        newest = Run.objects.filter(project=project, pull_request=run.pull_request, verdict__isnull=False).latest("pk")
        _store_comment(newest, judged if newest.commit_id == run.commit_id else newest_verdicts(newest))


def store_check_run(project: Project, check_run: CheckRun, *, replace_waiting: bool = False) -> None:
    """Store the check run of a commit without a verdict; an existing check run is kept.

    Args:
        project: The commit's project.
        check_run: What it shows.
        replace_waiting: Whether it replaces a check run that waits for a verdict.
    """
    with project_lock(project.pk):
        target = CommitTarget(check_run.head_sha)
        existing = OUTBOX.find(project, target)
        if existing is None or (replace_waiting and existing.payload["conclusion"] is None):
            OUTBOX.store(project, target, check_run)


def deliver_comment(repository: Repository, publication: Publication) -> int | None:
    """Write the comment about the pull request's current head; return the comment's id."""
    payload = msgspec.convert(publication.payload, VerdictComment)
    # Results arrive in any order, so only GitHub can tell which commit the comment should be about.
    head = repository.pull_request(payload.pull_request).head_sha
    if head != payload.head_sha:
        _store_comment_about(publication.project, payload.pull_request, head)
        publication.refresh_from_db(fields=["payload", "revision"])
        payload = msgspec.convert(publication.payload, VerdictComment)
    return repository.upsert_comment(
        payload.pull_request, payload.marker, payload.markdown, comment_id=publication.remote_id
    )


def _store_comment_about(project: Project, pull_request: int, head_sha: str) -> None:
    """Let the comment be about one commit, if there is a verdict on it."""
    with project_lock(project.pk):
        judged = Run.objects.filter(project=project, pull_request=pull_request, verdict__isnull=False)
        run = judged.filter(commit__sha=head_sha).select_related("project").order_by("-pk").first()
        if run is not None:
            _store_comment(run, newest_verdicts(run))


def _store_comment(run: Run, judged: list[JudgedRun]) -> None:
    assert run.pull_request is not None
    target = PullRequestTarget(run.pull_request)
    exists = OUTBOX.find(run.project, target) is not None
    comment = verdict_comment(run.project, run.pull_request, judged, exists=exists)
    if comment is not None:
        OUTBOX.store(run.project, target, comment)
