"""``/perfgate run [GLOB]``: measure the pull request again."""

from __future__ import annotations

from perfgate import formatting
from perfgate.github import PullRequest
from webapp.history.models import Project
from webapp.inbox.commands.context import CommandContext
from webapp.inbox.commands.pull_request_rows import newest_runs
from webapp.measurements.reruns import request_reruns


def reply(context: CommandContext) -> str:
    """Request the measurement and return what was requested."""
    select, pull_request = context.arguments, context.pull_request
    workflow = request_runs(context.project, pull_request, reply_to=str(context.command.comment_id), select=select)
    what = f"benchmarks that match {formatting.code(select)}" if select else "all benchmarks"
    head = pull_request.head_sha[:10]
    return f"Asked {formatting.code(workflow)} to measure {what} at {head} beside its base. The comment above follows."


def request_runs(project: Project, pull_request: PullRequest, *, reply_to: str, select: str = "") -> str:
    """Request one measurement per suite of a pull request and return the workflow's file; needs the project's lock."""
    suites = sorted({run.suite for run in newest_runs(project, pull_request.number)}) or [""]
    return request_reruns(
        project,
        pull_request.number,
        base=pull_request.base_sha,
        head=pull_request.head_sha,
        suites=suites,
        select=select,
        reply_to=reply_to,
    )
