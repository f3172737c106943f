"""The verdicts that the comment and the check run of a commit are made of."""

from __future__ import annotations

from dataclasses import dataclass

from perfgate.gate import Verdict
from perfgate.report.markdown import CommentContext, combined
from webapp.history.models import Run
from webapp.publishing.channels.github.comment_context import comment_context
from webapp.verdicts import judgments
from webapp.verdicts.models import StoredVerdict


@dataclass(frozen=True)
class JudgedRun:
    """A run's verdict, and what is shown beside it."""

    run_id: int
    verdict: Verdict
    context: CommentContext


def newest_verdicts(run: Run) -> list[JudgedRun]:
    """Return the newest verdict of each suite and environment on the commit and pull request of *run*.

    Verdicts on untrusted runs are returned only if there is none on a trusted run.
    """
    verdicts = StoredVerdict.objects.filter(
        run__project=run.project_id, run__commit=run.commit_id, run__pull_request=run.pull_request
    )
    rows = list(verdicts.select_related("run__project").order_by("run_id"))
    trusted = [row for row in rows if row.run.trusted]
    newest = {(row.run.suite, row.run.environment_id): row for row in trusted or rows}
    judged = []
    for row in newest.values():
        verdict = judgments.read(row)
        judged.append(JudgedRun(row.run_id, verdict, comment_context(row.run, verdict)))
    return judged


def markdown(judged: list[JudgedRun]) -> str:
    """Return several verdicts as one text in Markdown."""
    return combined([(run.verdict, run.context) for run in judged])
