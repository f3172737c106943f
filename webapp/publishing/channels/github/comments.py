"""The comment of a pull request: the newest verdicts on its last commit."""

from __future__ import annotations

import msgspec

from perfgate.report.headline import is_worth_a_comment
from webapp.history.models import Project
from webapp.publishing.channels.github.newest_verdicts import JudgedRun, markdown


class VerdictComment(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a pull request: one comment, edited when the verdicts change."""

    pull_request: int
    marker: str
    markdown: str
    head_sha: str
    """The commit that the verdicts are about."""


def verdict_comment(
    project: Project, pull_request: int, judged: list[JudgedRun], *, exists: bool
) -> VerdictComment | None:
    """Return the comment of a pull request; None if everything passed and nothing improved.

    Args:
        project: The pull request's project.
        pull_request: Its number.
        judged: One run per suite and environment, all of one commit.
        exists: Whether the pull request has a comment; it is then updated in any case.
    """
    if not exists and not is_worth_a_comment([run.verdict for run in judged]):
        return None
    return VerdictComment(
        pull_request=pull_request,
        marker=f"perfgate:pull:{project.slug}",
        markdown=markdown(judged),
        head_sha=judged[0].verdict.head.sha,
    )
