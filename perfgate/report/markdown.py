"""The verdict as Markdown: the comment on a pull request and the summary of a job.

Untrusted text goes through `perfgate.formatting.code`, or through ``plain`` where it cannot hold markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfgate.formatting import code, interval, percent, plain, quantity, share
from perfgate.gate import Outcome, Row, Verdict
from perfgate.report.chart import CHART_POINTS
from perfgate.report.false_alarms import false_alarms
from perfgate.report.headline import SYMBOLS, has_too_few_answers, headline
from perfgate.report.remarks import MAX_NAMED, power, procedure, unlisted
from perfgate.report.rows import limits, ordered, row_id
from perfgate.results import metrics
from perfgate.results.records import Direction

MAX_ROWS = 10
"""Rows of the table in a comment; the page behind the link has the rest."""

MAX_FOLDED_ROWS = 25
"""Rows of each folded list."""

MAX_COMMENT_CHARACTERS = 20_000
"""Longer comments are shortened; GitHub's own limit is 65,536."""

NO_BREAK = "\u00a0"
"""Keeps a number and its unit on one line of a narrow table."""


@dataclass(frozen=True, kw_only=True)
class CommentContext:
    """What a server can show beside a verdict; the command line has none of it."""

    details_url: str = ""
    """Page with all rows and samples."""
    sparklines: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Recent points of a row's history, by label and metric, see `perfgate.formatting.sparkline`."""
    chart: str = ""
    """Chart of the worst row, see `perfgate.report.chart`."""
    has_commands: bool = False
    """Whether ``/perfgate`` commands in comments are followed."""
    warning: str = ""
    """Shown first; not untrusted text."""


def combined(verdicts: Sequence[tuple[Verdict, CommentContext]]) -> str:
    """Return one comment for the verdicts of several suites and environments."""
    parts = []
    for verdict, context in verdicts:
        text = markdown(verdict, context)
        if len(verdicts) > 1:
            text = f"Suite {code(verdict.suite)} in {code(verdict.environment)}:\n\n{text}"
        parts.append(text)
    return "\n".join(parts)


def markdown(verdict: Verdict, context: CommentContext | None = None) -> str:
    """Return the comment: verdict and next step first, details folded."""
    context = context or CommentContext()
    parts = [part for part in (*_open_parts(verdict, context), *_folded_parts(verdict, context)) if part]
    text = "\n\n".join(parts) + "\n"
    return text if len(text) <= MAX_COMMENT_CHARACTERS else _shortened(parts, context.details_url)


def _open_parts(verdict: Verdict, context: CommentContext) -> list[str]:
    notable = [row for row in _shown(verdict) if row.outcome in {Outcome.FAIL, Outcome.WAIVED}]
    return [
        f"### perfgate: {headline(verdict)}",
        f"> **{context.warning}**" if context.warning else "",
        _next_step(verdict, has_commands=context.has_commands),
        _table(notable[:MAX_ROWS], context),
        f"… and {len(notable) - MAX_ROWS} more." if len(notable) > MAX_ROWS else "",
        _reasons([(row.label, row.reason) for row in notable[:MAX_ROWS] if row.reason]),
        context.chart if notable else "",
        _budget_left(verdict),
        power(verdict),
        unlisted(verdict),
        *(f"> **{line}**" for line in false_alarms(verdict, code)),
        *(f"> {plain(note)}" for note in verdict.notes),
        _footer(verdict, context),
    ]


def _folded_parts(verdict: Verdict, context: CommentContext) -> list[str]:
    shown = _shown(verdict)
    improved = [row for row in shown if row.judgment == "improved" and row.outcome is Outcome.PASS]
    unclear = [row for row in shown if row.outcome is Outcome.INCONCLUSIVE]
    missing = verdict.not_judged
    return [
        _folded(f"{_labels(improved)} improved", _table(improved[:MAX_FOLDED_ROWS], context)),
        _folded(f"{_labels(unclear)} inconclusive", _reasons([(row.label, row.reason) for row in unclear])),
        _folded(f"{len(missing)} not judged", _reasons([(row.label, row.reason) for row in missing])),
        _folded(f"{len(verdict.exempt)} not gated", _exempt(verdict)),
        _folded("how this was decided", procedure(verdict)),
    ]


def _labels(rows: Sequence[Row]) -> int:
    """Return how many benchmarks the rows are of: one may have several metrics."""
    return len({row.label for row in rows})


def _shown(verdict: Verdict) -> list[Row]:
    """Return the gated rows that changed or did not pass."""
    return [
        row
        for row in ordered(verdict)
        if not row.exempt and (row.judgment != "within" or row.outcome is not Outcome.PASS)
    ]


def _shortened(parts: Sequence[str], details_url: str) -> str:
    """Drop parts from the end until the comment fits; the verdict itself is kept."""
    kept = list(parts)
    note = f"Shortened; all rows: {details_url}" if details_url else "Shortened; the job's output has all rows."
    while len(kept) > 3 and len("\n\n".join([*kept, note])) > MAX_COMMENT_CHARACTERS - 1:
        kept.pop()
    return "\n\n".join([*kept, note])[:MAX_COMMENT_CHARACTERS] + "\n"


def _next_step(verdict: Verdict, *, has_commands: bool) -> str:
    if verdict.outcome is Outcome.FAIL:
        return _ways_out(verdict, has_commands=has_commands)
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.missing_shards:
        return "**Next:** this is no pass: join the result files of all shards with `perfgate merge`."
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return "**Next:** this is no pass: see below what was missing, and measure again."
    if has_too_few_answers(verdict):
        return "**Next:** a fifth of the benchmarks or more have no answer: see below why, and measure again."
    return ""


def _ways_out(verdict: Verdict, *, has_commands: bool) -> str:
    """Return what can be done about benchmarks beyond their budget."""
    where = f"`{verdict.policy_path}`" if verdict.policy_path else "a `perfgate.toml`"
    families = {metrics.describe(row.metric).family for row in verdict.rows if row.outcome is Outcome.FAIL}
    aim = "make it as fast as before" if families == {"time"} else "bring it back within its budget"
    text = f"**Next:** {aim}, or let its owner add a `[[waiver]]` to {where} on the base branch"
    command = ", or `/perfgate accept ID up to 8% until 2027-01-31 because …` for this pull request only"
    return f"{text}{command if has_commands else ''}."


def _table(rows: Sequence[Row], context: CommentContext) -> str:
    if not rows:
        return ""
    has_history = any((row.label, row.metric) in context.sparklines for row in rows)
    head = ["", "benchmark", "change, interval, base → head", "allowed"]
    head += [f"last {CHART_POINTS}"] if has_history else []
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = _cells(row, context)
        sparkline = context.sparklines.get((row.label, row.metric), "")
        cells += [f"<sub>{sparkline}</sub>" if sparkline else ""] if has_history else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(row: Row, context: CommentContext) -> list[str]:
    word = metrics.word_for_worse(row.metric, row.direction) if row.judgment == "regressed" else ""
    title = metrics.describe(row.metric).title if metrics.is_known(row.metric) else code(row.metric)
    change = f"**{percent(row.effect)}** {word}".strip()
    levels = f"{quantity(row.baseline, row.unit)} → {quantity(row.candidate, row.unit)}"
    identity = f"{NO_BREAK}`{row_id(row)}`" if context.has_commands else ""
    return [
        SYMBOLS[row.outcome] + identity,
        f"{code(row.label)} {title}",
        " ".join(map(_unbroken, (change, interval(row.low, row.high), levels))),
        _unbroken(limits(row)),
    ]


def _unbroken(text: str) -> str:
    return text.replace(" ", NO_BREAK)


def _budget_left(verdict: Verdict) -> str:
    """Return the benchmarks that used most of their budget and passed; empty if none used half of it."""
    used = {row.label: _used_budget(row) for row in verdict.gated if row.outcome is Outcome.PASS}
    worst = sorted((label for label in used if used[label] >= 0.5), key=lambda label: (-used[label], label))
    named = [f"{code(label)} {share(max(0.0, 1 - used[label]), digits=2)}" for label in worst[:MAX_NAMED]]
    return f"Budget left: {', '.join(named)}." if named else ""


def _used_budget(row: Row) -> float:
    """Return the used share of the regression budget; 0 if there is none or the row is not listed."""
    if row.max_regression <= 0 or row.is_unremarkable or row.effect is None:
        return 0.0
    return (row.effect if row.direction is Direction.LOWER else -row.effect) / row.max_regression


def _footer(verdict: Verdict, context: CommentContext) -> str:
    base = verdict.base
    date = f" of {base.committed_at:%Y-%m-%d}" if base and base.committed_at else ""
    measured = "measured alternately in" if verdict.rows else "environment"
    parts = [
        f"base {code(base.sha[:10])}{date}" if base else "no base",
        f"head {code(verdict.head.sha[:10])}",
        f"{measured} {code(verdict.environment)}",
        f"policy {code(verdict.policy_path)} of base{_lines(verdict)}"
        if verdict.policy_path
        else "perfgate's default budget",
        f"[all rows and samples]({context.details_url})" if context.details_url else "",
        "again: `/perfgate run`" if context.has_commands else "",
    ]
    return "<sub>" + " · ".join(part for part in parts if part) + "</sub>"


def _lines(verdict: Verdict) -> str:
    """Return the lines of the policy whose rules failed."""
    failed = {
        finding.limit.line
        for row in verdict.gated
        for finding in row.findings
        if finding.outcome is Outcome.FAIL and finding.limit.line
    }
    return f", line {', '.join(map(str, sorted(failed)))}" if failed else ""


def _exempt(verdict: Verdict) -> str:
    """Return which benchmarks are not gated and what that assumes."""
    if not verdict.exempt:
        return ""
    assumed = "\n".join(f"- {plain(text)}" for text in verdict.assumptions)
    listed = _reasons([(label, "nothing it reaches differs") for label in verdict.exempt])
    return f"{listed}\n\nThis assumes:\n\n{assumed}" if assumed else listed


def _reasons(pairs: Sequence[tuple[str, str]]) -> str:
    lines = [f"- {code(label)}: {code(reason) if reason else 'no reason recorded'}" for label, reason in pairs]
    more = len(lines) - MAX_FOLDED_ROWS
    return "\n".join(lines[:MAX_FOLDED_ROWS] + ([f"- … and {more} more"] if more > 0 else []))


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>" if body else ""
