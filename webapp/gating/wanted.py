"""Rows -> what GitHub is meant to show, as values. Nothing is read or written here.

Every text of a stranger (benchmark, branch, subject, author) goes through ``code`` or ``plain`` of `perfgate.wording`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec
from django.conf import settings

from perfgate import gate, metrics, report, wording
from perfgate.gate import Outcome
from perfgate.github import Conclusion
from perfgate.records import Direction
from webapp.gating.models import Alert, ChangePoint
from webapp.history.models import Commit, Project

CHECK_NAME = "perfgate"
LABELS = ("performance-regression",)
MAX_ROWS = 25
"""Series listed in an issue; the rest stands behind the link."""

CONCLUSIONS: dict[Outcome, Conclusion] = {
    Outcome.FAIL: "failure",
    Outcome.INCONCLUSIVE: "neutral",
    Outcome.WAIVED: "success",
    Outcome.PASS: "success",
}
"""In order: the first of these that occurs on a commit is what its check run says."""


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """The sticky comment of one pull request."""

    pull_request: int
    marker: str
    markdown: str


class CheckRun(msgspec.Struct, frozen=True, kw_only=True):
    """The check run of one commit."""

    head_sha: str
    name: str
    external_id: str
    conclusion: Conclusion
    title: str
    summary: str
    details_url: str


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """The issue of one alert."""

    commit: str
    """Commit that marker and title name."""
    marker: str
    title: str
    body: str
    labels: tuple[str, ...]
    state: Literal["open", "closed"]
    reason: Literal["completed", "not_planned"] = "completed"
    comment: str = ""
    """Said when the state changes; empty: it never did."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one run."""

    run_id: int
    verdict: gate.Verdict


def comment(project: Project, pull_request: int, judged: Sequence[Judged], *, exists: bool) -> Comment | None:
    """Return the comment for the newest verdicts of one pull request.

    Args:
        project: Whose pull request.
        pull_request: Its number.
        judged: One for each suite and environment, all of one head.
        exists: Whether the pull request has one already; it is then kept up to date, whatever happened.

    Returns:
        None where there is nothing worth telling: everything passed and nothing improved.
    """
    moved = any(one.verdict.outcome is not Outcome.PASS or one.verdict.judged("improved") for one in judged)
    if not moved and not exists:
        return None
    return Comment(pull_request=pull_request, marker=f"perfgate:pull:{project.slug}", markdown=_markdown(judged))


def check_run(project: Project, sha: str, judged: Sequence[Judged]) -> CheckRun:
    """Return the check run for the newest verdicts on one commit; the worst of them decides."""
    order = list(CONCLUSIONS)
    worst = min(judged, key=lambda one: order.index(one.verdict.outcome))
    return CheckRun(
        head_sha=sha,
        name=CHECK_NAME,
        external_id=f"{CHECK_NAME}:{project.slug}:{sha}",
        conclusion=CONCLUSIONS[worst.verdict.outcome],
        title=report.headline(worst.verdict),
        summary=_markdown(judged),
        details_url=verdict_url(worst.run_id),
    )


def issue(alert: Alert, regressions: Sequence[ChangePoint], previous: Issue | None) -> Issue | None:
    """Return the issue of an alert.

    Args:
        alert: With its commits loaded.
        regressions: Its change points in the bad direction, with series, benchmark, environment and commits loaded.
        previous: What was wanted before, None: no issue was asked for yet.

    Returns:
        None where none is needed: the alert is quiet, or was closed before an issue was asked for.
    """
    if alert.quiet or (previous is None and alert.state == Alert.State.CLOSED):
        return None
    if not regressions:
        return None if previous is None else _changed(previous, alert)
    ordered = sorted(regressions, key=lambda one: (-abs(one.effect), one.pk))
    first = Issue(
        commit=alert.commit.sha,
        marker=_marker(alert),
        title=_title(alert, ordered),
        body=_body(alert, ordered),
        labels=LABELS,
        state="open",
    )
    if previous is None:
        return first
    kept = msgspec.structs.replace(
        first, marker=previous.marker, state=previous.state, reason=previous.reason, comment=previous.comment
    )
    if previous.commit == first.commit:
        # Estimate and number of series move with every run; a title that did so too would flood the issue's timeline.
        kept = msgspec.structs.replace(kept, title=previous.title)
    return _changed(kept, alert)


def verdict_url(run_id: int) -> str:
    """Return the address of a verdict's page."""
    return f"{settings.BASE_URL}/runs/{run_id}/verdict/"


def alert_url(alert: Alert) -> str:
    """Return the address of an alert's page."""
    return f"{settings.BASE_URL}/alerts/{alert.pk}/"


def _markdown(judged: Sequence[Judged]) -> str:
    parts = []
    for one in judged:
        text = report.markdown(one.verdict, details_url=verdict_url(one.run_id))
        if len(judged) > 1:
            text = f"Suite {wording.code(one.verdict.suite)} in {wording.code(one.verdict.environment)}:\n\n{text}"
        parts.append(text)
    return "\n".join(parts)


def _marker(alert: Alert) -> str:
    # By commit and not by our id: a database made anew finds its issues again and takes nobody else's.
    place = hashlib.sha256(f"{alert.branch}\n{alert.commit.sha}".encode()).hexdigest()[:16]
    return f"perfgate:alert:{alert.project.slug}:{place}"


def _title(alert: Alert, regressions: Sequence[ChangePoint]) -> str:
    worst = regressions[0]
    what = f"{wording.plain(worst.series.benchmark.label, 120)}: {wording.percent(worst.effect)} {_word(worst)}"
    return f"{what} since {alert.commit.sha[:10]}"


def _word(one: ChangePoint) -> str:
    return metrics.worse(one.series.metric, Direction(one.series.direction))


def _body(alert: Alert, regressions: Sequence[ChangePoint]) -> str:
    lines = [
        "| benchmark | metric | environment | change | 95 % interval | before → after |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(one) for one in regressions[:MAX_ROWS]]
    more = len(regressions) - MAX_ROWS
    commit = alert.commit
    previous = regressions[0].previous_run.commit
    return "\n".join(
        [
            f"The level of {_series(len(regressions))} on {wording.code(alert.branch)} got worse and stayed so.",
            "",
            *lines,
            *([f"\n… and {more} more on the page below."] if more > 0 else []),
            "",
            f"- First measured at {_named(commit)}",
            f"- The cause lies in {wording.code(f'{previous.sha[:10]}..{commit.sha[:10]}')}",
            f"- [History and chart]({alert_url(alert)})",
            "",
            "perfgate closes this issue when the level returns.",
        ]
    )


def _row(one: ChangePoint) -> str:
    series = one.series
    cells = [
        wording.code(series.benchmark.label),
        wording.code(series.metric),
        wording.code(series.environment.name),
        f"**{wording.percent(one.effect)}** {_word(one)}",
        wording.interval(one.low, one.high),
        f"{wording.quantity(one.before, series.unit)} → {wording.quantity(one.after, series.unit)}",
    ]
    return "| " + " | ".join(cells) + " |"


def _series(count: int) -> str:
    return f"{count} benchmark series" if count > 1 else "one benchmark series"


def _named(commit: Commit) -> str:
    parts = [commit.sha if not commit.subject else f"{commit.sha} {wording.code(commit.subject)}"]
    return " by ".join(parts + ([wording.code(commit.author)] if commit.author else []))


def _changed(wanted: Issue, alert: Alert) -> Issue:
    """Return *wanted* in the alert's state, with what is to be said if that is new."""
    if wanted.state == alert.state:
        return wanted
    if alert.state == Alert.State.OPEN:
        return msgspec.structs.replace(
            wanted, state="open", comment=f"The regression is there again: [history]({alert_url(alert)})."
        )
    if alert.closed_by is None:
        taken_back = f"Later measurements took this change back: [history]({alert_url(alert)})."
        return msgspec.structs.replace(wanted, state="closed", reason="not_planned", comment=taken_back)
    returned = f"The level returned with {_named(alert.closed_by)}."
    return msgspec.structs.replace(wanted, state="closed", reason="completed", comment=returned)
