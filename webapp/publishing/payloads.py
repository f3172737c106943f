"""Rows -> what GitHub is meant to show or to do, as values; issues have `webapp.publishing.channels.github.issues`. Nothing is read or written.

Every text of a stranger (benchmark, branch, subject, author) goes through ``code`` or ``plain`` of `perfgate.formatting`.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence

import msgspec
from django.conf import settings

from perfgate import formatting, gate
from perfgate.github import Conclusion
from perfgate.report.headline import CONCLUSIONS, SYMBOLS, headline, is_worth_a_comment, worst
from perfgate.report.markdown import CommentContext, combined
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Project
from webapp.measurements import bisection
from webapp.measurements.bisection import Search

CHECK_NAME = "perfgate"
MAX_SUSPECTS = 5
MAX_SELECT_CHARACTERS = 500
"""Of the glob that a workflow is given; GitHub takes 65,535 for all inputs together."""


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """The sticky comment of one pull request."""

    pull_request: int
    marker: str
    markdown: str
    head_sha: str = ""
    """Commit that it is about; empty: it is no verdict's."""
    react_to: int = 0
    """Id of the comment that it answers, which gets a sign at once; 0: none."""


class CheckRun(msgspec.Struct, frozen=True, kw_only=True):
    """The check run of one commit."""

    head_sha: str
    name: str
    external_id: str
    conclusion: Conclusion | None
    """None: it is not known yet."""
    title: str
    summary: str
    details_url: str
    actions: tuple[dict[str, str], ...] = ()


RUN, ACCEPT = "run", "accept"
"""What the buttons of a check run are known by."""

AGAIN = {"label": "Measure again", "description": "base and head, side by side", "identifier": RUN}
HOW_TO_ACCEPT = {"label": "Accept …", "description": "get the commands that would do it", "identifier": ACCEPT}


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that measures both ends of an alert's range again."""

    workflow: str
    """Its file below ``.github/workflows``."""
    ref: str
    """Branch whose version of it runs."""
    inputs: dict[str, str]
    """``base`` and ``head``, whole hashes; ``suite``; ``select``, a glob over benchmarks."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one run."""

    run_id: int
    verdict: gate.Verdict
    around: CommentContext = CommentContext()


def comment(project: Project, pull_request: int, judged: Sequence[Judged], *, exists: bool) -> Comment | None:
    """Return the comment for the newest verdicts of one pull request.

    Args:
        project: Whose pull request.
        pull_request: Its number.
        judged: One for each suite and environment, all of one head.
        exists: Whether the pull request has one already; it is then kept up to date, whatever happened.

    Returns:
        None where there is nothing worth telling: everything passed and nothing improved.
    """
    if not exists and not is_worth_a_comment([one.verdict for one in judged]):
        return None
    return Comment(
        pull_request=pull_request,
        marker=f"perfgate:pull:{project.slug}",
        markdown=_markdown(judged),
        head_sha=judged[0].verdict.head.sha,
    )


def check_run(project: Project, sha: str, judged: Sequence[Judged]) -> CheckRun:
    """Return the check run for the newest verdicts on one commit; the worst of them decides."""
    decisive = worst([one.verdict for one in judged])
    decides = next(one for one in judged if one.verdict is decisive)
    return CheckRun(
        head_sha=sha,
        name=CHECK_NAME,
        external_id=f"{CHECK_NAME}:{project.slug}:{sha}",
        conclusion=CONCLUSIONS[decisive.outcome],
        title=headline(decisive),
        summary=_markdown(judged),
        details_url=verdict_url(decides.run_id),
        actions=(AGAIN, *([HOW_TO_ACCEPT] if decisive.outcome is gate.Outcome.FAIL else [])),
    )


def waiting(project: Project, sha: str, *, is_fork: bool) -> CheckRun:
    """Return the check run of a pull request's head that has no verdict yet.

    A fork's is measured by our own runner only if somebody who read it says so: until then there is something to do.
    """
    said = (
        "The fork's own numbers make no check. Who may write here can have this commit measured: `/perfgate run`."
        if is_fork
        else "Base and head are being measured side by side; the verdict follows."
    )
    return CheckRun(
        head_sha=sha,
        name=CHECK_NAME,
        external_id=f"{CHECK_NAME}:{project.slug}:{sha}",
        conclusion="action_required" if is_fork else None,
        title="Not measured here yet" if is_fork else "Measuring",
        summary=said,
        details_url=f"{settings.BASE_URL}/projects/{project.slug}/",
        actions=(AGAIN,) if is_fork else (),
    )


def nothing(project: Project, sha: str) -> CheckRun:
    """Return the check run of a head whose workflow ended and left no result: no pass, and no waiting for ever."""
    return CheckRun(
        head_sha=sha,
        name=CHECK_NAME,
        external_id=f"{CHECK_NAME}:{project.slug}:{sha}",
        conclusion="neutral",
        title=f"{SYMBOLS[gate.Outcome.INCONCLUSIVE]} No verdict: the workflow left no result",
        summary="It is over, and nothing was uploaded. Its log says why; measure again once that is put right.",
        details_url=f"{settings.BASE_URL}/projects/{project.slug}/",
        actions=(AGAIN,),
    )


def measurement(project: Project, alert: Alert, regressions: Sequence[StoredChangePoint], workflow: str) -> Measurement:
    """Return what to ask for, to see whether the change of *alert* is there when both its ends are measured again.

    Args:
        project: Whose default branch holds the workflow.
        alert: With its commits loaded.
        regressions: Its change points in the bad direction, at least one, with benchmarks and runs loaded.
        workflow: File name.
    """
    assert alert.previous_commit is not None
    suite, _ = Counter(one.run.suite for one in regressions).most_common(1)[0]
    labels = [one.series.benchmark.label for one in regressions if one.run.suite == suite]
    # All of them and few others: what they have in common at the front.
    shared = os.path.commonprefix(labels)[:MAX_SELECT_CHARACTERS]  # noqa: RUF071 - characters are meant
    return Measurement(
        workflow=workflow,
        ref=project.default_branch,
        inputs={
            "base": alert.previous_commit.sha,
            "head": alert.commit.sha,
            "suite": suite,
            "select": glob.escape(shared) + ("" if labels == [shared] * len(labels) else "*"),
        },
    )


def step(project: Project, search: Search, position: int, workflow: str) -> Measurement:
    """Return what to ask for, to see whether the commit at *position* of a search is at the new level."""
    return Measurement(
        workflow=workflow,
        ref=project.default_branch,
        inputs={
            "base": search.row.base,
            "head": search.line[position - 1].sha,
            "suite": search.row.suite,
            "select": glob.escape(search.row.label[:MAX_SELECT_CHARACTERS]),
        },
    )


def progress(search: Search) -> str:
    """Return the answer to whoever ordered a search in a pull request: how far it is, and what it found."""
    row = search.row
    shown = [(change, chance) for change, chance in search.suspects][:MAX_SUSPECTS] if search.looks else []
    lines = [
        f"Searching for the commit that made {formatting.code(row.label)} worse, by {formatting.code(row.started_by)}: "
        + bisection.announced(len(search.line)),
        "",
        f"{len(search.asked)} asked, {len(search.looks)} measured. {search.conclusion}",
    ]
    if search.refusal:
        lines += ["", f"GitHub did not start the workflow: {formatting.code(search.refusal, 300)}."]
    if shown:
        lines += ["", "| commit | chance | subject | author |", "|---|---|---|---|"]
        lines += [
            f"| {change.sha[:10]} | {formatting.chance(chance)} | {formatting.code(change.subject)} | {formatting.code(change.author)} |"
            for change, chance in shown
        ]
    if search.looks:
        lines += ["", "| measured beside the base | change, 95 % interval |", "|---|---|"]
        lines += [
            f"| {each.sha[:10]} | {formatting.percent(each.effect)} {formatting.interval(each.low, each.high)} |"
            for each in search.looks
        ]
    return "\n".join(lines)


def verdict_url(run_id: int) -> str:
    """Return the address of a verdict's page."""
    return f"{settings.BASE_URL}/runs/{run_id}/verdict/"


def alert_url(alert: Alert) -> str:
    """Return the address of an alert's page."""
    return f"{settings.BASE_URL}/alerts/{alert.pk}/"


def _markdown(judged: Sequence[Judged]) -> str:
    return combined([(one.verdict, one.around) for one in judged])
