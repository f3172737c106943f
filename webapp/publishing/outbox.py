"""What GitHub is meant to show or to do is kept as `Publication` rows; `webapp.publishing.publisher` makes it so.

Asking is free and can be done again at will: a row counts up only when what is wanted differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from webapp.alerts import remeasurement, rules
from webapp.alerts.models import ALERT_RELATIONS, Alert, AlertState, StoredChangePoint
from webapp.alerts.remeasurement import Answer
from webapp.github import account
from webapp.history import series as points_of
from webapp.history.models import Project, Run
from webapp.measurements import bisection, suspects
from webapp.measurements.models import Bisection
from webapp.publishing import payloads
from webapp.publishing.channels.github import comment_context, issues
from webapp.publishing.models import Publication
from webapp.queue import Task, enqueue
from webapp.verdicts import judgments
from webapp.verdicts.models import StoredVerdict

Kind = Publication.Kind

MAX_MEASUREMENTS = 2
"""How often the range of one alert is asked to be measured again."""

Members = Mapping[int | None, Sequence[StoredChangePoint]]
"""Regressions by alert."""

_NAMED = ("series__benchmark", "series__environment", "run__commit", "previous_run__commit")


def want_verdicts(run: Run) -> None:
    """Ask for the comment and the check run that the verdicts beside *run*, a pull request's, lead to.

    Both are made from the newest verdicts, whichever run was judged last: an old verdict never covers a newer one.
    """
    project = run.project
    assert run.pull_request is not None
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        judged = _on_commit(run)
        if run.trusted:  # a stranger's numbers turn no required check green
            content = payloads.check_run(project, run.commit.sha, judged)
            _want(project, Kind.CHECK_RUN, f"commit/{run.commit.sha}", content)
        newest = Run.objects.filter(project=project, pull_request=run.pull_request, verdict__isnull=False).latest("pk")
        _want_comment(newest, judged if newest.commit_id == run.commit_id else _on_commit(newest))


def want_comment_at(project: Project, pull_request: int, head_sha: str) -> None:
    """Ask for the comment to be about the pull request's head, as GitHub knows it, if there is a verdict on that."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        judged = Run.objects.filter(project=project, pull_request=pull_request, verdict__isnull=False)
        run = judged.filter(commit__sha=head_sha).select_related("project").order_by("-pk").first()
        if run is not None:
            _want_comment(run, _on_commit(run))


def _want_comment(run: Run, judged: Sequence[payloads.Judged]) -> None:
    assert run.pull_request is not None
    key = f"pull/{run.pull_request}"
    exists = Publication.objects.filter(project=run.project, kind=Kind.COMMENT, key=key).exists()
    content = payloads.comment(run.project, run.pull_request, judged, exists=exists)
    if content is not None:
        _want(run.project, Kind.COMMENT, key, content)


def want_check(project: Project, content: payloads.CheckRun, *, over: bool = False) -> None:
    """Ask for a check run on a commit that has no verdict; one that has a verdict keeps it.

    Args:
        project: Whose commit.
        content: What the check run says.
        over: Also in the place of one that says that the verdict follows.
    """
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        key = f"commit/{content.head_sha}"
        there = Publication.objects.filter(project=project, kind=Kind.CHECK_RUN, key=key).first()
        if there is None or (over and there.wanted["conclusion"] is None):
            _want(project, Kind.CHECK_RUN, key, content)


def want_answer(project: Project, pull_request: int, key: str, markdown: str, *, to_comment: int = 0) -> None:
    """Ask for the one answer to a command, or to a button that was pressed; needs the project's lock.

    Args:
        project: Whose pull request.
        pull_request: Its number.
        key: GitHub's number of what is answered.
        markdown: The answer.
        to_comment: Id of the comment that gets a sign at once; 0: there is none.
    """
    content = payloads.Comment(
        pull_request=pull_request, marker=f"perfgate:answer:{key}", markdown=markdown, react_to=to_comment
    )
    _want(project, Kind.COMMENT, f"pull/{pull_request}/answer/{key}", content)


def want_measurement(project: Project, key: str, content: payloads.Measurement) -> None:
    """Ask for one run of a workflow, which somebody with the right to do so ordered; needs the project's lock."""
    _want(project, Kind.DISPATCH, key, content, ordered=True)


def want_alerts(project: Project, alerts: Sequence[Alert]) -> None:
    """Ask for all that *alerts* as they stand now ask for; needs the project's lock."""
    loud = [alert for alert in alerts if not alert.imported_only]
    members = defaultdict(list)
    for one in StoredChangePoint.objects.filter(alert__in=loud, regression=True).select_related(*_NAMED).order_by("pk"):
        members[one.alert_id].append(one)
    answers = remeasurement.answers(project, loud, {alert.pk: members[alert.pk] for alert in loud})
    _want_bisections(project, Bisection.objects.filter(alert__in=alerts, ended_at=None))
    _want_issues(project, loud, members, answers)
    _want_measurements(project, loud, members, answers)


def go_on_searching(project: Project) -> None:
    """Ask for the next measurement of each search that waits for none, and tell how far each is."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        searched = Alert.objects.filter(project=project, bisections__ended_at=None, bisections__isnull=False)
        want_alerts(project, list(searched.select_related(*ALERT_RELATIONS)))
        _want_bisections(project, Bisection.objects.filter(project=project, alert=None, ended_at=None))


def _want_issues(project: Project, alerts: Sequence[Alert], members: Members, answers: Mapping[int, Answer]) -> None:
    rows = Publication.objects.filter(project=project, kind=Kind.ISSUE, key__in=[_key(alert) for alert in alerts])
    known = {row.key: msgspec.convert(row.wanted, issues.Issue) for row in rows}
    for alert in alerts:
        previous = known.get(_key(alert))
        if issues.wants(alert, previous):
            regressions = sorted(members[alert.pk], key=lambda one: (-abs(one.effect), one.pk))
            shown = _evidence(alert, regressions, answers[alert.pk])
            issue = issues.issue(alert, regressions, previous, shown)
            if issue is not None:
                _want(project, Kind.ISSUE, _key(alert), issue)


def _evidence(alert: Alert, regressions: Sequence[StoredChangePoint], answer: Answer) -> issues.Evidence:
    """Read what the issue of an alert shows."""
    if not regressions:
        return issues.Evidence()
    worst = regressions[0]
    values, position = _segment(worst)
    search = bisection.newest(alert)
    known = suspects.of(alert, search)
    return issues.Evidence(
        values=values,
        position=position,
        answer=answer,
        suspects=known,
        search=search,
        command=suspects.command(alert, worst, known),
    )


def _segment(one: StoredChangePoint) -> tuple[list[float], int]:
    """Return the values of the segment that *one* lies in, and its place among them: others cannot be compared."""
    points = points_of.read(one.series)
    edges = np.flatnonzero(np.diff(points.segments)) + 1
    start = int(edges[edges <= one.position].max(initial=0))
    end = int(edges[edges > one.position].min(initial=len(points.values)))
    return [float(value) for value in points.values[start:end]], one.position - start


def _want_measurements(
    project: Project, alerts: Sequence[Alert], members: Members, answers: Mapping[int, Answer]
) -> None:
    """Ask for the ranges of suspected alerts to be measured again, each twice at the most."""
    obeyed = rules.alert_rules(project)
    if obeyed.confirm != "measure" or not project.repository or not account.is_configured():
        return
    for alert in alerts:
        if alert.state != AlertState.SUSPECTED or alert.previous_commit is None:
            continue
        stem = f"{_key(alert)}/measurement/"
        asked = list(Publication.objects.filter(project=project, kind=Kind.DISPATCH, key__startswith=stem))
        number = _next_number(sorted(asked, key=lambda row: row.key), answers[alert.pk])
        if number is not None and members[alert.pk]:
            content = payloads.measurement(project, alert, members[alert.pk], obeyed.workflow)
            _want(project, Kind.DISPATCH, f"{stem}{number}", content)


def _want_bisections(project: Project, rows: QuerySet[Bisection]) -> None:
    """Ask for the next measurement of each search that goes on, and end those that are over."""
    for row in rows.select_related("project", "alert__project"):
        search = bisection.read(row)
        if row.alert is not None and not row.alert.is_open:
            bisection.end(search, f"Given up: the alert is {row.alert.state}. {search.conclusion}")
        elif search.is_over:
            refused = f" GitHub did not start the workflow: {search.refusal}" if search.refusal else ""
            bisection.end(search, search.conclusion + refused)
        elif (position := search.next) is not None:
            content = payloads.step(project, search, position, rules.alert_rules(project).workflow)
            _want(project, Kind.DISPATCH, bisection.next_key(search), content, ordered=True)
        if row.pull_request is not None and row.comment_id is not None:
            number, said = row.comment_id, payloads.progress(search)
            want_answer(project, row.pull_request, str(number), said, to_comment=number)


def _next_number(asked: Sequence[Publication], answer: Answer) -> int | None:
    """Return the number of the measurement to ask for now, None: none, or none yet."""
    if not asked:
        return 1
    last = asked[-1]
    if last.first_published_at is None:
        return len(asked)  # not asked yet, or refused: for the range, and by the workflow, as they stand now
    answered = Run.objects.filter(pk__in=answer.runs, received_at__gt=last.first_published_at).exists()
    waited = timezone.now() - last.first_published_at > timedelta(hours=bisection.ANSWER_HOURS)
    return len(asked) + 1 if len(asked) < MAX_MEASUREMENTS and (answered or waited) else None


def _key(alert: Alert) -> str:
    return f"alert/{alert.pk}"


def _want(project: Project, kind: Kind, key: str, content: msgspec.Struct, *, ordered: bool = False) -> None:
    """Keep what is wanted in one place, and ring if it is new."""
    # As it will be read back: a tuple would never equal its list.
    document = msgspec.json.decode(msgspec.json.encode(content))
    row, created = Publication.objects.get_or_create(
        project=project, kind=kind, key=key, defaults={"wanted": document, "ordered": ordered}
    )
    if not created and row.wanted == document:
        return
    if not created:
        row.wanted, row.revision = document, row.revision + 1
        row.error, row.failed_for_good, row.attempts = "", False, 0
        row.save(update_fields=["wanted", "revision", "error", "failed_for_good", "attempts"])
    if project.repository and account.is_configured():
        transaction.on_commit(lambda: enqueue(Task.PUBLISH, row.pk))


def _on_commit(run: Run) -> list[payloads.Judged]:
    """Return the newest verdict of each suite and environment on the commit, and for the pull request, of *run*.

    A stranger's are told only while there is none of our own.
    """
    rows = (
        StoredVerdict.objects.filter(
            run__project=run.project_id, run__commit=run.commit_id, run__pull_request=run.pull_request
        )
        .select_related("run__project")
        .order_by("run_id")
    )
    own = [row for row in rows if row.run.trusted]
    newest = {(row.run.suite, row.run.environment_id): row for row in own or rows}
    return [
        payloads.Judged(run_id=row.run_id, verdict=said, around=comment_context.of(row.run, said))
        for row, said in ((row, judgments.read(row)) for row in newest.values())
    ]
