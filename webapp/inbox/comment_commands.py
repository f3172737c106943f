"""Follow commands in a pull request's comments, such as ``/perfgate help``.

A comment is untrusted text until GitHub says what its author may do. Every command gets one reply, in a comment that is
found again by the command's id, and the command gets a reaction at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfgate import formatting
from webapp.github import account
from webapp.history.locks import project_lock
from webapp.history.models import Project
from webapp.inbox.commands import accept, bisect, explain, help_text, run
from webapp.inbox.commands.context import CommandContext, CommandDeclined, CommentCommand
from webapp.inbox.permissions import MAY_COMMAND, role_of
from webapp.publishing.channels.github.replies import store_reply

PREFIX = "/perfgate"

COMMANDS: Mapping[str, Callable[[CommandContext], str]] = {
    "help": help_text.reply,
    "run": run.reply,
    "accept": accept.reply,
    "explain": explain.reply,
    "bisect": bisect.reply,
}
"""Each follows its command and returns the reply; it runs under the project's lock, and again if a worker died."""


def is_command(text: str) -> bool:
    """Return whether a comment begins with a command."""
    return text.lstrip()[:200].split(maxsplit=1)[:1] == [PREFIX]


def follow(project: Project, command: CommentCommand) -> str:
    """Follow a command and store its reply; following the same one again changes nothing.

    Returns:
        What was done, in words.

    Raises:
        PerfgateError: GitHub could not be asked; see `perfgate.errors` for which errors a retry can help.
    """
    name, arguments = _parsed(command.text)
    with account.connect(project) as repository:
        role = role_of(repository, command.login)
        if role not in MAY_COMMAND:
            # No reply, or anybody who may comment could make the server write.
            return f"{formatting.plain(command.login)} may {role} here, and was not answered"
        pull_request = repository.pull_request(command.pull_request)
        commits = bisect.fetch_commits(repository, project, pull_request) if name == "bisect" else ()
    with project_lock(project.pk):
        context = CommandContext(project, command, pull_request, arguments, commits)
        try:
            reply = COMMANDS.get(name, help_text.unknown_reply)(context)
        except CommandDeclined as error:
            reply = str(error)
        comment_id = command.comment_id
        store_reply(project, command.pull_request, str(comment_id), reply, react_to=comment_id)
    return f"{name[:40]} by {formatting.plain(command.login)} on pull request {command.pull_request}"


def _parsed(text: str) -> tuple[str, str]:
    """Return the command's name, ``help`` if there is none, and the rest of the comment."""
    words = text.lstrip().split(None, 2)[1:]
    return (words[0].lower() if words else "help"), (words[1].strip() if len(words) > 1 else "")
