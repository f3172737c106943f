"""How the result of the canary is printed."""

from __future__ import annotations

import json

from perfgate.canary import CanaryResult
from perfgate.formatting import interval, percent, plain


def describe(result: CanaryResult, *, as_json: bool = False) -> str:
    """Return what was planted, whether the gate found that, and what it could not have found."""
    if as_json:
        return json.dumps(_document(result))
    planted, row = result.planted, result.row
    function = planted.place.function
    found = f"{percent(row.effect)} (95 % interval {interval(row.low, row.high)})" if row else "nothing"
    answer = (
        f"The gate {_answer(result)}. Planted {percent(planted.expected)} in {plain(function.name)} of"
        f" {plain(function.file)}; found {found} in {plain(planted.place.benchmark)}."
    )
    lines = [answer]
    if row and row.smallest_detectable is not None:
        lines.append(
            f"It could not have found with certainty a slowdown of this benchmark below {percent(row.smallest_detectable)}."
        )
    lines.append(f"The benchmark was drawn with --seed {result.seed}.")
    return "\n".join(lines)


def _answer(result: CanaryResult) -> str:
    if result.is_detected:
        return "works: the verdict is fail, by what was planted"
    if result.is_red:
        return "DOES NOT WORK: the verdict is fail, but what it found is not what was planted"
    return f"DOES NOT WORK: the verdict is {result.checked.verdict.outcome}"


def _document(result: CanaryResult) -> dict[str, object]:
    planted, row = result.planted, result.row
    return {
        "seed": result.seed,
        "benchmark": planted.place.benchmark,
        "function": planted.place.function.name,
        "planted": planted.expected,
        "found": row.effect if row else None,
        "low": row.low if row else None,
        "high": row.high if row else None,
        "smallest_detectable": row.smallest_detectable if row else None,
        "red": result.is_red,
        "agrees": result.is_detected,
    }
