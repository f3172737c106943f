"""Verdicts as people read them: words, Markdown, JSON. Pure: nothing is decided or sent here.

How numbers and foreign names are written is the business of `perfgate.formatting`.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from perfgate.formatting import code, interval, percent, plain, quantity, share
from perfgate.gate import FalseAlarms, Outcome, Row, Verdict
from perfgate.gate.pairing import NotJudged
from perfgate.results import metrics
from perfgate.results.records import Direction
from perfgate.stats.judgments import MAX_INFLATION
from perfgate.stats.rates import upper_bound

MAX_ROWS = 10
"""Rows of a table in a comment; the rest stands behind the link."""

MAX_FOLDED_ROWS = 25
"""Rows of each folded list."""

MAX_NAMED = 3
"""Benchmarks that are named where many share one remark."""

MAX_COMMENT_CHARACTERS = 20_000
"""A comment longer than this is read by nobody; GitHub's own limit is 65,536."""

CHART_POINTS = 30
"""Points in the chart on either side of the change; Mermaid draws no more than fit."""
CHART_LOOK = (
    '%%{init: {"xyChart": {"width": 680, "height": 260},'
    ' "themeVariables": {"xyChart": {"plotColorPalette": "#2563c9, #c77700"}}}}%%'
)
"""Value and level in the colours of our pages, on light and dark alike: Mermaid's own first line is nearly invisible."""
CHART_CEILING = 1_000.0
"""In percent of the level before: one wild point must not flatten the rest."""

NO_BREAK = "\u00a0"
"""Keeps a number and its unit on one line of a narrow table."""

SYMBOLS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.WAIVED: "⚠️", Outcome.INCONCLUSIVE: "❔"}


CONCLUSIONS: dict[Outcome, Literal["failure", "neutral", "success"]] = {
    Outcome.FAIL: "failure",
    Outcome.INCONCLUSIVE: "neutral",
    Outcome.WAIVED: "success",
    Outcome.PASS: "success",
}
"""What a check run says of an outcome. In order: the first of these among a commit's verdicts decides."""


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict that decides for all of one commit."""
    order = list(CONCLUSIONS)
    return min(verdicts, key=lambda one: order.index(one.outcome))


def is_worth_a_comment(verdicts: Sequence[Verdict]) -> bool:
    """Return whether there is something to tell: not everything passed, or something improved."""
    return any(one.outcome is not Outcome.PASS or one.judged("improved") for one in verdicts)


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a server can show beside a verdict; a command line has none of it."""

    details_url: str = ""
    """Page with the samples behind every row."""
    sparklines: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The last points of a row's history, by label and metric, see `perfgate.formatting.sparkline`."""
    chart: str = ""
    """Of the worst row, see `chart`."""
    takes_orders: bool = False
    """Whether ``/perfgate`` in a comment is answered."""
    warning: str = ""
    """What must be read before anything else, in our words."""


def together(verdicts: Sequence[tuple[Verdict, Around]]) -> str:
    """Return one comment for the verdicts of several suites and environments, each with what is around it."""
    parts = []
    for verdict, around in verdicts:
        text = markdown(verdict, around)
        if len(verdicts) > 1:
            text = f"Suite {code(verdict.suite)} in {code(verdict.environment)}:\n\n{text}"
        parts.append(text)
    return "\n".join(parts)


def headline(verdict: Verdict) -> str:
    """Return the verdict in one line; the check's title, the comment and the terminal all begin with it.

    It counts gated benchmarks, each by that of its metrics which needs attention most.
    """
    rows = {row.label: row for row in reversed(ordered(verdict)) if not row.exempt}.values()
    failed, waived, unclear = (
        sum(row.outcome is outcome for row in rows) for outcome in (Outcome.FAIL, Outcome.WAIVED, Outcome.INCONCLUSIVE)
    )
    improved = sum(row.outcome is Outcome.PASS and row.judgement == "improved" for row in rows)
    steady = len(rows) - failed - waived - unclear - improved
    if not rows and verdict.outcome is Outcome.PASS:
        return f"{SYMBOLS[verdict.outcome]} No benchmark is reached by this change ({len(verdict.exempt)} not gated)"
    if not rows and not verdict.missing_shards:
        return f"{SYMBOLS[verdict.outcome]} No verdict: nothing was compared"
    parts = [
        f"{_benchmarks(failed)} beyond the budget" if failed else "",
        f"{waived} waived" if waived else "",
        f"{improved} improved" if improved else "",
        f"{steady} within budget" if steady else "",
        f"{unclear} inconclusive" if unclear else "",
        f"{len(verdict.exempt)} not reached by the change" if verdict.exempt else "",
        f"shard{'s' if ',' in verdict.missing_shards else ''} {verdict.missing_shards} missing"
        if verdict.missing_shards
        else "",
    ]
    start = "No verdict: " if verdict.outcome is Outcome.INCONCLUSIVE else ""
    return f"{SYMBOLS[verdict.outcome]} {start}" + " · ".join(part for part in parts if part)


def _benchmarks(count: int) -> str:
    return f"{count} benchmark{'' if count == 1 else 's'}"


def json_text(verdict: Verdict) -> str:
    """Return the verdict as one line of JSON, every number in full."""
    return msgspec.json.encode(verdict).decode()


def chart(values: Sequence[float], position: int, before: float, after: float) -> str:
    """Return a Mermaid chart of the points around a change, in percent of the level before it; empty where none fits.

    Source:
        https://mermaid.js.org/syntax/xyChart.html; its grammar knows plain decimals only, no exponents.
    """
    start, end = max(0, position - CHART_POINTS), min(len(values), position + CHART_POINTS)
    part = [100 * value / before for value in values[start:end]] if before > 0 else []
    if len(part) < 2 or not all(map(math.isfinite, part)):
        return ""
    part = [min(max(value, 0.0), CHART_CEILING) for value in part]
    level = min(max(100 * after / before, 0.0), CHART_CEILING)
    levels = [100.0 if start + index < position else level for index in range(len(part))]
    low, high = min(*part, *levels), max(*part, *levels)
    margin = max(0.05 * (high - low), 0.5)
    lines = [
        "```mermaid",
        CHART_LOOK,
        "xychart-beta",
        f'    x-axis "points around the change" 1 --> {len(part)}',
        f'    y-axis "% of the level before" {max(low - margin, 0.0):.2f} --> {high + margin:.2f}',
        f"    line [{', '.join(f'{value:.2f}' for value in part)}]",
        f"    line [{', '.join(f'{value:.2f}' for value in levels)}]",
        "```",
    ]
    return "\n".join(lines)


def remarks(verdict: Verdict) -> list[str]:
    """Return what stands below the table: notes, what was not judged and why, and how this was decided."""
    lines = [*false_alarms(verdict, plain), *verdict.notes]
    if verdict.assumptions:
        lines.append(f"The exemption assumes: {' '.join(verdict.assumptions)}")
    lines += [f"{name} not judged: {plain(reason)}" for name, reason in _not_judged(verdict)]
    lines += [f"{_named(row)}: {plain(row.reason)}" for row in verdict.gated if row.reason]
    return [line for line in (*lines, _power(verdict), _still(verdict), _decided(verdict)) if line]


def _named(row: Row | NotJudged) -> str:
    return f"{plain(row.label)} ({plain(metrics.describe(row.metric).title)})"


def _not_judged(verdict: Verdict) -> list[tuple[str, str]]:
    """Return what was not judged, with the reason; those that share one stand together."""
    groups: dict[str, list[NotJudged]] = {}
    for each in verdict.not_judged:
        groups.setdefault(each.reason, []).append(each)
    return [(_together(each), reason) for reason, each in groups.items()]


def _together(each: Sequence[NotJudged]) -> str:
    named = ", ".join(_named(one) for one in each[:MAX_NAMED])
    return f"{named} and {len(each) - MAX_NAMED} more" if len(each) > MAX_NAMED else named


def false_alarms(verdict: Verdict, named: Callable[[str], str]) -> list[str]:
    """Return a warning for each exempt benchmark in which a change was found.

    Args:
        verdict: Whose rows.
        named: How a benchmark's name is written: ``code`` or ``plain`` of `perfgate.formatting`.
    """
    found = sorted((row for row in verdict.rows if row.is_false_alarm), key=lambda row: (-row.severity, row.label))
    lines = [
        f"FALSE ALARM: {named(row.label)} was called {row.judgement} ({percent(row.effect)} {row.metric}), though nothing"
        " it reaches differs. Either this is chance, or one of the assumptions of the exemption does not hold for it."
        for row in found[:MAX_ROWS]
    ]
    return lines + ([f"FALSE ALARM: {len(found) - MAX_ROWS} more."] if len(found) > MAX_ROWS else [])


def measured_rate(counts: FalseAlarms) -> str:
    """Return how many benchmarks that the change cannot reach were called changed; empty where none was judged."""
    if not counts.judged:
        return ""
    called = f"{counts.regressed} called regressed and {counts.improved} improved"
    return (
        f"Of {_benchmarks(counts.judged)} that this change cannot reach, measured all the same,"
        f" {called if counts.regressed or counts.improved else 'none was called regressed or improved'}."
    )


def long_run_rate(counts: FalseAlarms) -> str:
    """Return the false-alarm rate that many verdicts together have measured, with its bound; empty: none was."""
    if not counts.judged:
        return ""
    most = share(upper_bound(counts.regressed, counts.judged), digits=2)
    return (
        f"{counts.regressed:,} of {counts.judged:,} benchmarks that their pull request could not reach"
        f" {'was' if counts.regressed == 1 else 'were'} called regressed: below {most} with 95 % confidence."
        f" {counts.improved:,} {'was' if counts.improved == 1 else 'were'} called improved."
    )


def markdown(verdict: Verdict, around: Around | None = None) -> str:
    """Return the pull-request comment, verdict and next step first."""
    around = around or Around()
    warning = f"> **{around.warning}**" if around.warning else ""
    parts = [f"### perfgate: {headline(verdict)}", warning, _next_step(verdict, takes_orders=around.takes_orders)]
    shown = [
        row
        for row in ordered(verdict)
        if not row.exempt and (row.judgement != "within" or row.outcome is not Outcome.PASS)
    ]
    notable = [row for row in shown if row.outcome in {Outcome.FAIL, Outcome.WAIVED}]
    parts.append(_markdown_table(notable[:MAX_ROWS], around))
    if len(notable) > MAX_ROWS:
        parts.append(f"… and {len(notable) - MAX_ROWS} more.")
    parts.append(_reasons([(r.label, r.reason) for r in notable[:MAX_ROWS] if r.reason]))
    parts += [around.chart if notable else "", _left(verdict)]
    parts += [_power(verdict), _still(verdict)]
    parts += [f"> **{line}**" for line in false_alarms(verdict, code)]
    parts += [f"> {plain(note)}" for note in verdict.notes]
    parts.append(_footer(verdict, around))
    improved = [row for row in shown if row.judgement == "improved" and row.outcome is Outcome.PASS]
    unclear = [row for row in shown if row.outcome is Outcome.INCONCLUSIVE]
    parts.append(_folded(f"{len(improved)} improved", _markdown_table(improved[:MAX_FOLDED_ROWS], around)))
    parts.append(_folded(f"{len(unclear)} without a verdict", _reasons([(r.label, r.reason) for r in unclear])))
    parts.append(
        _folded(
            f"{len(verdict.not_judged)} not judged",
            _reasons([(each.label, each.reason) for each in verdict.not_judged]),
        )
    )
    parts.append(_folded(f"{len(verdict.exempt)} not gated", _exempt(verdict)))
    parts.append(_folded("how this was decided", _decided(verdict) if verdict.rows else ""))
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text if len(text) <= MAX_COMMENT_CHARACTERS else _shortened(parts, around.details_url)


def _shortened(parts: Sequence[str], details_url: str) -> str:
    """Drop folded parts from the end until the comment fits; the verdict itself is never dropped."""
    kept = [part for part in parts if part]
    note = f"Shortened; all rows: {details_url}" if details_url else "Shortened; all rows stand in the job's output."
    while len(kept) > 3 and len("\n\n".join([*kept, note])) > MAX_COMMENT_CHARACTERS - 1:
        kept.pop()
    return "\n\n".join([*kept, note])[:MAX_COMMENT_CHARACTERS] + "\n"


def row_id(row: Row) -> str:
    """Return what people call a row by in a command: six signs that stay the same from one measurement to the next."""
    return hashlib.sha256(f"{row.label}\n{row.metric}".encode("utf-8", "replace")).hexdigest()[:6]


def ordered(verdict: Verdict) -> list[Row]:
    """Return all rows, what needs attention first."""
    rank = {Outcome.FAIL: 0, Outcome.WAIVED: 1, Outcome.INCONCLUSIVE: 2, Outcome.PASS: 3}
    return sorted(
        verdict.rows,
        key=lambda row: (
            rank[row.outcome],
            row.exempt,
            row.judgement == "within",
            row.is_still,
            -row.severity,
            row.label,
        ),
    )


def _next_step(verdict: Verdict, *, takes_orders: bool) -> str:
    if verdict.outcome is Outcome.FAIL:
        where = f"`{verdict.policy_path}`" if verdict.policy_path else "a `perfgate.toml`"
        families = {metrics.describe(row.metric).family for row in verdict.rows if row.outcome is Outcome.FAIL}
        aim = "make it as fast as before" if families == {"time"} else "bring it back within its budget"
        said = f"**Next:** {aim}, or let its owner add a `[[waiver]]` to {where} on the base branch"
        order = ", or `/perfgate accept ID up to 8% until 2027-01-31 because …` for this pull request alone"
        return f"{said}{order if takes_orders else ''}."
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.missing_shards:
        return "**Next:** this is no pass: join the result files of all shards with `perfgate merge`."
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return "**Next:** this is no pass: look below for what was missing, and measure again."
    return ""


def _markdown_table(rows: Sequence[Row], around: Around) -> str:
    if not rows:
        return ""
    history = any((row.label, row.metric) in around.sparklines for row in rows)
    head = ["", "benchmark", "change, 95 % interval, base → head", "allowed"]
    head += [f"last {CHART_POINTS}"] if history else []
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        word = metrics.word_for_worse(row.metric, row.direction)
        title = metrics.describe(row.metric).title if metrics.is_known(row.metric) else code(row.metric)
        change = f"**{percent(row.effect)}** {word if row.judgement == 'regressed' else ''}".strip()
        called = f"{NO_BREAK}`{row_id(row)}`" if around.takes_orders else ""
        levels = f"{quantity(row.baseline, row.unit)} → {quantity(row.candidate, row.unit)}"
        cells = [
            SYMBOLS[row.outcome] + called,
            f"{code(row.label)} {title}",
            " ".join(map(_unbroken, (change, interval(row.low, row.high), levels))),
            _unbroken(_allowed(row)),
        ]
        drawn = around.sparklines.get((row.label, row.metric), "")
        cells += [f"<sub>{drawn}</sub>" if drawn else ""] if history else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _unbroken(text: str) -> str:
    return text.replace(" ", NO_BREAK)


def _left(verdict: Verdict) -> str:
    """Return what used up most of its budget and still passes; empty where nothing used half of it."""
    used = {
        row.label: (row.effect or 0.0) * (1 if row.direction is Direction.LOWER else -1) / row.allowed.value
        for row in verdict.gated
        if row.outcome is Outcome.PASS and row.allowed.value > 0 and not row.is_still
    }
    worst = sorted((label for label in used if used[label] >= 0.5), key=lambda label: (-used[label], label))
    named = [f"{code(label)} {share(max(0.0, 1 - used[label]), digits=2)}" for label in worst[:MAX_NAMED]]
    return f"Budget left: {', '.join(named)}." if named else ""


def _allowed(row: Row) -> str:
    text = share(row.waiver.max_regression if row.waiver else row.allowed.value)
    return f"{text}, at most {quantity(row.max_value.value, row.unit)}" if row.max_value else text


def _power(verdict: Verdict) -> str:
    seen = sorted(
        row.smallest_detectable
        for row in verdict.gated
        if row.smallest_detectable is not None and row.repeating is None
    )
    if not seen:
        return ""
    ninth = seen[min(len(seen) - 1, math.ceil(0.9 * len(seen)) - 1)]
    return f"This gate could have seen a change of {share(ninth, digits=2)} in 90 % of the benchmarks with probability 0.9."


def _still(verdict: Verdict) -> str:
    """Return how many rows are not worth listing, by metric; empty where there is none."""
    counts = Counter(metrics.describe(row.metric).title for row in verdict.rows if row.is_still)
    parts = [f"{title} of {_benchmarks(count)}" for title, count in counts.items()]
    return f"Not listed, since unmoved or too small to judge: {', '.join(parts)}." if parts else ""


def _footer(verdict: Verdict, around: Around) -> str:
    base, lines = verdict.base, sorted({row.allowed.line for row in verdict.gated if row.outcome is Outcome.FAIL} - {0})
    of_day = f" of {base.committed_at:%Y-%m-%d}" if base and base.committed_at else ""
    ruled = f", line {', '.join(map(str, lines))}" if lines else ""
    parts = [
        f"base {code(base.sha[:10])}{of_day}" if base else "no base",
        f"head {code(verdict.head.sha[:10])}",
        f"measured in turn in {code(verdict.environment)}"
        if verdict.rows
        else f"environment {code(verdict.environment)}",
        f"policy {code(verdict.policy_path)} of base{ruled}" if verdict.policy_path else "perfgate's default budget",
        f"[all rows and samples]({around.details_url})" if around.details_url else "",
        "again: `/perfgate run`" if around.takes_orders else "",
    ]
    return "<sub>" + " · ".join(part for part in parts if part) + "</sub>"


def _exempt(verdict: Verdict) -> str:
    """Return which benchmarks are not gated and what that assumes."""
    if not verdict.exempt:
        return ""
    assumed = "\n".join(f"- {plain(text)}" for text in verdict.assumptions)
    listed = _reasons([(label, "nothing it reaches differs") for label in verdict.exempt])
    return f"{listed}\n\nThis assumes:\n\n{assumed}" if assumed else listed


def _decided(verdict: Verdict) -> str:
    if not verdict.rows:
        return ""
    pairs = sorted(row.pairs for row in verdict.rows if row.repeating is None)
    spent = f"Pairs a benchmark: {pairs[0]}" + (f" to {pairs[-1]}." if pairs[-1] > pairs[0] else ".") if pairs else ""
    procedure = (
        "Both sides were measured in turn on one machine, fresh processes for every pair; the change is the mean of the "
        "pairs' log ratios. A few pairs certify what is not slower than its budget; what looks slower is measured again, "
        "and only these fresh pairs can call it regressed: surely changed, and by more than the budget. The chance of "
        f"any false “regressed” or “improved” in the whole suite is at most {share(verdict.alpha)}."
    )
    runner = (
        f"Benchmarks that hardly changed differ {verdict.inflation:.2f} times as much as their pairs explain (λ; up to"
        f" {MAX_INFLATION:g} the runner is sound)."
        if verdict.inflation is not None
        else ""
    )
    said = (procedure, runner, measured_rate(verdict.false_alarms), spent, _counted(verdict))
    return " ".join(part for part in said if part)


def _counted(verdict: Verdict) -> str:
    """Return how metrics that repeat were decided; empty where there is none."""
    found = {row.metric: row.repeating for row in verdict.rows}
    known = [each for each in found.values() if each is not None]
    if not known:
        return ""
    bounds = ", ".join(f"{each.title} {share(each.repeatability)}" for each in known)
    small = [f"{quantity(each.judged_above, each.metric.unit)} of {each.title}" for each in known if each.judged_above]
    shown = f" Up to {' and '.join(small)} a change is shown, not judged." if small else ""
    return (
        "What repeats was measured apart from time, and spends none of that chance: one pair decides it, and only more"
        f" than the budget and what the same code differs by ({bounds}; more where the calls of one process or the pairs"
        " differ by more) is regressed. What seems to have changed is measured again by fresh processes, unless all"
        f" calls agree to the byte.{shown}"
    )


def _reasons(pairs: Sequence[tuple[str, str]]) -> str:
    lines = [f"- {code(label)}: {code(reason) if reason else 'no reason recorded'}" for label, reason in pairs]
    more = len(lines) - MAX_FOLDED_ROWS
    return "\n".join(lines[:MAX_FOLDED_ROWS] + ([f"- … and {more} more"] if more > 0 else []))


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>" if body else ""
