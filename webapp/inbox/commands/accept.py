"""``/perfgate accept``: let one benchmark be slower in this pull request."""

from __future__ import annotations

import re
from datetime import date, timedelta

from django.utils import timezone

from perfgate import formatting, policy
from perfgate.results import metrics
from webapp.inbox.commands.context import CommandContext, CommandDeclined
from webapp.inbox.commands.pull_request_rows import find_row, newest_runs
from webapp.verdicts import judgments
from webapp.verdicts.models import PullRequestWaiver

LONGEST = timedelta(days=366)
"""How long a permission may hold; a longer one belongs into the policy."""

HIGHEST_CEILING = 10.0
"""As a fraction."""

_ARGUMENTS = re.compile(
    r"(?P<id>[0-9a-f]{6})\s+up\s+to\s+(?P<most>\S+(?:\s*%)?)\s+until\s+(?P<until>\d{4}-\d{2}-\d{2})\s+because\s+(?P<reason>.+)",
    re.DOTALL | re.IGNORECASE,
)


def reply(context: CommandContext) -> str:
    """Store the permission, judge the pull request again, and return what holds now.

    Raises:
        CommandDeclined: A part is missing or not allowed, or there is no such row.
    """
    matched = _ARGUMENTS.fullmatch(context.arguments)
    if matched is None:
        raise CommandDeclined(
            "Write it as `/perfgate accept ID up to 8% until 2027-01-31 because …`: all four parts are needed."
        )
    project, command = context.project, context.command
    row = find_row(project, command.pull_request, matched["id"].lower())
    ceiling, until, reason = _ceiling(matched["most"]), _day(matched["until"]), " ".join(matched["reason"].split())
    PullRequestWaiver.objects.get_or_create(
        comment_id=command.comment_id,
        defaults={
            "project": project,
            "pull_request": command.pull_request,
            "label": row.label,
            "metric": row.metric,
            "max_regression": ceiling,
            "until": until,
            "who": command.login,
            "reason": reason,
        },
    )
    for run in newest_runs(project, command.pull_request):
        if judgments.needs_verdict(run):
            judgments.judge_run(run)
    worse = metrics.word_for_worse(row.metric, row.direction)
    return (
        f"Noted: {formatting.code(row.label)} may be up to {formatting.share(ceiling)} {worse} in this pull request until"
        f" {until}, by {formatting.code(command.login)}: {formatting.code(reason, 500)}.\n\n"
        "It holds here alone. To let it last, put a `[[waiver]]` into `perfgate.toml` on the base branch."
    )


def _ceiling(text: str) -> float:
    try:
        value, unit = policy.quantity(text if "%" in text else f"{text}%")
    except ValueError as error:
        raise CommandDeclined(f"{formatting.code(text)} is no percentage: write it as 8%.") from error
    if unit or not 0 < value <= HIGHEST_CEILING:
        raise CommandDeclined(f"{formatting.code(text)} is no ceiling: write a percentage above 0, up to 1000%.")
    return value


def _day(text: str) -> date:
    today = timezone.now().date()
    try:
        until = date.fromisoformat(text)
    except ValueError as error:
        raise CommandDeclined(f"{formatting.code(text)} is no day: write it as 2027-01-31.") from error
    if not today <= until <= today + LONGEST:
        raise CommandDeclined(f"{until} is not between today and {today + LONGEST}: a permission ends within a year.")
    return until
