"""Commands in a pull request's comments: ``/perfgate help`` and its like, by people who may write to the repository.

A comment is a stranger's text until GitHub says what its author may do. Every command is answered once, in a comment of its
own that is found again by the command's id, and the question gets a sign at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec
from django.db import transaction
from django.utils import timezone

from perfgate import formatting, policy
from perfgate.errors import NotFound, Rejected
from perfgate.gate import Outcome, Row
from perfgate.github import CommitRange, PullRequest, Repository
from perfgate.report.markdown import MAX_ROWS
from perfgate.report.rows import limit, row_id
from perfgate.results import metrics
from webapp.alerts import rules
from webapp.github import account
from webapp.history.models import Project, Run
from webapp.measurements import bisection
from webapp.measurements.models import Bisection
from webapp.publishing import outbox, payloads
from webapp.verdicts import judgments
from webapp.verdicts.models import PullRequestWaiver

PREFIX = "/perfgate"
MAX_CHARACTERS = 2_000
"""Of a comment that are read."""

MAY_ORDER = frozenset({"admin", "write"})
"""GitHub says *write* for whoever maintains, too."""

MIN_COMMITS = 2
"""Of a range in which there is something to find."""

LONGEST = timedelta(days=366)
"""A permission ends: what is to last longer stands in the policy."""

_ACCEPT = re.compile(
    r"(?P<id>[0-9a-f]{6})\s+up\s+to\s+(?P<most>\S+(?:\s*%)?)\s+until\s+(?P<until>\d{4}-\d{2}-\d{2})\s+because\s+(?P<reason>.+)",
    re.DOTALL | re.IGNORECASE,
)

HELP = """\
| command | what it does |
|---|---|
| `/perfgate run [GLOB]` | measures base and head again, all benchmarks or those whose name matches |
| `/perfgate accept ID up to 8% until 2027-01-31 because …` | lets one benchmark be slower in this pull request, up to a ceiling, until a day, for a reason |
| `/perfgate explain ID` | tells all that is known of one benchmark here |
| `/perfgate bisect` | measures one commit of this pull request after the other until the one that did it is found |
| `/perfgate help` | this |

ID is the six signs in a row of the table. Commands are for people who may write to this repository."""


@dataclass(frozen=True)
class Order:
    """One command, as somebody wrote it."""

    pull_request: int
    comment_id: int
    login: str
    text: str
    changes: CommitRange | None = None
    """The commits of the pull request; only read where they are asked for."""


@dataclass(frozen=True)
class Button:
    """A button under a check run that somebody pressed."""

    key: str
    """GitHub's number of the press."""
    identifier: str
    """`webapp.publishing.payloads.RUN` or ``ACCEPT``."""
    head_sha: str
    pull_request: int | None
    """As GitHub says; it does not say for forks."""
    login: str


class Declined(Exception):
    """A command that cannot be followed; says why and what to do."""


def is_one(text: str) -> bool:
    """Return whether a comment begins with our command."""
    return text.lstrip()[:200].split(maxsplit=1)[:1] == [PREFIX]


def answer(project: Project, order: Order) -> str:
    """Follow a command and have it answered; the same one again changes nothing.

    Returns:
        What came of it, for the record.

    Raises:
        PerfgateError: GitHub could not be asked; see `perfgate.errors` for what then helps.
    """
    words = order.text.lstrip().split(None, 2)[1:]
    name, rest = (words[0].lower() if words else "help"), (words[1] if len(words) > 1 else "")
    with account.connect(project) as repository:
        role = _role(repository, order.login)
        if role not in MAY_ORDER:
            # No answer: whoever may comment could else make the bot talk.
            return f"{formatting.plain(order.login)} may {role} here, and was not answered"
        pull = repository.pull_request(order.pull_request)
        if name == "bisect":
            order = replace(order, changes=_changes(repository, project, order.pull_request, pull))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        try:
            said = _COMMANDS.get(name, _unknown)(project, order, pull, rest.strip())
        except Declined as error:
            said = str(error)
        outbox.want_answer(project, order.pull_request, str(order.comment_id), said, to_comment=order.comment_id)
    return f"{name[:40]} by {formatting.plain(order.login)} on pull request {order.pull_request}"


def _role(repository: Repository, login: str) -> str:
    try:
        return repository.permission(login)
    except NotFound:
        return "none"


def press(project: Project, button: Button) -> str:
    """Do what a button under a check run says; the same press again changes nothing.

    Returns:
        What came of it, for the record.

    Raises:
        PerfgateError: GitHub could not be asked; see `perfgate.errors` for what then helps.
    """
    run = (
        Run.objects.filter(project=project, commit__sha=button.head_sha, pull_request__isnull=False)
        .order_by("-pk")
        .first()
    )
    number = run.pull_request if run is not None else button.pull_request
    if number is None:
        return f"no pull request is known of commit {button.head_sha[:10]}"
    with account.connect(project) as repository:
        role = _role(repository, button.login)
        if role not in MAY_ORDER:
            return f"{formatting.plain(button.login)} may {role} here: nothing was done"
        pull = repository.pull_request(number)
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if button.identifier == payloads.ACCEPT:
            outbox.want_answer(project, number, button.key, _acceptable(project, number))
        else:
            _ask_for_runs(project, number, button.key, pull, "")
    return f"{button.identifier[:40]} by {formatting.plain(button.login)} on pull request {number}"


def _acceptable(project: Project, number: int) -> str:
    """Return the commands that would accept what is beyond its budget."""
    failed = [row for _, row in _judged_rows(project, number) if row.outcome is Outcome.FAIL]
    if not failed:
        return "Nothing here is beyond its budget any more."
    until = timezone.now().date() + timedelta(days=30)
    lines = ["To accept, write one of these, with a reason, as a comment of its own:", ""]
    for row in failed[:MAX_ROWS]:
        most = math.ceil(100 * max(abs(row.low or 0.0), abs(row.high or 0.0)))
        lines.append(
            f"- {formatting.code(row.label)}: `/perfgate accept {row_id(row)} up to {most}% until {until} because …`"
        )
    return "\n".join(lines)


def _unknown(_project: Project, order: Order, _pull: PullRequest, _rest: str) -> str:
    raise Declined(f"{formatting.code(order.text.split()[1])} is none of these.\n\n{HELP}")


def _help(_project: Project, _order: Order, _pull: PullRequest, _rest: str) -> str:
    return HELP


def _run(project: Project, order: Order, pull: PullRequest, rest: str) -> str:
    """Have base and head of the pull request measured again."""
    workflow = _ask_for_runs(project, order.pull_request, str(order.comment_id), pull, rest)
    what = f"benchmarks that match {formatting.code(rest)}" if rest else "all benchmarks"
    return f"Asked {formatting.code(workflow)} to measure {what} at {pull.head_sha[:10]} beside its base. The comment above follows."


def _ask_for_runs(project: Project, number: int, key: str, pull: PullRequest, select: str) -> str:
    """Ask for one run of the workflow for each suite; return the workflow's name."""
    suites = sorted({run.suite for run in _runs(project, number)}) or [""]
    workflow = rules.alert_rules(project).workflow
    for suite in suites:
        content = payloads.Measurement(
            workflow=workflow,
            ref=project.default_branch,
            inputs={
                "base": pull.base_sha,
                "head": pull.head_sha,
                "suite": suite,
                "select": select[: payloads.MAX_SELECT_CHARACTERS],
                "pull_request": str(number),
            },
        )
        outbox.want_measurement(project, f"pull/{number}/run/{key}/{suite}"[:200], content)
    return workflow


def _accept(project: Project, order: Order, _pull: PullRequest, rest: str) -> str:
    """Let one benchmark be slower here."""
    matched = _ACCEPT.fullmatch(rest)
    if matched is None:
        raise Declined(
            "Write it as `/perfgate accept ID up to 8% until 2027-01-31 because …`: all four parts are needed."
        )
    row = _row(project, order.pull_request, matched["id"].lower())
    most, until, reason = _ceiling(matched["most"]), _day(matched["until"]), " ".join(matched["reason"].split())
    PullRequestWaiver.objects.get_or_create(
        comment_id=order.comment_id,
        defaults={
            "project": project,
            "pull_request": order.pull_request,
            "label": row.label,
            "metric": row.metric,
            "max_regression": most,
            "until": until,
            "who": order.login,
            "reason": reason,
        },
    )
    for run in _runs(project, order.pull_request):
        if judgments.needs_verdict(run):
            judgments.judge_run(run)
    return (
        f"Noted: {formatting.code(row.label)} may be up to {formatting.share(most)} {_worse(row)} in this pull request until"
        f" {until}, by {formatting.code(order.login)}: {formatting.code(reason, 500)}.\n\n"
        "It holds here alone. To let it last, put a `[[waiver]]` into `perfgate.toml` on the base branch."
    )


def _explain(project: Project, order: Order, _pull: PullRequest, rest: str) -> str:
    """Tell all that is known of one row."""
    row = _row(project, order.pull_request, rest.lower())
    detectable = f"{formatting.share(row.smallest_detectable, digits=2)}" if row.smallest_detectable else "unknown"
    facts = [
        ("change", f"{formatting.percent(row.effect)}, 95 % interval {formatting.interval(row.low, row.high)}"),
        (
            "base → head",
            f"{formatting.quantity(row.baseline, row.unit)} → {formatting.quantity(row.candidate, row.unit)}",
        ),
        *(
            (
                "allowed",
                limit(finding) + (f" (policy, line {finding.limit.line})" if finding.limit.line else " (the default)"),
            )
            for finding in row.findings
        ),
        ("pairs", str(row.pairs)),
        ("smallest detectable change, with probability 0.9", detectable),
        (
            "judgment",
            f"{row.judgment}, so {row.outcome}" + (f": {formatting.code(row.reason, 300)}" if row.reason else ""),
        ),
    ]
    if row.waiver is not None:
        said = f"up to {formatting.share(row.waiver.max_regression)} until {row.waiver.until}, by {formatting.code(row.waiver.owner)}"
        facts.append(("waived", f"{said}: {formatting.code(row.waiver.reason, 300)}"))
    lines = [f"{formatting.code(row.label)}, {formatting.code(row.metric)}:", "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in facts)])


def _bisect(project: Project, order: Order, pull: PullRequest, _rest: str) -> str:
    """Have GitHub measure one commit of the pull request after the other until the one is found."""
    known = Bisection.objects.filter(project=project, pull_request=order.pull_request)
    if same := known.filter(comment_id=order.comment_id).first():
        return payloads.progress(bisection.read(same))
    if known.filter(ended_at=None).exists():
        raise Declined("It is being searched for already: see the answer above.")
    failed = [
        (run, row)
        for run, row in _judged_rows(project, order.pull_request)
        if row.outcome is Outcome.FAIL and run.trusted
    ]
    if not failed:
        raise Declined("No benchmark here is beyond its budget by our own measurement: there is no commit to look for.")
    run, row = max(failed, key=lambda each: each[1].severity)
    assert run.baseline_commit is not None
    assert row.low is not None
    assert row.high is not None  # what failed was measured
    line = order.changes.line if order.changes is not None and run.commit.sha == pull.head_sha else ()
    if len(line) < MIN_COMMITS:
        raise Declined(
            f"The pull request has {len(line) or 'no'} commits on one line from {run.baseline_commit.sha[:10]}, where it was"
            f" measured, to {pull.head_sha[:10]}: there is nothing to search. In a clone, `perfgate bisect` may find more."
        )
    started = Bisection.objects.create(
        project=project,
        pull_request=order.pull_request,
        comment_id=order.comment_id,
        label=row.label,
        metric=row.metric,
        suite=run.suite,
        base=run.baseline_commit.sha,
        line=msgspec.to_builtins(line),
        low=row.low,
        high=row.high,
        started_by=order.login,
    )
    outbox.go_on_searching(project)
    return payloads.progress(bisection.read(started))


_COMMANDS: dict[str, Callable[[Project, Order, PullRequest, str], str]] = {
    "help": _help,
    "run": _run,
    "accept": _accept,
    "explain": _explain,
    "bisect": _bisect,
}


def _runs(project: Project, pull_request: int) -> list[Run]:
    """Return the runs of the pull request's newest commit, oldest first."""
    runs = Run.objects.filter(project=project, pull_request=pull_request).select_related(
        "project", "commit", "environment"
    )
    newest = runs.order_by("-pk").first()
    return [] if newest is None else list(runs.filter(commit=newest.commit).order_by("pk"))


def _judged_rows(project: Project, pull_request: int) -> Sequence[tuple[Run, Row]]:
    """Return the rows of its newest verdicts, each with the run that it is of."""
    found: dict[tuple[str, str], tuple[Run, Row]] = {}
    for run in _runs(project, pull_request):
        verdict = getattr(run, "verdict", None)
        if verdict is not None:
            found.update({(row.label, row.metric): (run, row) for row in judgments.read(verdict).rows})
    return list(found.values())


def _changes(repository: Repository, project: Project, number: int, pull: PullRequest) -> CommitRange | None:
    """Read the commits between where the pull request was measured from, and its head."""
    runs = [run for run in _runs(project, number) if run.baseline_commit is not None]
    if not runs or runs[-1].baseline_commit is None:
        return None
    try:
        return repository.commits_between(runs[-1].baseline_commit.sha, pull.head_sha, limit=1)
    except (NotFound, Rejected):
        return None  # one of them is not there any more


def _row(project: Project, pull_request: int, wanted_id: str) -> Row:
    found = [row for _, row in _judged_rows(project, pull_request) if row_id(row) == wanted_id]
    if len(found) != 1:
        raise Declined(
            f"{formatting.code(wanted_id or 'nothing')} is no row of the newest verdict here: take the six signs of one."
        )
    return found[0]


def _ceiling(text: str) -> float:
    try:
        value, unit = policy.quantity(text if "%" in text else f"{text}%")
    except ValueError as error:
        raise Declined(f"{formatting.code(text)} is no percentage: write it as 8%.") from error
    if unit or not 0 < value <= 10:
        raise Declined(f"{formatting.code(text)} is no ceiling: write a percentage above 0, up to 1000%.")
    return value


def _day(text: str) -> date:
    today = timezone.now().date()
    try:
        until = date.fromisoformat(text)
    except ValueError as error:
        raise Declined(f"{formatting.code(text)} is no day: write it as 2027-01-31.") from error
    if not today <= until <= today + LONGEST:
        raise Declined(f"{until} is not between today and {today + LONGEST}: a permission ends within a year.")
    return until


def _worse(row: Row) -> str:
    return metrics.word_for_worse(row.metric, row.direction)
