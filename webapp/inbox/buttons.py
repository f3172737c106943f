"""Follow the buttons of a check run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from perfgate import formatting
from perfgate.gate import Outcome
from perfgate.report.markdown import MAX_ROWS
from perfgate.report.rows import row_id
from webapp.github import account
from webapp.history.locks import project_lock
from webapp.history.models import Project, Run
from webapp.inbox.commands.pull_request_rows import judged_rows
from webapp.inbox.commands.run import request_runs
from webapp.inbox.permissions import MAY_COMMAND, role_of
from webapp.publishing.channels.github.check_runs import ACCEPT
from webapp.publishing.channels.github.replies import store_reply

SUGGESTED = timedelta(days=30)
"""How long the suggested permission holds."""


@dataclass(frozen=True)
class PressedButton:
    """A button that somebody pressed."""

    press_id: str
    """Identifies this press."""
    identifier: str
    """``RUN`` or ``ACCEPT`` of `webapp.publishing.channels.github.check_runs`."""
    head_sha: str
    pull_request: int | None
    """As GitHub reports it; None for forks."""
    login: str


def press(project: Project, button: PressedButton) -> str:
    """Do what the button says; the same press again changes nothing.

    Returns:
        What was done, in words.

    Raises:
        PerfgateError: GitHub could not be asked; see `perfgate.errors` for which errors a retry can help.
    """
    runs = Run.objects.filter(project=project, commit__sha=button.head_sha, pull_request__isnull=False)
    run = runs.order_by("-pk").first()
    number = run.pull_request if run is not None else button.pull_request
    if number is None:
        return f"no pull request is known of commit {button.head_sha[:10]}"
    with account.connect(project) as repository:
        role = role_of(repository, button.login)
        if role not in MAY_COMMAND:
            return f"{formatting.plain(button.login)} may {role} here: nothing was done"
        pull_request = repository.pull_request(number)
    with project_lock(project.pk):
        if button.identifier == ACCEPT:
            store_reply(project, number, button.press_id, _accept_commands(project, number))
        else:
            request_runs(project, pull_request, reply_to=button.press_id)
    return f"{button.identifier[:40]} by {formatting.plain(button.login)} on pull request {number}"


def _accept_commands(project: Project, pull_request: int) -> str:
    """Return the commands that would accept what is over its budget."""
    failed = [row for _, row in judged_rows(project, pull_request) if row.outcome is Outcome.FAIL]
    if not failed:
        return "Nothing here is beyond its budget any more."
    until = timezone.now().date() + SUGGESTED
    lines = ["To accept, write one of these, with a reason, as a comment of its own:", ""]
    for row in failed[:MAX_ROWS]:
        most = math.ceil(100 * max(abs(row.low or 0.0), abs(row.high or 0.0)))
        command = f"/perfgate accept {row_id(row)} up to {most}% until {until} because …"
        lines.append(f"- {formatting.code(row.label)}: `{command}`")
    return "\n".join(lines)
