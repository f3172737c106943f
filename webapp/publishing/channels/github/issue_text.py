"""The texts of an alert's issue: marker, title, body, and the comment when its state changes.

Untrusted text (benchmark, branch, subject, author, a person's reason) always passes through ``code`` or ``plain`` of
`perfgate.formatting`; the chart holds only numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from perfgate import formatting
from perfgate.report.chart import chart
from perfgate.results import metrics
from perfgate.results.records import Direction
from webapp.alerts.models import Alert, AlertKind, AlertState, StoredChangePoint
from webapp.alerts.remeasurement import Remeasurement
from webapp.history.models import Commit
from webapp.measurements.bisection_progress import BisectionProgress
from webapp.measurements.suspects import Suspect, Suspects, pull_requests_in
from webapp.publishing.channels.github.links import alert_url

MAX_ROWS = 25
"""Series listed in an issue; the alert's page lists all."""

MAX_REASON_CHARACTERS = 500

OPENING = {
    AlertKind.REGRESSION: "The level of {series} on {branch} got worse and stayed so.",
    AlertKind.RUNNER: "Most of a run on {branch} moved together, {series} of it: look at the machine before the code.",
    AlertKind.DRIFT: "The level of {series} on {branch} drifted away from the accepted level.",
}


@dataclass(frozen=True)
class IssueFacts:
    """What an issue shows besides the change points."""

    values: Sequence[float] = ()
    """Points of the worst series in the segment of its change, oldest first."""
    position: int = 0
    """Index of the first value at the new level."""
    remeasurement: Remeasurement = field(default_factory=Remeasurement)
    suspects: Suspects = field(default_factory=Suspects)
    progress: BisectionProgress | None = None
    """Of the newest bisection."""
    command: str = ""
    """Finds the commit in a clone; empty: there is nothing to search."""


def marker(alert: Alert) -> str:
    """Return the text by which GitHub's copy is found again.

    It is made of the commit and not of the alert's id, so a rebuilt database finds its issues and no other server's.
    """
    split = f"\nsplit {alert.pk}" if alert.split_from_id is not None else ""
    kind = "" if alert.kind == AlertKind.REGRESSION else f"\n{alert.kind}"
    digest = hashlib.sha256(f"{alert.branch}\n{alert.commit.sha}{kind}{split}".encode()).hexdigest()[:16]
    return f"perfgate:alert:{alert.project.slug}:{digest}"


def title(alert: Alert, worst: StoredChangePoint) -> str:
    """Return the title: the worst benchmark, its change, and the commit."""
    label = formatting.plain(worst.series.benchmark.label, 120)
    since = "by drift, seen at" if alert.kind == AlertKind.DRIFT else "since"
    return f"{label}: {formatting.percent(worst.effect)} {_word_for_worse(worst)} {since} {alert.commit.sha[:10]}"


def body(alert: Alert, regressions: Sequence[StoredChangePoint], facts: IssueFacts) -> str:
    """Return the body: what changed, a chart, the cause as far as it is known.

    Args:
        alert: With `ALERT_RELATIONS` loaded.
        regressions: At least one, the worst first, with series and commits loaded.
        facts: What else is known.
    """
    worst, count = regressions[0], len(regressions)
    series = f"{count} benchmark series" if count > 1 else "one benchmark series"
    opening = OPENING[AlertKind(alert.kind)].format(series=series, branch=formatting.code(alert.branch))
    reason = f" {formatting.plain(alert.reason)}" if not alert.decided_by and alert.reason else ""
    picture = chart(facts.values, facts.position, worst.before, worst.after)
    parts = [
        opening + reason,
        "",
        *_table(regressions, facts.remeasurement),
        *(["", picture, "", f"<sub>{formatting.code(worst.series.benchmark.label)}</sub>"] if picture else []),
        "",
        *_cause(alert, facts),
        *_suspects_table(facts.suspects),
        f"- [History, chart and what can be done]({alert_url(alert)})",
        "",
        "perfgate closes this issue when the level returns.",
    ]
    return "\n".join(parts)


def state_comment(alert: Alert) -> str:
    """Return the comment that says why the issue is closed or opened again."""
    return f"{_state_reason(alert)} [History]({alert_url(alert)})."


def _table(regressions: Sequence[StoredChangePoint], remeasurement: Remeasurement) -> Iterator[str]:
    again = bool(remeasurement.rows)
    heads = "| benchmark | metric | environment | change | 95 % interval | before → after |"
    yield heads + " measured again |" * again
    yield "|---|---|---|---|---|---|" + "---|" * again
    for regression in regressions[:MAX_ROWS]:
        yield _table_row(regression, remeasurement)
    if len(regressions) > MAX_ROWS:
        yield f"\n… and {len(regressions) - MAX_ROWS} more on the page below."


def _table_row(regression: StoredChangePoint, remeasurement: Remeasurement) -> str:
    series = regression.series
    cells = [
        formatting.code(series.benchmark.label),
        formatting.code(series.metric),
        formatting.code(series.environment.name),
        f"**{formatting.percent(regression.effect)}** {_word_for_worse(regression)}",
        formatting.interval(regression.low, regression.high),
        f"{formatting.quantity(regression.before, series.unit)} → {formatting.quantity(regression.after, series.unit)}",
    ]
    if remeasurement.rows:
        row = remeasurement.row(series)
        measured = "–" if row is None else f"{formatting.percent(row.effect)} {formatting.interval(row.low, row.high)}"
        cells.append(measured)
    return f"| {' | '.join(cells)} |"


def _cause(alert: Alert, facts: IssueFacts) -> Iterator[str]:
    is_drift = alert.kind == AlertKind.DRIFT
    yield f"- {'Seen' if is_drift else 'First measured'} at {_commit(alert.commit)}"
    if alert.previous_commit is not None:
        commits = formatting.code(f"{alert.previous_commit.sha[:10]}..{alert.commit.sha[:10]}")
        size = _range_size(alert, facts.suspects)
        yield f"- {'It drifted through' if is_drift else 'The cause lies in'} {commits}{size}"
    progress = facts.progress
    if progress is not None:
        refusal = formatting.code(progress.refusal, MAX_REASON_CHARACTERS)
        yield f"- Searched for: {progress.conclusion}" + f" GitHub said {refusal}" * bool(progress.refusal)
    if facts.command and not (progress and progress.culprit):
        yield f"- Find it in a clone, with its cost told first: {formatting.code(facts.command, 400)}"


def _range_size(alert: Alert, suspects: Suspects) -> str:
    """Return the number of commits in the alert's range, as far as it is known."""
    if suspects.count is not None:
        return f", {suspects.count} commits" if suspects.count > 1 else ", one commit"
    if alert.previous_commit is None or not alert.previous_commit.generation:
        return ""
    size = (alert.commit.generation or 0) - alert.previous_commit.generation
    return f", {size} commits or more" if size > 1 else ""


def _suspects_table(suspects: Suspects) -> Iterator[str]:
    has_chances = any(suspect.chance is not None for suspect in suspects.named)
    if len(suspects.named) <= 1 and not has_chances:
        return
    heads = ["suspect commit", *["chance"] * has_chances, "subject", "author", "pull request", "measured"]
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for suspect in suspects.named:
        yield _suspect_row(suspect)
    more = (suspects.count or 0) - len(suspects.named)
    if more > 0:
        yield ""
        yield f"… and {more} {'less likely' if has_chances else 'older'}."
    yield ""


def _suspect_row(suspect: Suspect) -> str:
    cells = [
        suspect.sha[:10],
        *([] if suspect.chance is None else [formatting.chance(suspect.chance)]),
        formatting.code(suspect.subject),
        formatting.code(suspect.author),
        ", ".join(f"#{number}" for number in suspect.pull_requests),
        "yes" if suspect.is_measured else "no",
    ]
    return f"| {' | '.join(cells)} |"


def _commit(commit: Commit) -> str:
    """Return a commit with subject, author and pull request."""
    text = commit.sha if not commit.subject else f"{commit.sha} {formatting.code(commit.subject)}"
    text += f" by {formatting.code(commit.author)}" if commit.author else ""
    # Only the number that GitHub itself writes is repeated outside the code span, where it becomes a link.
    return " in ".join([text, *(f"#{number}" for number in pull_requests_in(commit.subject))])


def _state_reason(alert: Alert) -> str:
    """Return why the alert is in its state."""
    if alert.state == AlertState.FIXED and alert.closed_by is not None:
        return f"The level returned with {_commit(alert.closed_by)}."
    person = formatting.code(alert.decided_by)
    why = formatting.code(alert.reason, MAX_REASON_CHARACTERS) if alert.decided_by else formatting.plain(alert.reason)
    if alert.state == AlertState.ACCEPTED:
        return f"The new level is accepted as the baseline by {person}: {why}."
    if alert.state == AlertState.INVALID:
        return f"Dismissed as noise by {person}: {why}."
    if alert.state == AlertState.MERGED and alert.merged_into is not None:
        return f"It has the same cause as [alert {alert.merged_into_id}]({alert_url(alert.merged_into)}): {why}"
    return f"Opened again by {person}: {why}." if alert.decided_by else why


def _word_for_worse(regression: StoredChangePoint) -> str:
    return metrics.word_for_worse(regression.series.metric, Direction(regression.series.direction))
