"""Decides metrics that repeat almost exactly (traced memory, instructions): one pair and no test of significance.

Such a number has no random error worth a t-test, but a known bound on how far two measurements of the same code differ,
its *repeatability*. A change is what lies beyond budget and repeatability together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from perfgate.stats.sequential import Decision, Outcome


def judge_counts(
    base: Sequence[float],
    candidate: Sequence[float],
    *,
    budget: float,
    repeatability: float,
    metric: str = "",
    seconds: float = 0.0,
) -> Decision:
    """Decide one benchmark on a metric of which less is better.

    Changes are log ratios, so that swapping the sides only changes the sign. With several pairs their median counts,
    and pairs that lie further apart than *repeatability* allows widen it.

    Args:
        base: One number a pair, none negative.
        candidate: As *base*, of the side that is judged; as many.
        budget: Largest tolerated growth as a fraction (0.03 for 3 %).
        repeatability: How far two measurements of the same code may differ, as a fraction.
        metric: Its name, for the decision.
        seconds: What measuring cost, for the decision.

    Returns:
        "Regressed" (or "improved") if the change exceeds budget and repeatability together, "within" if it stays below
        the budget even when repeatability is added, else inconclusive. `low` and `high` are the effect less and more
        repeatability; `smallest_detectable` is the first growth that would be called a regression.

    Raises:
        ValueError: There is no pair, the sides differ in length, or a number, the budget or the repeatability is
            negative or not finite.

    >>> decision = judge_counts([100_000], [101_000], budget=0.005, repeatability=0.0005)
    >>> decision.outcome.value, round(decision.effect, 4)
    ('regressed', 0.01)
    """
    if not base or len(base) != len(candidate):
        raise ValueError(f"both sides need equally many numbers, at least one; got {len(base)} and {len(candidate)}")
    for number in (*base, *candidate, budget, repeatability):
        if not (math.isfinite(number) and number >= 0):
            raise ValueError(f"counts, budget and repeatability are finite and at least 0, got {number!r}")
    limit, reach = math.log1p(budget), math.log1p(repeatability)
    values = [_log_ratio(before, after) for before, after in zip(base, candidate, strict=True)]
    change = median(values)
    if math.isfinite(change):
        reach = max([reach, *(abs(value - change) for value in values)])
        outcome, reason = _outcome(change, limit, reach)
        low, high = math.expm1(change - reach), math.expm1(change + reach)
    else:
        outcome, reason = Outcome.INCONCLUSIVE, "one side counts 0, so the change is no ratio: look at the numbers"
        change = low = high = math.nan
    return Decision(
        outcome=outcome,
        effect=math.expm1(change),
        low=low,
        high=high,
        pairs=len(base),
        seconds=seconds,
        smallest_detectable=math.expm1(limit + reach),
        metric=metric,
        reason=reason,
    )


def _log_ratio(before: float, after: float) -> float:
    if before == after:
        return 0.0
    if before == 0 or after == 0:
        return math.inf if before == 0 else -math.inf
    return math.log(after / before)


def _outcome(change: float, limit: float, reach: float) -> tuple[Outcome, str]:
    if change > limit + reach:
        return Outcome.REGRESSED, ""
    if change < -limit - reach:
        return Outcome.IMPROVED, ""
    if change + reach <= limit:
        return Outcome.WITHIN, ""
    return Outcome.INCONCLUSIVE, (
        f"the change lies within {math.expm1(reach):.2%} of the budget, which is how far two measurements of the same"
        " code differ"
    )
