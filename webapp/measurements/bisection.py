"""Start, continue and end bisections: GitHub measures one commit of a range after the other until the cause is found."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.utils import timezone

from perfgate.errors import InvalidInput
from perfgate.github import CommitRange, RangeCommit
from webapp.alerts import rules, states
from webapp.alerts.models import ALERT_RELATIONS, Alert, AlertKind, Event, StoredChangePoint
from webapp.github import account
from webapp.history.locks import project_lock
from webapp.history.models import Project
from webapp.measurements import lifecycle
from webapp.measurements.bisection_cost import BisectionCost, bisection_cost, usual_minutes
from webapp.measurements.bisection_progress import BisectionProgress, read_progress
from webapp.measurements.confirmation import MAX_SELECT_CHARACTERS
from webapp.measurements.models import Bisection, Measurement, StoredCommitRange
from webapp.measurements.signals import bisection_progressed


@dataclass(frozen=True, kw_only=True)
class PullRequestSearch:
    """What a bisection of a pull request starts with."""

    pull_request: int
    comment_id: int
    """GitHub's id of the comment that asked for it."""
    label: str
    metric: str
    suite: str
    base: str
    commits: Sequence[RangeCommit]
    low: float
    high: float
    """Ends of the 95 % confidence interval of the regression, as fractions."""


def cost_for_alert(alert: Alert) -> BisectionCost:
    """Return what a bisection of the alert's range would cost.

    Raises:
        InvalidInput: The range cannot be searched; the message says why and what to do.
    """
    return bisection_cost(len(_suspect_commits(alert)), usual_minutes(alert.project))


def start(alert: Alert, *, who: str) -> None:
    """Start to search the alert's range, unless a bisection of it is open.

    Raises:
        InvalidInput: The range cannot be searched; the message says why and what to do.
    """
    with project_lock(alert.project_id):
        current = Alert.objects.select_related(*ALERT_RELATIONS).get(pk=alert.pk)
        if Bisection.objects.filter(alert=current, ended_at=None).exists():
            return
        commits, worst = _suspect_commits(current), _worst_regression(current)
        assert current.previous_commit is not None
        bisection = Bisection.objects.create(
            project=current.project,
            alert=current,
            label=worst.series.benchmark.label,
            metric=worst.series.metric,
            suite=worst.run.suite,
            base=current.previous_commit.sha,
            commits=msgspec.to_builtins(commits),
            low=worst.low,
            high=worst.high,
            started_by=who,
        )
        cost = bisection_cost(len(commits)).sentence
        states.record_event(current, Event.Action.BISECTED, who=who, text=cost)
        _continue(bisection)


def start_for_pull_request(project: Project, search: PullRequestSearch, *, who: str) -> None:
    """Start to search the commits of a pull request; needs the project's lock."""
    bisection = Bisection.objects.create(
        project=project,
        pull_request=search.pull_request,
        comment_id=search.comment_id,
        label=search.label,
        metric=search.metric,
        suite=search.suite,
        base=search.base,
        commits=msgspec.to_builtins(search.commits),
        low=search.low,
        high=search.high,
        started_by=who,
    )
    _continue(bisection)


def continue_all(project: Project) -> None:
    """Request the next measurement of each open bisection that waits for none, and end those that are over."""
    with project_lock(project.pk):
        continue_bisections(project)


def continue_bisections(project: Project, **conditions: object) -> None:
    """Do so for the open bisections that meet some conditions; needs the project's lock."""
    found = Bisection.objects.filter(project=project, ended_at=None, **conditions)
    bisections = list(found.select_related("project", "alert__project"))
    if bisections:
        lifecycle.record_answers(project)
    for bisection in bisections:
        _continue(bisection)


def _continue(bisection: Bisection) -> None:
    progress = read_progress(bisection)
    if bisection.alert is not None and not bisection.alert.is_open:
        _end(bisection, f"Given up: the alert is {bisection.alert.state}. {progress.conclusion}")
    elif progress.is_over:
        refusal = f" GitHub did not start the workflow: {progress.refusal}" if progress.refusal else ""
        _end(bisection, progress.conclusion + refusal)
    elif (position := progress.next_position) is not None:
        lifecycle.request(_step(progress, position))
    bisection_progressed.send(Bisection, bisection=bisection)


def _end(bisection: Bisection, reason: str) -> None:
    bisection.ended_at = timezone.now()
    bisection.save(update_fields=["ended_at"])
    if bisection.alert is not None:
        states.record_event(bisection.alert, Event.Action.BISECTED, text=reason)


def _step(progress: BisectionProgress, position: int) -> Measurement:
    """Return the measurement of the commit at *position*."""
    bisection = progress.bisection
    return Measurement(
        project=bisection.project,
        purpose=Measurement.Purpose.BISECTION,
        bisection=bisection,
        number=len(progress.requested) + 1,
        workflow=rules.alert_rules(bisection.project).workflow,
        ref=bisection.project.default_branch,
        base=bisection.base,
        head=progress.commits[position - 1].sha,
        suite=bisection.suite,
        select=glob.escape(bisection.label[:MAX_SELECT_CHARACTERS]),
    )


def _suspect_commits(alert: Alert) -> Sequence[RangeCommit]:
    if alert.kind != AlertKind.REGRESSION or not alert.is_open or alert.previous_commit is None:
        raise InvalidInput(f"alert {alert.pk} has no commit to look for: only an open regression has one")
    if not account.can_reach(alert.project):
        raise InvalidInput(f"project {alert.project.slug} has no repository on GitHub to ask: use 'perfgate bisect'")
    stored = StoredCommitRange.objects.filter(
        project=alert.project_id, base=alert.previous_commit.sha, head=alert.commit.sha, commits__isnull=False
    ).first()
    commits = msgspec.convert(stored.commits, CommitRange).line if stored else ()
    if not commits:
        raise InvalidInput(
            f"GitHub has not told the commits of alert {alert.pk} on one line: use 'perfgate bisect', or wait until an"
            " issue is filed for it"
        )
    if len(commits) == 1:
        raise InvalidInput(f"alert {alert.pk} has one suspect commit: there is nothing to search for")
    return commits


def _worst_regression(alert: Alert) -> StoredChangePoint:
    regressions = StoredChangePoint.objects.filter(alert=alert, regression=True)
    found = regressions.select_related("series__benchmark", "run")
    worst = max(found, key=lambda regression: (abs(regression.effect), -regression.pk), default=None)
    if worst is None:
        raise InvalidInput(f"alert {alert.pk} has no regression any more: there is nothing to search for")
    return worst
