"""The rows of a verdict: their order, their short id, and their limits as text."""

from __future__ import annotations

import hashlib

from perfgate.formatting import quantity
from perfgate.gate import Finding, Outcome, Row, Verdict
from perfgate.policy.rules import find_kind

IMPROVED, NOT_GATED = "improved", "not gated"
"""Words for rows that pass: `word` has the others."""

_RANK = {Outcome.FAIL: 0, Outcome.WAIVED: 1, Outcome.INCONCLUSIVE: 2, Outcome.PASS: 3}


def ordered(verdict: Verdict) -> list[Row]:
    """Return all rows, those that need attention first."""
    return sorted(
        verdict.rows,
        key=lambda row: (
            _RANK[row.outcome],
            row.exempt,
            row.judgment == "within",
            row.is_unremarkable,
            -row.severity,
            row.label,
        ),
    )


def word(row: Row) -> str:
    """Return what the verdict says about a row, in one word; the headline counts benchmarks by the same words."""
    if row.exempt:
        return NOT_GATED
    return IMPROVED if row.outcome is Outcome.PASS and row.judgment == "improved" else str(row.outcome)


def decisive_rows(verdict: Verdict) -> list[Row]:
    """Return the row of each gated benchmark that needs attention most; a benchmark may have several metrics."""
    return list({row.label: row for row in reversed(ordered(verdict)) if not row.exempt}.values())


def row_id(row: Row) -> str:
    """Return six characters that name a row in a comment command; the same for every measurement of it."""
    return hashlib.sha256(f"{row.label}\n{row.metric}".encode("utf-8", "replace")).hexdigest()[:6]


def limits(row: Row) -> str:
    """Return the limits of all rules that apply, as text."""
    return ", ".join(limit(finding) for finding in sorted(row.findings, key=lambda f: f.rule != "max_regression"))


def limit(finding: Finding) -> str:
    """Return the limit of one finding as text, in the words of its rule kind."""
    kind = find_kind(finding.rule)
    return kind.describe(finding) if kind else f"{finding.rule} {quantity(finding.limit.value, finding.limit.unit)}"
