"""The exit codes of every command that ends with a verdict."""

from __future__ import annotations

from perfgate.gate.pairing import NEW
from perfgate.gate.verdict import Verdict
from perfgate.policy.findings import Outcome

PASSED, BROKEN, UNDECIDABLE = 0, 1, 3


def exit_code(verdict: Verdict, *, strict: bool = False) -> int:
    """Return the process exit code: 0 passed or waived, 1 a budget is broken, 3 undecidable.

    Args:
        strict: Also return 3 if some benchmarks have no answer. A new benchmark needs none.
    """
    if verdict.outcome is Outcome.FAIL:
        return BROKEN
    unanswered = verdict.count(Outcome.INCONCLUSIVE) or any(
        missing.reason != NEW and missing.label not in verdict.exempt for missing in verdict.not_judged
    )
    return UNDECIDABLE if verdict.outcome is Outcome.INCONCLUSIVE or (strict and unanswered) else PASSED
