"""The verdict in one line, and what it means for a check run and a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from perfgate.gate import Outcome, Row, Verdict
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
    rows = list({row.label: row for row in reversed(ordered(verdict)) if not row.exempt}.values())
    symbol = SYMBOLS[verdict.outcome]
    if not rows and verdict.outcome is Outcome.PASS:
        return f"{symbol} No benchmark is reached by this change ({len(verdict.exempt)} not gated)"
    if not rows and not verdict.missing_shards:
        return f"{symbol} No verdict: nothing was compared"
    start = "No verdict: " if verdict.outcome is Outcome.INCONCLUSIVE else ""
    return f"{symbol} {start}{' · '.join(_counts(verdict, rows))}"


def _counts(verdict: Verdict, rows: Sequence[Row]) -> list[str]:
    outcomes = Counter(row.outcome for row in rows)
    improved = sum(row.outcome is Outcome.PASS and row.judgment == "improved" for row in rows)
    counts = {
        f"benchmark{'' if outcomes[Outcome.FAIL] == 1 else 's'} beyond the budget": outcomes[Outcome.FAIL],
        "waived": outcomes[Outcome.WAIVED],
        "improved": improved,
        "within budget": outcomes[Outcome.PASS] - improved,
        "inconclusive": outcomes[Outcome.INCONCLUSIVE],
        "not reached by the change": len(verdict.exempt),
    }
    missing = verdict.missing_shards
    shards = [f"shard{'s' if ',' in missing else ''} {missing} missing"] if missing else []
    return [f"{count} {words}" for words, count in counts.items() if count] + shards


def benchmarks(count: int) -> str:
    """Return ``1 benchmark`` or ``7 benchmarks``."""
    return f"{count} benchmark{'' if count == 1 else 's'}"
