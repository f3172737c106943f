"""Decides metrics that repeat almost exactly (traced memory, instructions): one pair and no test of significance.

Such a number has no random error worth a t-test, but a known bound on how far two measurements of the same code differ,
its *repeatability*. A regression is what lies beyond budget and repeatability together, and no change what lies within
repeatability. Where the measurements of one process differ by more than that, or several pairs do, the bound is theirs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import median

from perfgate.stats.sequential import Decision, Outcome

_LARGEST = 700.0
"""Log ratio beyond which the ratio does not fit a float."""


def judge_counts(
    base: Sequence[Sequence[float]],
    candidate: Sequence[Sequence[float]],
    *,
    budget: float,
    repeatability: float,
    judged_above: float = 0.0,
    metric: str = "",
    seconds: float = 0.0,
) -> Decision:
    """Decide one benchmark on a metric of which less is better.

    Changes are log ratios, so that swapping the sides only changes the sign. With several pairs their median counts.

    Args:
        base: Of each pair, the numbers that its process gave, at least one, none negative.
        candidate: As *base*, of the side that is judged; as many pairs.
        budget: Largest tolerated growth as a fraction (0.03 for 3 %).
        repeatability: How far two measurements of the same code may differ, as a fraction.
        judged_above: Up to here, on both sides, any change is within: too little lies behind it.
        metric: Its name, for the decision.
        seconds: What measuring cost, for the decision.

    Returns:
        "Regressed" (or "improved") if the change exceeds budget and repeatability together; "within" if it stays below
        the budget even when repeatability is added, or, where the numbers keep to it, does not exceed repeatability;
        else inconclusive. `low` and `high` are the effect less and more repeatability; `smallest_detectable` is the
        first growth that would be called a regression. From 0 anything is infinitely more.

    Raises:
        ValueError: There is no pair, the sides differ in length, or a number, the budget or the repeatability is
            negative or not finite.

    >>> decision = judge_counts([[100_000]], [[101_000]], budget=0.005, repeatability=0.0005)
    >>> decision.outcome.value, round(decision.effect, 4)
    ('regressed', 0.01)
    """
    if not base or len(base) != len(candidate):
        raise ValueError(f"both sides need equally many pairs, at least one; got {len(base)} and {len(candidate)}")
    for number in (*itertools.chain(*base, *candidate), budget, repeatability):
        if not (math.isfinite(number) and number >= 0):
            raise ValueError(f"counts, budget and repeatability are finite and at least 0, got {number!r}")
    limit, bound = math.log1p(budget), math.log1p(repeatability)
    values = [_log_ratio(median(before), median(after)) for before, after in zip(base, candidate, strict=True)]
    change = median(values)
    if len(values) == 1:
        seen = max(_log_ratio(min(one), max(one)) for one in (*base, *candidate))
    else:
        seen = max((abs(value - change) for value in values if value != change), default=0.0)
    reach = max(bound, seen)
    is_small = max(median(map(median, side)) for side in (base, candidate)) <= judged_above
    outcome, reason = (Outcome.WITHIN, "") if is_small else _outcome(change, limit, bound, reach)
    low, high = _fraction(change - reach), _fraction(change + reach)
    return Decision(
        outcome=outcome,
        effect=_fraction(change),
        low=low,
        high=high,
        pairs=len(base),
        seconds=seconds,
        smallest_detectable=_fraction(limit + reach),
        metric=metric,
        reason=reason,
    )


def is_settled(base: Sequence[Sequence[float]], candidate: Sequence[Sequence[float]], outcome: Outcome) -> bool:
    """Tell whether further pairs are useless after these led to *outcome*.

    They are where nothing changed, and where each process agrees with itself to the last digit. Anything else, a
    regression above all, is to be seen again by fresh processes: memory may depend on where the system happened to put
    it, for as long as a process lives.
    """
    agree = all(len(one) > 1 and len(set(one)) == 1 for one in (*base, *candidate))
    return outcome is Outcome.WITHIN or (agree and outcome is not Outcome.INCONCLUSIVE)


def disagreement(time: Decision, instructions: Decision) -> str:
    """Return a sentence on what it means that the two outcomes differ; empty where they agree or one is open.

    Args:
        time: What was decided on CPU or wall time.
        instructions: What was decided on the count of the same benchmark.
    """
    if time.outcome is instructions.outcome or Outcome.INCONCLUSIVE in {time.outcome, instructions.outcome}:
        return ""
    said = f"time says {time.effect:+.1%}, instructions say {instructions.effect:+.1%}: "
    if abs(time.effect) > abs(instructions.effect):
        return said + "look for waiting, memory access or the layout of the code rather than for more work"
    return said + "the work changed, but the time it takes did not follow"


def _log_ratio(before: float, after: float) -> float:
    if before == after:
        return 0.0
    ratio = after / before if before else math.inf
    if 0 < ratio < math.inf:
        return math.log(ratio)
    return math.inf if ratio else -math.inf


def _fraction(change: float) -> float:
    """Return a log ratio as a fraction, infinity where that is too large for a number."""
    return math.expm1(change) if change < _LARGEST else math.inf


def _outcome(change: float, limit: float, bound: float, reach: float) -> tuple[Outcome, str]:
    if change > limit + reach:
        return Outcome.REGRESSED, ""
    if change < -limit - reach:
        return Outcome.IMPROVED, ""
    if change + reach <= limit or change <= bound == reach:
        return Outcome.WITHIN, ""
    return Outcome.INCONCLUSIVE, (
        f"the change lies within {_fraction(reach):.2%} of the budget, which is how far measurements of the same code"
        " differ"
    )
