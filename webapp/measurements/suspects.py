"""The commits that may be an alert's cause: those of its range, measured or not.

Which commits were not measured only GitHub knows. It is asked once for each range, just before an issue names them; until
then, and where it does not tell, the measured ones stand for all.
"""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from perfgate.errors import NotFound, PermissionDenied, Rejected
from perfgate.github import CommitRange, Repository
from webapp.alerts.models import Alert, AlertKind, StoredChangePoint
from webapp.history.models import Commit
from webapp.measurements.bisection import Search
from webapp.measurements.models import Range

MAX_NAMED = 10
"""Suspects that are told one by one; each costs a request, once."""

_HARMLESS_LABEL = re.compile(r"[\w.:/\[\],=() -]{1,200}", re.ASCII)
"""What may stand in a command that people copy."""

_PULL_REQUEST = re.compile(r"^Merge pull request #([1-9][0-9]{0,8}) |\(#([1-9][0-9]{0,8})\)$", re.ASCII)
"""Subjects of merges and of squashed pull requests, as GitHub writes them."""


@dataclass(frozen=True)
class Suspect:
    """One commit of a range. Subject and author are a stranger's text."""

    sha: str
    subject: str
    author: str
    pull_requests: tuple[int, ...]
    is_measured: bool
    chance: float | None = None
    """Probability that it is the cause, where it is searched for."""


@dataclass(frozen=True)
class Suspects:
    """The commits of a range."""

    named: Sequence[Suspect] = ()
    """Of a search, the likeliest first; else the newest, newest first; `MAX_NAMED` at most."""
    count: int | None = None
    """All of them; None: only those that were measured are known."""


def learn(repository: Repository, alert: Alert) -> bool:
    """Ask GitHub which commits lie in the range of *alert*, unless that is known; return whether it was asked.

    Raises:
        RateLimited, Unavailable: GitHub did not say; ask again later.
    """
    if alert.kind != AlertKind.REGRESSION or alert.previous_commit is None:
        return False
    base, head = alert.previous_commit.sha, alert.commit.sha
    if Range.objects.filter(project=alert.project, base=base, head=head).exists():
        return False
    try:
        found = msgspec.to_builtins(repository.commits_between(base, head, limit=MAX_NAMED))
    except (NotFound, PermissionDenied, Rejected):
        found = None
    Range.objects.get_or_create(project=alert.project, base=base, head=head, defaults={"changes": found})
    return True


def of(alert: Alert, search: Search | None = None) -> Suspects:
    """Return what is known of the range of *alert*, whose commits are loaded, and of the search for its commit."""
    if alert.kind != AlertKind.REGRESSION or alert.previous_commit is None:
        return Suspects()
    if search is not None and (search.row.base, search.line[-1].sha) != (alert.previous_commit.sha, alert.commit.sha):
        search = None  # the range is another one by now
    told = Range.objects.filter(
        project=alert.project_id, base=alert.previous_commit.sha, head=alert.commit.sha, changes__isnull=False
    ).first()
    if told is None:
        return Suspects(named=[_measured(commit) for commit in _between(alert)])
    changes = msgspec.convert(told.changes, CommitRange)
    told_whole = {each.sha: each for each in changes.newest}
    chances = {change.sha: (change, chance) for change, chance in search.suspects} if search else {}
    shown = [told_whole.get(sha, change) for sha, (change, _) in chances.items()][:MAX_NAMED] or changes.newest
    shas = [each.sha for each in shown]
    measured = set(
        Commit.objects.filter(project=alert.project_id, sha__in=shas, runs__number__isnull=False).values_list(
            "sha", flat=True
        )
    )
    named = [
        Suspect(
            each.sha,
            each.subject,
            each.author,
            each.pull_requests or pull_requests(each.subject),
            each.sha in measured,
            chances[each.sha][1] if chances else None,
        )
        for each in shown
    ]
    return Suspects(named=named, count=changes.count)


def command(alert: Alert, worst: StoredChangePoint | None, known: Suspects) -> str:
    """Return the command that finds the commit in a clone; empty where nothing is left to find, or nothing to follow.

    Args:
        alert: With its commits loaded.
        worst: Whose benchmark is followed.
        known: What `of` says of the alert.
    """
    if alert.kind != AlertKind.REGRESSION or alert.previous_commit is None or worst is None:
        return ""
    apart = (alert.commit.generation or 0) - (alert.previous_commit.generation or 0)
    if (known.count or apart) == 1:
        return ""
    label = worst.series.benchmark.label
    selected = f" --select {shlex.quote(glob.escape(label))}" if _HARMLESS_LABEL.fullmatch(label) else ""
    return f"perfgate bisect {alert.previous_commit.sha[:12]} {alert.commit.sha[:12]}{selected}"


def pull_requests(subject: str) -> tuple[int, ...]:
    """Return the pull request that a subject names as GitHub's own merges do."""
    found = _PULL_REQUEST.search(subject)
    return (int(found[1] or found[2]),) if found else ()


def _measured(commit: Commit) -> Suspect:
    return Suspect(commit.sha, commit.subject, commit.author, pull_requests(commit.subject), is_measured=True)


def _between(alert: Alert) -> Sequence[Commit]:
    before = alert.previous_commit
    if before is None or not before.generation or not alert.commit.generation:
        return [alert.commit]
    found = Commit.objects.filter(
        project=alert.project_id,
        generation__gt=before.generation,
        generation__lte=alert.commit.generation,
        runs__branch=alert.branch,
        runs__number__isnull=False,
    )
    return list(found.distinct().order_by("-generation", "-pk")[:MAX_NAMED])
