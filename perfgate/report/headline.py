"""The verdict in one line, and what it means for a check run and a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from perfgate.gate import Outcome, Verdict
from perfgate.report.rows import IMPROVED, decisive_rows, word

SYMBOLS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.WAIVED: "⚠️", Outcome.INCONCLUSIVE: "❔"}

OPEN_SHARE = 0.2
"""Share of benchmarks without an answer from which a verdict that passes has no check mark."""

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
    """Return whether not everything passed, too little was answered, or something improved."""
    return any(
        verdict.outcome is not Outcome.PASS or has_too_few_answers(verdict) or verdict.judged("improved")
        for verdict in verdicts
    )


def headline(verdict: Verdict) -> str:
    """Return the verdict in one line: the title of the check run and the first line of comment and terminal output.

    It counts gated benchmarks; one with several metrics counts by the metric that needs attention most.
    """
    return f"{_symbol(verdict)} {headline_text(verdict)}"


def headline_text(verdict: Verdict) -> str:
    """Return the headline without its symbol."""
    counts = _counts(verdict)
    if not (decisive_rows(verdict) or failed(verdict)) and verdict.outcome is Outcome.PASS:
        return f"No benchmark is reached by this change ({len(verdict.exempt)} not gated)"
    if not (decisive_rows(verdict) or failed(verdict) or verdict.missing_shards):
        return "No verdict: nothing was compared"
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return f"No verdict: {counts}"
    return f"Too few answers: {counts}" if has_too_few_answers(verdict) else counts


def has_too_few_answers(verdict: Verdict) -> bool:
    """Return whether a verdict passes although `OPEN_SHARE` of its benchmarks or more are inconclusive or failed."""
    rows, without = decisive_rows(verdict), len(failed(verdict))
    undecided = sum(row.outcome is Outcome.INCONCLUSIVE for row in rows) + without
    return verdict.outcome is Outcome.PASS and undecided > 0 and undecided >= OPEN_SHARE * (len(rows) + without)


def failed(verdict: Verdict) -> list[str]:
    """Return the gated benchmarks of both sides that failed, so that none of their metrics was compared."""
    compared = {row.label for row in verdict.rows} | set(verdict.exempt)
    return sorted({missing.label for missing in verdict.not_judged if missing.is_failure} - compared)


def _symbol(verdict: Verdict) -> str:
    return SYMBOLS[Outcome.INCONCLUSIVE if has_too_few_answers(verdict) else verdict.outcome]


def _counts(verdict: Verdict) -> str:
    words = Counter(word(row) for row in decisive_rows(verdict))
    counts = {
        f"benchmark{'' if words[Outcome.FAIL] == 1 else 's'} beyond the budget": words[Outcome.FAIL],
        "waived": words[Outcome.WAIVED],
        "improved": words[IMPROVED],
        "within budget": words[Outcome.PASS],
        "inconclusive": words[Outcome.INCONCLUSIVE],
        "failed to run": len(failed(verdict)),
        "not reached by the change": len(verdict.exempt),
    }
    missing = verdict.missing_shards
    shards = [f"shard{'s' if ',' in missing else ''} {missing} missing"] if missing else []
    return " · ".join([f"{count} {text}" for text, count in counts.items() if count] + shards)


def benchmarks(count: int) -> str:
    """Return ``1 benchmark`` or ``7 benchmarks``."""
    return f"{count} benchmark{'' if count == 1 else 's'}"
