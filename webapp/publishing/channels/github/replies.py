"""Replies to commands and pressed buttons in a pull request: one comment each."""

from __future__ import annotations

import msgspec

from perfgate import formatting
from perfgate.errors import NotFound
from perfgate.github import Repository
from webapp.history.models import Project
from webapp.measurements.bisection_progress import BisectionProgress, read_progress
from webapp.measurements.models import Bisection
from webapp.publishing.channels.github.outbox import OUTBOX
from webapp.publishing.models import Publication
from webapp.publishing.targets import ReplyTarget

MAX_SUSPECTS = 5
"""Suspects that the progress of a bisection lists."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a reply."""

    pull_request: int
    marker: str
    markdown: str
    react_to: int = 0
    """Id of the comment that gets a reaction at once; 0: none."""


def store_reply(project: Project, pull_request: int, reply_to: str, markdown: str, *, react_to: int = 0) -> None:
    """Store the one reply to a command or a pressed button; needs the project's lock.

    Args:
        project: The pull request's project.
        pull_request: Its number.
        reply_to: GitHub's id of what is answered.
        markdown: The reply.
        react_to: Id of the comment that gets a reaction; 0: none.
    """
    reply = Reply(pull_request=pull_request, marker=f"perfgate:answer:{reply_to}", markdown=markdown, react_to=react_to)
    OUTBOX.store(project, ReplyTarget(pull_request, reply_to), reply)


def store_progress(bisection: Bisection) -> None:
    """Store the reply to the comment that started a bisection; needs the project's lock."""
    assert bisection.pull_request is not None
    assert bisection.comment_id is not None
    store_reply(
        bisection.project,
        bisection.pull_request,
        str(bisection.comment_id),
        progress_text(read_progress(bisection)),
        react_to=bisection.comment_id,
    )


def progress_text(progress: BisectionProgress) -> str:
    """Return in Markdown how far a bisection is, and what it found."""
    bisection = progress.bisection
    label, started_by = formatting.code(bisection.label), formatting.code(bisection.started_by)
    lines = [
        f"Searching for the commit that made {label} worse, by {started_by}: {progress.cost.sentence}",
        "",
        f"{len(progress.requested)} requested, {len(progress.measured)} measured. {progress.conclusion}",
    ]
    if progress.refusal:
        lines += ["", f"GitHub did not start the workflow: {formatting.code(progress.refusal, 300)}."]
    if progress.measured:
        lines += ["", "| commit | chance | subject | author |", "|---|---|---|---|"]
        lines += [
            f"| {commit.sha[:10]} | {formatting.chance(chance)} | {formatting.code(commit.subject)}"
            f" | {formatting.code(commit.author)} |"
            for commit, chance in list(progress.suspects)[:MAX_SUSPECTS]
        ]
        lines += ["", "| measured beside the base | change, 95 % interval |", "|---|---|"]
        lines += [
            f"| {commit.sha[:10]} | {formatting.percent(commit.effect)} {formatting.interval(commit.low, commit.high)} |"
            for commit in progress.measured
        ]
    return "\n".join(lines)


def deliver(repository: Repository, publication: Publication) -> int | None:
    """Write the reply and return its id; None if the comment that it answers was deleted."""
    payload = msgspec.convert(publication.payload, Reply)
    if payload.react_to:
        try:
            repository.react(payload.react_to, "eyes")
        except NotFound:
            return None
    return repository.upsert_comment(
        payload.pull_request, payload.marker, payload.markdown, comment_id=publication.remote_id
    )
