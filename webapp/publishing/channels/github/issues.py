"""An alert -> its issue, as a value. Nothing is read or written here.

Every text of a stranger (benchmark, branch, subject, author, a person's reason) goes through ``code`` or ``plain`` of
`perfgate.formatting`; the chart holds numbers only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from perfgate import formatting
from perfgate.report.chart import chart
from perfgate.results import metrics
from perfgate.results.records import Direction
from webapp.alerts.models import Alert, AlertKind, AlertState, StoredChangePoint
from webapp.alerts.remeasurement import Answer
from webapp.history.models import Commit
from webapp.measurements.bisection import Search
from webapp.measurements.suspects import Suspect, Suspects, pull_requests
from webapp.publishing.payloads import alert_url

LABELS = ("performance-regression",)
MAX_ROWS = 25
"""Series listed in an issue; the rest stands behind the link."""
MAX_REASON_CHARACTERS = 500
OPENING = {
    AlertKind.REGRESSION: "The level of {series} on {branch} got worse and stayed so.",
    AlertKind.RUNNER: "Most of a run on {branch} moved together, {series} of it: look at the machine before the code.",
    AlertKind.DRIFT: "The level of {series} on {branch} drifted away from the accepted level.",
}


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


@dataclass(frozen=True)
class Evidence:
    """What an issue shows besides the change points."""

    values: Sequence[float] = ()
    """Points of the worst series in the segment of its change, oldest first."""
    position: int = 0
    """The first of them at the new level."""
    answer: Answer = field(default_factory=Answer)
    suspects: Suspects = field(default_factory=Suspects)
    search: Search | None = None
    command: str = ""
    """Finds the commit in a clone; empty: there is nothing left to find."""


def wants(alert: Alert, previous: Issue | None) -> bool:
    """Return whether *alert* asks for an issue, or for a change of the one that was wanted before."""
    is_loud = alert.state in {AlertState.CONFIRMED, AlertState.ACKNOWLEDGED}
    is_told = previous is not None and previous.state == "open"
    return not alert.imported_only and (is_told or is_loud)


def issue(
    alert: Alert, regressions: Sequence[StoredChangePoint], previous: Issue | None, shown: Evidence
) -> Issue | None:
    """Return the issue of an alert that `wants` one.

    Args:
        alert: With its commits loaded.
        regressions: Its change points in the bad direction, the worst first, with all that they name loaded.
        previous: What was wanted before, None: no issue was asked for yet.
        shown: What else there is to show.
    """
    if not regressions:
        return None if previous is None else _changed(previous, alert)
    first = Issue(
        commit=alert.commit.sha,
        marker=_marker(alert),
        title=_title(alert, regressions[0]),
        body=_body(alert, regressions, shown),
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


def _marker(alert: Alert) -> str:
    # By commit and not by our id: a database made anew finds its issues again and takes nobody else's.
    split = f"\nsplit {alert.pk}" if alert.split_from_id is not None else ""
    kind = "" if alert.kind == AlertKind.REGRESSION else f"\n{alert.kind}"
    place = hashlib.sha256(f"{alert.branch}\n{alert.commit.sha}{kind}{split}".encode()).hexdigest()[:16]
    return f"perfgate:alert:{alert.project.slug}:{place}"


def _title(alert: Alert, worst: StoredChangePoint) -> str:
    what = f"{formatting.plain(worst.series.benchmark.label, 120)}: {formatting.percent(worst.effect)} {_word(worst)}"
    return f"{what} {'by drift, seen at' if alert.kind == AlertKind.DRIFT else 'since'} {alert.commit.sha[:10]}"


def _word(one: StoredChangePoint) -> str:
    return metrics.word_for_worse(one.series.metric, Direction(one.series.direction))


def _body(alert: Alert, regressions: Sequence[StoredChangePoint], shown: Evidence) -> str:
    again = bool(shown.answer.rows)
    lines = [
        "| benchmark | metric | environment | change | 95 % interval | before → after |" + " measured again |" * again,
        "|---|---|---|---|---|---|" + "---|" * again,
        *(_row(one, shown.answer) for one in regressions[:MAX_ROWS]),
    ]
    more = len(regressions) - MAX_ROWS
    worst = regressions[0]
    drawn = chart(shown.values, shown.position, worst.before, worst.after)
    opening = OPENING[AlertKind(alert.kind)].format(
        series=_series(len(regressions)), branch=formatting.code(alert.branch)
    )
    parts = [
        opening + (f" {formatting.plain(alert.reason)}" if not alert.decided_by and alert.reason else ""),
        "",
        *lines,
        *([f"\n… and {more} more on the page below."] if more > 0 else []),
        *(["", drawn, "", f"<sub>{formatting.code(worst.series.benchmark.label)}</sub>"] if drawn else []),
        "",
        *_cause(alert, shown),
        f"- [History, chart and what can be done]({alert_url(alert)})",
        "",
        "perfgate closes this issue when the level returns.",
    ]
    return "\n".join(parts)


def _row(one: StoredChangePoint, answer: Answer) -> str:
    series = one.series
    cells = [
        formatting.code(series.benchmark.label),
        formatting.code(series.metric),
        formatting.code(series.environment.name),
        f"**{formatting.percent(one.effect)}** {_word(one)}",
        formatting.interval(one.low, one.high),
        f"{formatting.quantity(one.before, series.unit)} → {formatting.quantity(one.after, series.unit)}",
    ]
    if answer.rows:
        row = answer.row(series)
        cells.append(
            "–" if row is None else f"{formatting.percent(row.effect)} {formatting.interval(row.low, row.high)}"
        )
    return "| " + " | ".join(cells) + " |"


def _cause(alert: Alert, shown: Evidence) -> list[str]:
    commit, previous, suspects = alert.commit, alert.previous_commit, shown.suspects
    lines = [f"- {'Seen' if alert.kind == AlertKind.DRIFT else 'First measured'} at {_named(commit)}"]
    if previous is not None:
        size = (commit.generation or 0) - (previous.generation or 0)
        many = f", {size} commits or more" if previous.generation and size > 1 else ""
        if suspects.count is not None:
            many = f", {suspects.count} commits" if suspects.count > 1 else ", one commit"
        where = "It drifted through" if alert.kind == AlertKind.DRIFT else "The cause lies in"
        lines.append(f"- {where} {formatting.code(f'{previous.sha[:10]}..{commit.sha[:10]}')}{many}")
    if shown.search is not None:
        refused = formatting.code(shown.search.refusal, MAX_REASON_CHARACTERS) if shown.search.refusal else ""
        lines.append(f"- Searched for: {shown.search.conclusion}" + f" GitHub said {refused}" * bool(refused))
    if shown.command and not (shown.search and shown.search.culprit):
        lines.append(f"- Find it in a clone, with its cost told first: {formatting.code(shown.command, 400)}")
    is_searched = any(one.chance is not None for one in suspects.named)
    if len(suspects.named) > 1 or is_searched:
        heads = ["suspect commit", *["chance"] * is_searched, "subject", "author", "pull request", "measured"]
        lines += ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        lines += [_suspect(one) for one in suspects.named]
        more = (suspects.count or 0) - len(suspects.named)
        lines += ["", f"… and {more} {'less likely' if is_searched else 'older'}."] if more > 0 else []
        lines.append("")
    return lines


def _suspect(one: Suspect) -> str:
    pulls = ", ".join(f"#{number}" for number in one.pull_requests)
    cells = [
        one.sha[:10],
        *([] if one.chance is None else [formatting.chance(one.chance)]),
        formatting.code(one.subject),
        formatting.code(one.author),
        pulls,
        "yes" if one.is_measured else "no",
    ]
    return "| " + " | ".join(cells) + " |"


def _series(count: int) -> str:
    return f"{count} benchmark series" if count > 1 else "one benchmark series"


def _named(commit: Commit) -> str:
    named = commit.sha if not commit.subject else f"{commit.sha} {formatting.code(commit.subject)}"
    named += f" by {formatting.code(commit.author)}" if commit.author else ""
    # GitHub's own merges say where they came from, and its own number is all that leaves the code span.
    return " in ".join([named, *(f"#{number}" for number in pull_requests(commit.subject))])


def _changed(wanted: Issue, alert: Alert) -> Issue:
    """Return *wanted* in the alert's state, with what is to be said if that is new."""
    if alert.state == AlertState.SUSPECTED:
        return wanted  # whatever stood there stands until it is known
    state: Literal["open", "closed"] = "open" if alert.is_open else "closed"
    if wanted.state == state:
        return wanted
    said = f"{_closing(alert)} [History]({alert_url(alert)})."
    done: Literal["completed", "not_planned"] = "completed" if alert.state == AlertState.FIXED else "not_planned"
    reason = wanted.reason if state == "open" else done
    return msgspec.structs.replace(wanted, state=state, reason=reason, comment=said)


def _closing(alert: Alert) -> str:
    """Return why the alert is where it is, in words that are ours or cannot do anything."""
    if alert.state == AlertState.FIXED and alert.closed_by is not None:
        return f"The level returned with {_named(alert.closed_by)}."
    why = formatting.code(alert.reason, MAX_REASON_CHARACTERS) if alert.decided_by else formatting.plain(alert.reason)
    who = formatting.code(alert.decided_by)
    if alert.state == AlertState.ACCEPTED:
        return f"The new level is accepted as the baseline by {who}: {why}."
    if alert.state == AlertState.INVALID:
        return f"Said to be noise by {who}: {why}."
    if alert.state == AlertState.MERGED and alert.merged_into is not None:
        return f"It has the same cause as [alert {alert.merged_into_id}]({alert_url(alert.merged_into)}): {why}"
    if alert.decided_by:
        return f"Taken up again by {who}: {why}."
    return why
