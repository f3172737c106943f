"""How the result of the canary is printed."""

from __future__ import annotations

import json

from perfgate.canary import CanaryResult
from perfgate.formatting import percent, plain


def describe(result: CanaryResult, *, as_json: bool = False) -> str:
    """Return what was planted and whether the gate found it."""
    planted, verdict = result.planted, result.checked.verdict
    if as_json:
        return json.dumps(
            {
                "benchmark": planted.benchmark,
                "planted": planted.expected,
                "found": result.effect,
                "red": result.is_detected,
            }
        )
    answer = "works: the verdict is fail" if result.is_detected else f"DOES NOT WORK: the verdict is {verdict.outcome}"
    return (
        f"The gate {answer}. Planted {percent(planted.expected)} in {plain(planted.function)} of"
        f" {plain(planted.module)}; found {percent(result.effect)} in {plain(planted.benchmark)}."
    )
