"""The verdict in one line, and what it means for a check run and a comment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from perfgate.gate import Outcome, Verdict
from perfgate.report.rows import ordered

SYMBOLS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.WAIVED: "⚠️", Outcome.INCONCLUSIVE: "❔"}

CONCLUSIONS: dict[Outcome, Literal["failure", "neutral", "success"]] = {
    Outcome.FAIL: "failure",
    Outcome.INCONCLUSIVE: "neutral",
    Outcome.WAIVED: "success",
    Outcome.PASS: "success",
}
"""Conclusion of a check run for each outcome. In this order the first outcome among a commit's verdicts decides."""


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict that decides for a commit."""
    order = list(CONCLUSIONS)
    return min(verdicts, key=lambda verdict: order.index(verdict.outcome))


def is_worth_a_comment(verdicts: Sequence[Verdict]) -> bool:
    """Return whether not everything passed, or something improved."""
    return any(verdict.outcome is not Outcome.PASS or verdict.judged("improved") for verdict in verdicts)


def headline(verdict: Verdict) -> str:
    """Return the verdict in one line: the title of the check run and the first line of comment and terminal output.

    It counts gated benchmarks; one with several metrics counts by the metric that needs attention most.
    """
    rows = {row.label: row for row in reversed(ordered(verdict)) if not row.exempt}.values()
    symbol = SYMBOLS[verdict.outcome]
    if not rows and verdict.outcome is Outcome.PASS:
        return f"{symbol} No benchmark is reached by this change ({len(verdict.exempt)} not gated)"
    if not rows and not verdict.missing_shards:
        return f"{symbol} No verdict: nothing was compared"
    counts = {outcome: sum(row.outcome is outcome for row in rows) for outcome in Outcome}
    improved = sum(row.outcome is Outcome.PASS and row.judgment == "improved" for row in rows)
    parts = [
        (counts[Outcome.FAIL], f"{benchmarks(counts[Outcome.FAIL])} beyond the budget"),
        (counts[Outcome.WAIVED], f"{counts[Outcome.WAIVED]} waived"),
        (improved, f"{improved} improved"),
        (counts[Outcome.PASS] - improved, f"{counts[Outcome.PASS] - improved} within budget"),
        (counts[Outcome.INCONCLUSIVE], f"{counts[Outcome.INCONCLUSIVE]} inconclusive"),
        (len(verdict.exempt), f"{len(verdict.exempt)} not reached by the change"),
    ]
    texts = [text for count, text in parts if count]
    if verdict.missing_shards:
        texts.append(f"shard{'s' if ',' in verdict.missing_shards else ''} {verdict.missing_shards} missing")
    start = "No verdict: " if verdict.outcome is Outcome.INCONCLUSIVE else ""
    return f"{symbol} {start}{' · '.join(texts)}"


def benchmarks(count: int) -> str:
    """Return ``1 benchmark`` or ``7 benchmarks``."""
    return f"{count} benchmark{'' if count == 1 else 's'}"
