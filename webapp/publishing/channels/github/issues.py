"""One issue per alert: opened when the alert is confirmed, edited while it is open, closed with it.

An issue is edited only if its text changes, and its title stays the same while the alert's commit does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from perfgate.github import Repository
from webapp.alerts.models import ALERT_RELATIONS, Alert, AlertState, StoredChangePoint
from webapp.alerts.remeasurement import Remeasurement, remeasurements
from webapp.history import series as points_of
from webapp.history.locks import project_lock
from webapp.history.models import Project
from webapp.measurements.bisection_progress import newest_progress
from webapp.measurements.suspects import bisect_command, fetch_range, find_suspects
from webapp.publishing.channels.github import issue_text
from webapp.publishing.channels.github.issue_text import IssueFacts
from webapp.publishing.channels.github.outbox import OUTBOX
from webapp.publishing.models import Publication
from webapp.publishing.targets import AlertTarget

LABELS = ("performance-regression",)

_RELATIONS = ("series__benchmark", "series__environment", "run__commit", "previous_run__commit")


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an alert."""

    commit: str
    """The commit that marker and title name."""
    marker: str
    title: str
    body: str
    labels: tuple[str, ...]
    state: Literal["open", "closed"]
    reason: Literal["completed", "not_planned"] = "completed"
    comment: str = ""
    """Written when the state changes; empty: it never changed."""


def store_issues(project: Project, alerts: Sequence[Alert]) -> None:
    """Store the issues of those alerts that have or need one; needs the project's lock.

    Args:
        project: The alerts' project.
        alerts: With `ALERT_RELATIONS` loaded.
    """
    rows = Publication.objects.filter(channel=OUTBOX.channel, alert__in=alerts)
    previous = {row.alert_id: msgspec.convert(row.payload, Issue) for row in rows}
    shown = [alert for alert in alerts if _needs_issue(alert, previous.get(alert.pk))]
    regressions = defaultdict(list)
    points = StoredChangePoint.objects.filter(alert__in=shown, regression=True).select_related(*_RELATIONS)
    for point in sorted(points, key=lambda point: (-abs(point.effect), point.pk)):
        regressions[point.alert_id].append(point)
    measured = remeasurements(project, shown, {alert.pk: regressions[alert.pk] for alert in shown})
    for alert in shown:
        issue = _issue(alert, regressions[alert.pk], previous.get(alert.pk), measured)
        if issue is not None:
            OUTBOX.store(project, AlertTarget(alert), issue)


def deliver(repository: Repository, publication: Publication) -> int | None:
    """Write the issue and return its number; None for an alert that was closed before its issue was opened."""
    alert = Alert.objects.select_related(*ALERT_RELATIONS).filter(publications=publication)
    if fetch_range(repository, alert.get()):
        # GitHub sends the first text by mail, so the suspects belong into it.
        with project_lock(publication.project_id):
            store_issues(publication.project, list(alert.all()))
        publication.refresh_from_db(fields=["payload", "revision"])
    payload = msgspec.convert(publication.payload, Issue)
    if payload.state == "closed" and publication.remote_id is None and not publication.attempts:
        return None
    number = repository.upsert_issue(
        payload.marker, payload.title, payload.body, payload.labels, issue_number=publication.remote_id
    )
    if payload.state == "closed":
        repository.close_issue(number, reason=payload.reason, comment=payload.comment)
    elif payload.comment:
        repository.reopen_issue(number, comment=payload.comment)
    return number


def _needs_issue(alert: Alert, previous: Issue | None) -> bool:
    """Return whether the alert needs an issue, or a change of the one it has."""
    is_confirmed = alert.state in {AlertState.CONFIRMED, AlertState.ACKNOWLEDGED}
    is_shown = previous is not None and previous.state == "open"
    return not alert.imported_only and (is_shown or is_confirmed)


def _issue(
    alert: Alert,
    regressions: Sequence[StoredChangePoint],
    previous: Issue | None,
    measured: Mapping[int, Remeasurement],
) -> Issue | None:
    """Return the issue of an alert; None if there is nothing to show and no issue yet.

    Args:
        alert: With `ALERT_RELATIONS` loaded.
        regressions: Its change points in the bad direction, the worst first.
        previous: The stored issue.
        measured: What measuring the range again showed, by alert id.
    """
    if not regressions:
        return None if previous is None else _in_state_of(alert, previous)
    issue = Issue(
        commit=alert.commit.sha,
        marker=issue_text.marker(alert),
        title=issue_text.title(alert, regressions[0]),
        body=issue_text.body(alert, regressions, _facts(alert, regressions[0], measured[alert.pk])),
        labels=LABELS,
        state="open",
    )
    if previous is None:
        return issue
    # GitHub notes each change of a title, and the estimate in it changes with every run.
    title = previous.title if previous.commit == issue.commit else issue.title
    unchanged = {name: getattr(previous, name) for name in ("marker", "state", "reason", "comment")}
    return _in_state_of(alert, msgspec.structs.replace(issue, title=title, **unchanged))


def _facts(alert: Alert, worst: StoredChangePoint, remeasurement: Remeasurement) -> IssueFacts:
    values, position = _segment_values(worst)
    progress = newest_progress(alert)
    suspects = find_suspects(alert, progress)
    return IssueFacts(
        values=values,
        position=position,
        remeasurement=remeasurement,
        suspects=suspects,
        progress=progress,
        command=bisect_command(alert, worst, suspects),
    )


def _segment_values(point: StoredChangePoint) -> tuple[list[float], int]:
    """Return the values of the segment that a change point is in, and its index among them."""
    points = points_of.read(point.series)
    edges = np.flatnonzero(np.diff(points.segments)) + 1
    start = int(edges[edges <= point.position].max(initial=0))
    end = int(edges[edges > point.position].min(initial=len(points.values)))
    return [float(value) for value in points.values[start:end]], point.position - start


def _in_state_of(alert: Alert, issue: Issue) -> Issue:
    """Return the issue opened or closed like its alert, with a comment if that is a change."""
    if alert.state == AlertState.SUSPECTED:
        return issue  # it keeps its state until the alert is confirmed or withdrawn
    state: Literal["open", "closed"] = "open" if alert.is_open else "closed"
    if issue.state == state:
        return issue
    done: Literal["completed", "not_planned"] = "completed" if alert.state == AlertState.FIXED else "not_planned"
    reason = issue.reason if state == "open" else done
    return msgspec.structs.replace(issue, state=state, reason=reason, comment=issue_text.state_comment(alert))
