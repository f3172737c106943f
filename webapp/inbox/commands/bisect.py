"""``/perfgate bisect``: find the commit of this pull request that made a benchmark slower."""

from __future__ import annotations

from collections.abc import Sequence

from perfgate.errors import NotFound, Rejected
from perfgate.gate import Outcome, Row
from perfgate.github import PullRequest, RangeCommit, Repository
from webapp.history.models import Project, Run
from webapp.inbox.commands.context import CommandContext, CommandDeclined
from webapp.inbox.commands.pull_request_rows import judged_rows, newest_runs
from webapp.measurements.bisection import PullRequestSearch, start_for_pull_request
from webapp.measurements.bisection_progress import read_progress
from webapp.measurements.models import Bisection
from webapp.publishing.channels.github.replies import progress_text

MIN_COMMITS = 2
"""Commits of the shortest range in which there is something to find."""


def fetch_commits(repository: Repository, project: Project, pull_request: PullRequest) -> Sequence[RangeCommit]:
    """Return the commits from the measured baseline to the pull request's head, oldest first; empty if unknown."""
    runs = [run for run in newest_runs(project, pull_request.number) if run.baseline_commit is not None]
    if not runs or runs[-1].baseline_commit is None:
        return ()
    try:
        return repository.commits_between(runs[-1].baseline_commit.sha, pull_request.head_sha, limit=1).line
    except (NotFound, Rejected):
        return ()  # one of the commits does not exist any more


def reply(context: CommandContext) -> str:
    """Start a bisection of the worst failed benchmark and return its progress.

    Raises:
        CommandDeclined: A bisection is open, or there is nothing to search.
    """
    bisections = Bisection.objects.filter(project=context.project, pull_request=context.command.pull_request)
    started = bisections.filter(comment_id=context.command.comment_id)
    if not started.exists():
        if bisections.filter(ended_at=None).exists():
            raise CommandDeclined("It is being searched for already: see the answer above.")
        search = _search(context, *_worst_failure(context))
        start_for_pull_request(context.project, search, who=context.command.login)
    return progress_text(read_progress(started.get()))


def _worst_failure(context: CommandContext) -> tuple[Run, Row]:
    rows = judged_rows(context.project, context.command.pull_request)
    failed = [(run, row) for run, row in rows if row.outcome is Outcome.FAIL and run.trusted]
    if not failed:
        raise CommandDeclined(
            "No benchmark here is beyond its budget by our own measurement: there is no commit to look for."
        )
    return max(failed, key=lambda run_and_row: run_and_row[1].severity)


def _search(context: CommandContext, run: Run, row: Row) -> PullRequestSearch:
    head = context.pull_request.head_sha
    commits = context.commits if run.commit.sha == head else ()
    assert run.baseline_commit is not None
    assert row.confidence_interval is not None  # a failed row was measured
    low, high = row.confidence_interval
    if len(commits) < MIN_COMMITS:
        raise CommandDeclined(
            f"The pull request has {len(commits) or 'no'} commits on one line from {run.baseline_commit.sha[:10]}, where it"
            f" was measured, to {head[:10]}: there is nothing to search. In a clone, `perfgate bisect` may find more."
        )
    return PullRequestSearch(
        pull_request=context.command.pull_request,
        comment_id=context.command.comment_id,
        label=row.label,
        metric=row.metric,
        suite=run.suite,
        base=run.baseline_commit.sha,
        commits=commits,
        low=low,
        high=high,
    )
