"""Verdicts as people read them: words, Markdown, JSON. Pure: nothing is decided or sent here.

Percent, units and rounding exist only in this module; `perfgate.terminal` lays its words out in tables. Names of benchmarks, commit messages and branches are written by
strangers: in Markdown they go through `code`, elsewhere through `plain`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import msgspec

from perfgate.gate import Outcome, Row, Verdict
from perfgate.records import Direction

MAX_ROWS = 10
"""Rows of a table in a comment; the rest stands behind the link."""

MAX_FOLDED_ROWS = 25
"""Rows of each folded list."""

MAX_COMMENT_CHARACTERS = 20_000
"""A comment longer than this is read by nobody; GitHub's own limit is 65,536."""

SYMBOLS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.WAIVED: "⚠️", Outcome.INCONCLUSIVE: "❔"}

_SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
}
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Control, bidirectional and zero-width characters: what is printed must be what is there."""

_BARS = "▁▂▃▄▅▆▇█"


def percent(fraction: float | None) -> str:
    """Return a signed percentage with two significant digits below ten: ``+6.1 %``, ``-0.05 %``, ``+112 %``.

    >>> percent(0.0612), percent(-0.0005), percent(1.12), percent(None)
    ('+6.1 %', '-0.05 %', '+112 %', '–')
    """
    if fraction is None or not math.isfinite(fraction):
        return "–"
    hundredths = 100 * fraction
    size = abs(hundredths)
    digits = 0 if size >= 99.5 else 1 if size >= 0.95 or size == 0 else 2
    return f"{hundredths:+.{digits}f} %"


def interval(low: float | None, high: float | None) -> str:
    """Return a confidence interval of an effect: ``[+5.2 %, +7.0 %]``."""
    return f"[{percent(low)}, {percent(high)}]"


def share(fraction: float) -> str:
    """Return an unsigned percentage: ``3 %``.

    >>> share(0.03), share(0.005)
    ('3 %', '0.5 %')
    """
    return f"{100 * fraction:.3g} %"


def quantity(value: float | None, unit: str) -> str:
    """Return a value with a unit of readable size, three significant digits.

    >>> quantity(0.0123, "s"), quantity(4.1e6, "B"), quantity(12.0, "items"), quantity(0.0, "s")
    ('12.3 ms', '4.1 MB', '12 items', '0 s')
    """
    if value is None or not math.isfinite(value):
        return "–"
    for factor, name in _SCALES.get(unit, ()):
        if abs(value) >= factor:
            return f"{_three(value / factor)} {name}"
    if unit in _SCALES and value:
        factor, name = _SCALES[unit][-1]
        return f"{_three(value / factor)} {name}"
    return f"{_three(value)} {unit}".rstrip()


def _three(number: float) -> str:
    """Return three significant digits without an exponent where that stays short."""
    if number and not 1e-4 <= abs(number) < 1e15:
        return f"{number:.3g}"
    digits = 3 - 1 - math.floor(math.log10(abs(number))) if number else 0
    text = f"{round(number, digits):,.{max(0, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def sparkline(values: Sequence[float]) -> str:
    """Return values as block characters, oldest first; a flat line for equal values.

    >>> sparkline([1, 1, 1, 8])
    '▁▁▁█'
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(_BARS[min(7, int(8 * (value - low) / span))] for value in values)


def plain(text: str, limit: int = 200) -> str:
    """Return foreign text on one line, without characters that hide or reorder others."""
    cleaned = _UNSEEN.sub("�", text).strip()
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def code(text: str, limit: int = 120) -> str:
    """Return foreign text as a Markdown code span that nothing inside can end, also within a table."""
    cleaned = plain(text, limit)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", cleaned)), default=0) + 1)
    pad = " " if not cleaned or cleaned[0] == "`" or cleaned[-1] == "`" else ""
    return f"{fence}{pad}{cleaned.replace('|', chr(92) + '|')}{pad}{fence}"


def worse(metric: str, direction: Direction) -> str:
    """Return the word for a regression of this metric."""
    if "time" in metric:
        return "slower"
    return ("larger" if "memory" in metric else "higher") if direction is Direction.LOWER else "lower"


def headline(verdict: Verdict) -> str:
    """Return the verdict in one line; the check's title, the comment and the terminal all begin with it."""
    rows = verdict.rows
    failed, waived = verdict.count(Outcome.FAIL), verdict.count(Outcome.WAIVED)
    unclear, improved = verdict.count(Outcome.INCONCLUSIVE), len(verdict.judged("improved"))
    steady = len(rows) - failed - waived - unclear - sum(r.outcome is Outcome.PASS for r in verdict.judged("improved"))
    if not rows:
        return f"{SYMBOLS[verdict.outcome]} No verdict: nothing was compared"
    parts = [
        f"{_benchmarks(failed)} beyond the budget" if failed else "",
        f"{waived} waived" if waived else "",
        f"{improved} improved" if improved else "",
        f"{steady} within budget" if steady else "",
        f"{unclear} inconclusive" if unclear else "",
    ]
    start = "No verdict: " if verdict.outcome is Outcome.INCONCLUSIVE else ""
    return f"{SYMBOLS[verdict.outcome]} {start}" + " · ".join(part for part in parts if part)


def _benchmarks(count: int) -> str:
    return f"{count} benchmark{'' if count == 1 else 's'}"


def json_text(verdict: Verdict) -> str:
    """Return the verdict as one line of JSON, every number in full."""
    return msgspec.json.encode(verdict).decode()


def remarks(verdict: Verdict) -> list[str]:
    """Return what stands below the table: notes, what was not judged and why, and how this was decided."""
    lines = list(verdict.notes)
    lines += [f"{plain(each.label)} ({each.metric}) not judged: {plain(each.reason)}" for each in verdict.not_judged]
    lines += [f"{plain(row.label)}: {plain(row.reason)}" for row in verdict.rows if row.reason]
    if verdict.rows:
        lines.append(_power(verdict))
    lines.append(_decided(verdict))
    return lines


def markdown(verdict: Verdict, *, details_url: str = "", sparklines: Mapping[str, str] | None = None) -> str:
    """Return the pull-request comment, verdict and next step first.

    Args:
        details_url: Page with the samples behind every row; empty: no server.
        sparklines: Label to the last points of its history, see `sparkline`.
    """
    parts = [f"### perfgate: {headline(verdict)}", _next_step(verdict)]
    shown = [row for row in ordered(verdict) if row.judgement != "within" or row.outcome is not Outcome.PASS]
    notable = [row for row in shown if row.outcome in {Outcome.FAIL, Outcome.WAIVED}]
    parts.append(_markdown_table(notable[:MAX_ROWS], sparklines or {}))
    if len(notable) > MAX_ROWS:
        parts.append(f"… and {len(notable) - MAX_ROWS} more.")
    if verdict.rows:
        parts.append(_power(verdict))
    parts += [f"> {plain(note)}" for note in verdict.notes]
    parts.append(_footer(verdict, details_url))
    improved = [row for row in shown if row.judgement == "improved" and row.outcome is Outcome.PASS]
    unclear = [row for row in shown if row.outcome is Outcome.INCONCLUSIVE]
    parts.append(_folded(f"{len(improved)} improved", _markdown_table(improved[:MAX_FOLDED_ROWS], {})))
    parts.append(_folded(f"{len(unclear)} without a verdict", _reasons([(r.label, r.reason) for r in unclear])))
    parts.append(
        _folded(
            f"{len(verdict.not_judged)} not judged",
            _reasons([(each.label, each.reason) for each in verdict.not_judged]),
        )
    )
    parts.append(_folded("how this was decided", _decided(verdict)))
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text if len(text) <= MAX_COMMENT_CHARACTERS else _shortened(parts, details_url)


def _shortened(parts: Sequence[str], details_url: str) -> str:
    """Drop folded parts from the end until the comment fits; the verdict itself is never dropped."""
    kept = [part for part in parts if part]
    note = f"Shortened; all rows: {details_url}" if details_url else "Shortened; all rows stand in the job's output."
    while len(kept) > 3 and len("\n\n".join([*kept, note])) > MAX_COMMENT_CHARACTERS - 1:
        kept.pop()
    return "\n\n".join([*kept, note])[:MAX_COMMENT_CHARACTERS] + "\n"


def ordered(verdict: Verdict) -> list[Row]:
    """Return all rows, what needs attention first."""
    rank = {Outcome.FAIL: 0, Outcome.WAIVED: 1, Outcome.INCONCLUSIVE: 2, Outcome.PASS: 3}
    return sorted(
        verdict.rows, key=lambda row: (rank[row.outcome], row.judgement == "within", -row.severity, row.label)
    )


def _next_step(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.FAIL:
        where = f"`{verdict.policy_path}`" if verdict.policy_path else "a `perfgate.toml`"
        return (
            f"**Next:** make it as fast as before, or let its owner add a `[[waiver]]` to {where} on the base branch."
        )
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return "**Next:** this is no pass: look below for what was missing, and measure again."
    return ""


def _markdown_table(rows: Sequence[Row], sparklines: Mapping[str, str]) -> str:
    if not rows:
        return ""
    history = any(row.label in sparklines for row in rows)
    head = ["", "benchmark", "change", "95 % interval", "allowed", "base → head"] + (["history"] if history else [])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        word = worse(row.metric, row.direction)
        cells = [
            SYMBOLS[row.outcome],
            code(row.label),
            f"**{percent(row.effect)}** {word if row.judgement == 'regressed' else ''}".strip(),
            interval(row.low, row.high),
            _allowed(row),
            f"{quantity(row.baseline, row.unit)} → {quantity(row.candidate, row.unit)}",
        ]
        lines.append("| " + " | ".join(cells + ([sparklines.get(row.label, "")] if history else [])) + " |")
    return "\n".join(lines)


def _allowed(row: Row) -> str:
    text = share(row.waiver.max_regression if row.waiver else row.allowed.value)
    return f"{text}, at most {quantity(row.max_value.value, row.unit)}" if row.max_value else text


def _power(verdict: Verdict) -> str:
    seen = sorted(row.smallest_detectable for row in verdict.rows if row.smallest_detectable is not None)
    if not seen:
        return ""
    ninth = seen[min(len(seen) - 1, math.ceil(0.9 * len(seen)) - 1)]
    return f"This gate could have seen a change of {share(ninth)} in 90 % of the benchmarks with probability 0.9."


def _footer(verdict: Verdict, details_url: str) -> str:
    base = f"base {code(verdict.base.sha[:10])}" if verdict.base else "no base"
    parts = [
        base,
        f"head {code(verdict.head.sha[:10])}",
        f"environment {code(verdict.environment)}",
        f"policy {code(verdict.policy_path)} of base" if verdict.policy_path else "perfgate's default budget",
        f"[all rows and samples]({details_url})" if details_url else "",
    ]
    return "<sub>" + " · ".join(part for part in parts if part) + "</sub>"


def _decided(verdict: Verdict) -> str:
    pairs = sorted(row.pairs for row in verdict.rows)
    spent = f" {pairs[0]} to {pairs[-1]} pairs a benchmark." if pairs else ""
    return (
        "Both sides were measured in turn on one machine, a fresh process each for every pair; the change is the mean "
        "of the pairs' log ratios. A regression is significant and larger than the budget. The chance of any false "
        f"“regressed” in the whole suite is at most {share(verdict.alpha)}.{spent}"
    )


def _reasons(pairs: Sequence[tuple[str, str]]) -> str:
    lines = [f"- {code(label)}: {code(reason) if reason else 'no reason recorded'}" for label, reason in pairs]
    more = len(lines) - MAX_FOLDED_ROWS
    return "\n".join(lines[:MAX_FOLDED_ROWS] + ([f"- … and {more} more"] if more > 0 else []))


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>" if body else ""
