"""The commits that may be the cause of an alert: all commits of its range, measured or not.

Only GitHub knows the commits that were not measured. Each range is fetched once, just before an issue lists its commits.
Until then, and where GitHub does not show the range, only the measured commits are known.
"""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from perfgate.errors import NotFound, PermissionDenied, Rejected
from perfgate.github import CommitRange, RangeCommit, Repository
from webapp.alerts.models import Alert, AlertKind, StoredChangePoint
from webapp.history.models import Commit
from webapp.measurements.bisection_progress import BisectionProgress
from webapp.measurements.models import StoredCommitRange

MAX_NAMED = 10
"""Suspects that are listed; each costs one request, once."""

_HARMLESS_LABEL = re.compile(r"[\w.:/\[\],=() -]{1,200}", re.ASCII)
"""Labels that may be part of a command that people copy into a shell."""

_PULL_REQUEST = re.compile(r"^Merge pull request #([1-9][0-9]{0,8}) |\(#([1-9][0-9]{0,8})\)$", re.ASCII)
"""Subjects that GitHub writes for merged and squashed pull requests."""


@dataclass(frozen=True)
class Suspect:
    """One commit of a range. Subject and author are untrusted text."""

    sha: str
    subject: str
    author: str
    pull_requests: tuple[int, ...]
    is_measured: bool
    chance: float | None = None
    """Probability that it is the cause; None: there is no bisection."""


@dataclass(frozen=True)
class Suspects:
    """The commits of a range."""

    named: Sequence[Suspect] = ()
    """With a bisection the likeliest, likeliest first; else the newest, newest first; `MAX_NAMED` at most."""
    count: int | None = None
    """Number of all commits; None: only the measured ones are known."""


def fetch_range(repository: Repository, alert: Alert) -> bool:
    """Fetch the commits of the alert's range from GitHub unless they are stored; return whether they were fetched.

    Raises:
        RateLimited, Unavailable: GitHub did not answer. A retry can help.
    """
    if alert.kind != AlertKind.REGRESSION or alert.previous_commit is None:
        return False
    base, head = alert.previous_commit.sha, alert.commit.sha
    if StoredCommitRange.objects.filter(project=alert.project, base=base, head=head).exists():
        return False
    try:
        found = msgspec.to_builtins(repository.commits_between(base, head, limit=MAX_NAMED))
    except (NotFound, PermissionDenied, Rejected):
        found = None
    StoredCommitRange.objects.get_or_create(project=alert.project, base=base, head=head, defaults={"commits": found})
    return True


def find_suspects(alert: Alert, progress: BisectionProgress | None = None) -> Suspects:
    """Return the suspects of an alert.

    Args:
        alert: With its commits loaded.
        progress: Of the alert's newest bisection; ignored if the alert's range changed since.
    """
    if alert.kind != AlertKind.REGRESSION or alert.previous_commit is None:
        return Suspects()
    base, head = alert.previous_commit.sha, alert.commit.sha
    stored = StoredCommitRange.objects.filter(
        project=alert.project_id, base=base, head=head, commits__isnull=False
    ).first()
    if stored is None:
        return Suspects(named=[_measured_suspect(commit) for commit in _measured_commits(alert)])
    commits = msgspec.convert(stored.commits, CommitRange)
    chances: dict[str, float] = {}
    likeliest: list[RangeCommit] = []
    if progress is not None and (progress.bisection.base, progress.commits[-1].sha) == (base, head):
        likeliest, chances = _likeliest(progress, commits)
    return Suspects(named=_suspects(alert, likeliest or commits.newest[:MAX_NAMED], chances), count=commits.count)


def bisect_command(alert: Alert, worst: StoredChangePoint | None, suspects: Suspects) -> str:
    """Return the command that finds the commit in a clone; empty if there is nothing to search.

    Args:
        alert: With its commits loaded.
        worst: The regression whose benchmark is followed.
        suspects: What `find_suspects` returned for the alert.
    """
    if alert.kind != AlertKind.REGRESSION or alert.previous_commit is None or worst is None:
        return ""
    distance = (alert.commit.generation or 0) - (alert.previous_commit.generation or 0)
    if (suspects.count or distance) == 1:
        return ""
    label = worst.series.benchmark.label
    selected = f" --select {shlex.quote(glob.escape(label))}" if _HARMLESS_LABEL.fullmatch(label) else ""
    return f"perfgate bisect {alert.previous_commit.sha[:12]} {alert.commit.sha[:12]}{selected}"


def pull_requests_in(subject: str) -> tuple[int, ...]:
    """Return the pull request that a commit's subject names as GitHub's own merges do."""
    found = _PULL_REQUEST.search(subject)
    return (int(found[1] or found[2]),) if found else ()


def _likeliest(progress: BisectionProgress, commits: CommitRange) -> tuple[list[RangeCommit], dict[str, float]]:
    """Return the likeliest suspects of a bisection, `MAX_NAMED` at most, and the probability of each suspect by hash."""
    with_pull_requests = {commit.sha: commit for commit in commits.newest}
    suspects = list(progress.suspects)
    named = [with_pull_requests.get(commit.sha, commit) for commit, _ in suspects[:MAX_NAMED]]
    return named, {commit.sha: chance for commit, chance in suspects}


def _suspects(alert: Alert, commits: Sequence[RangeCommit], chances: Mapping[str, float]) -> list[Suspect]:
    known = Commit.objects.filter(
        project=alert.project_id, sha__in=[commit.sha for commit in commits], runs__number__isnull=False
    )
    measured = set(known.values_list("sha", flat=True))
    return [
        Suspect(
            commit.sha,
            commit.subject,
            commit.author,
            commit.pull_requests or pull_requests_in(commit.subject),
            commit.sha in measured,
            chances.get(commit.sha),
        )
        for commit in commits
    ]


def _measured_suspect(commit: Commit) -> Suspect:
    return Suspect(commit.sha, commit.subject, commit.author, pull_requests_in(commit.subject), is_measured=True)


def _measured_commits(alert: Alert) -> Sequence[Commit]:
    """Return the measured commits of the alert's range, newest first, `MAX_NAMED` at most."""
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
