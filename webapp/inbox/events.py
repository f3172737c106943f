"""The webhook events that are processed: which deliveries are relevant, and what each does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from webapp.history.models import Project
from webapp.inbox import buttons, comment_commands, forks
from webapp.inbox.buttons import PressedButton
from webapp.inbox.commands.context import CommentCommand
from webapp.inbox.webhook_payload import WebhookPayload
from webapp.publishing.channels.github.check_runs import CHECK_NAME, RUN, waiting_check_run
from webapp.publishing.channels.github.pull_requests import store_check_run


@dataclass(frozen=True)
class EventHandler:
    """What is done about one kind of event."""

    is_relevant: Callable[[WebhookPayload], bool]
    handle: Callable[[Project, WebhookPayload, str], str]
    """Takes the project, the payload and the delivery's GUID; returns what was done, in words.

    Raises:
        PerfgateError: GitHub could not be asked; see `perfgate.errors` for which errors a retry can help.
    """


def _is_finished_workflow(payload: WebhookPayload) -> bool:
    run = payload.workflow_run
    return payload.action == "completed" and run is not None and run.event == "pull_request"


def _fetch_results(project: Project, payload: WebhookPayload, _guid: str) -> str:
    assert payload.workflow_run is not None
    return forks.fetch_results(project, payload.workflow_run.id)


def _is_new_head(payload: WebhookPayload) -> bool:
    return payload.action in {"opened", "synchronize", "reopened"} and payload.pull_request is not None


def _show_waiting(project: Project, payload: WebhookPayload, _guid: str) -> str:
    assert payload.pull_request is not None
    head = payload.pull_request.head
    is_fork = head.repo is None or head.repo.full_name.casefold() != project.repository.casefold()
    store_check_run(project, waiting_check_run(project, head.sha, is_fork=is_fork))
    return f"pull request {payload.pull_request.number} stands at {head.sha[:10]}"


def _is_pressed_button(payload: WebhookPayload) -> bool:
    is_pressed = payload.action in {"rerequested", "requested_action"}
    has_sender = payload.sender is not None and bool(payload.sender.login)
    return is_pressed and has_sender and payload.check_run is not None and payload.check_run.name == CHECK_NAME


def _press_button(project: Project, payload: WebhookPayload, guid: str) -> str:
    assert payload.check_run is not None
    assert payload.sender is not None
    pull_requests = payload.check_run.pull_requests
    button = PressedButton(
        press_id=f"button-{guid}",
        identifier=payload.requested_action.identifier if payload.requested_action else RUN,
        head_sha=payload.check_run.head_sha,
        pull_request=pull_requests[0].number if pull_requests else None,
        login=payload.sender.login,
    )
    return buttons.press(project, button)


def _is_command(payload: WebhookPayload) -> bool:
    comment, issue = payload.comment, payload.issue
    if payload.action != "created" or comment is None or issue is None or not issue.pull_request:
        return False
    has_author = comment.user is not None and bool(comment.user.login)
    return has_author and comment_commands.is_command(comment.body or "")


def _follow_command(project: Project, payload: WebhookPayload, _guid: str) -> str:
    assert payload.comment is not None
    assert payload.comment.user is not None
    assert payload.issue is not None
    command = CommentCommand(
        pull_request=payload.issue.number,
        comment_id=payload.comment.id,
        login=payload.comment.user.login,
        text=payload.comment.body or "",
    )
    return comment_commands.follow(project, command)


EVENTS: Mapping[str, EventHandler] = {
    "workflow_run": EventHandler(_is_finished_workflow, _fetch_results),
    "pull_request": EventHandler(_is_new_head, _show_waiting),
    "check_run": EventHandler(_is_pressed_button, _press_button),
    "issue_comment": EventHandler(_is_command, _follow_command),
}
"""By the name that GitHub gives the event."""
