"""Judge deterministic metrics (traced memory, instructions): one pair is enough, and no test of significance is needed.

Such a number has no random error worth a t-test. It has a known bound on how far two measurements of the same code differ,
its *repeatability*. A change beyond budget and repeatability together is a regression; a change within repeatability is
none. Where the measurements of one process, or several pairs, differ by more than that, their difference is the bound.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import median

from perfgate.stats.judgments import BenchmarkJudgment, Judgment

_LARGEST = 700.0
"""Log ratio beyond which the ratio does not fit a float."""

Counts = Sequence[Sequence[float]]
"""For each pair, the numbers measured in its process: at least one, none negative."""


def judge_counts(
    base: Counts,
    candidate: Counts,
    *,
    budget: float,
    repeatability: float,
    judged_above: float = 0.0,
    metric: str = "",
    seconds: float = 0.0,
) -> BenchmarkJudgment:
    """Judge one benchmark on a metric of which less is better, by the median of the pairs' log ratios.

    Args:
        base: The baseline's numbers.
        candidate: Those of the side that is judged; as many pairs.
        budget: Largest tolerated growth, a fraction.
        repeatability: How far two measurements of the same code may differ, a fraction.
        judged_above: Where both sides are at most this, any change is within.
        metric, seconds: Copied into the judgment.

    Returns:
        "Regressed" or "improved" beyond budget and repeatability together; "within" if it stays below the budget with
        repeatability added, or within repeatability; else inconclusive. From 0 any growth is infinite.

    Raises:
        ValueError: There is no pair, the sides differ in length, or a number is negative or not finite.

    >>> judge_counts([[100_000]], [[101_000]], budget=0.005, repeatability=0.0005).outcome.value
    'regressed'
    """
    _check(base, candidate, budget, repeatability)
    limit, bound = math.log1p(budget), math.log1p(repeatability)
    change, spread = _change(base, candidate)
    reach = max(bound, spread)
    baseline_level, candidate_level = _levels(base, candidate)
    is_small = max(median(map(median, side)) for side in (base, candidate)) <= judged_above
    outcome, reason = (Judgment.WITHIN, "") if is_small else _outcome(change, limit, bound, reach)
    return BenchmarkJudgment(
        outcome=outcome,
        effect=_fraction(change),
        baseline=baseline_level,
        candidate=candidate_level,
        low=_fraction(change - reach),
        high=_fraction(change + reach),
        pairs=len(base),
        seconds=seconds,
        smallest_detectable=_fraction(limit + reach),
        metric=metric,
        reason=reason,
    )


def is_settled(base: Counts, candidate: Counts, outcome: Judgment) -> bool:
    """Return whether further pairs are useless after these led to *outcome*.

    They are useless where nothing changed, and where each process agrees with itself to the last digit. Any other outcome,
    above all a regression, is measured again in fresh processes: memory may depend on where the system placed it, for as
    long as a process lives.
    """
    agree = all(len(numbers) > 1 and len(set(numbers)) == 1 for numbers in (*base, *candidate))
    return outcome is Judgment.WITHIN or (agree and outcome is not Judgment.INCONCLUSIVE)


def disagreement(time: BenchmarkJudgment, instructions: BenchmarkJudgment) -> str:
    """Return a sentence that explains two different outcomes; empty where they agree or one is inconclusive.

    Args:
        time: The judgment of CPU or wall time.
        instructions: The judgment of the instruction count of the same benchmark.
    """
    if time.outcome is instructions.outcome or Judgment.INCONCLUSIVE in {time.outcome, instructions.outcome}:
        return ""
    effects = f"time says {time.effect:+.1%}, instructions say {instructions.effect:+.1%}: "
    if abs(time.effect) > abs(instructions.effect):
        return effects + "look for waiting, memory access or the layout of the code rather than for more work"
    return effects + "the work changed, but the time it takes did not follow"


def _check(base: Counts, candidate: Counts, budget: float, repeatability: float) -> None:
    if not base or len(base) != len(candidate):
        raise ValueError(f"both sides need equally many pairs, at least one; got {len(base)} and {len(candidate)}")
    for number in (*itertools.chain(*base, *candidate), budget, repeatability):
        if not (math.isfinite(number) and number >= 0):
            raise ValueError(f"counts, budget and repeatability are finite and at least 0, got {number!r}")


def _change(base: Counts, candidate: Counts) -> tuple[float, float]:
    """Return the median log ratio, and how far the numbers that should agree with each other differ."""
    values = [_log_ratio(median(before), median(after)) for before, after in zip(base, candidate, strict=True)]
    change = median(values)
    if len(values) == 1:
        return change, max(_log_ratio(min(numbers), max(numbers)) for numbers in (*base, *candidate))
    return change, max((abs(value - change) for value in values if value != change), default=0.0)


def _levels(base: Counts, candidate: Counts) -> tuple[float, float]:
    """Return the levels of the pair with the median change; of an even number, the geometric means of the middle two."""
    pairs = [(median(before), median(after)) for before, after in zip(base, candidate, strict=True)]
    pairs.sort(key=lambda pair: _log_ratio(*pair))
    (low_base, low_candidate), (high_base, high_candidate) = pairs[(len(pairs) - 1) // 2], pairs[len(pairs) // 2]
    return _geometric_mean(low_base, high_base), _geometric_mean(low_candidate, high_candidate)


def _geometric_mean(one: float, other: float) -> float:
    return one if one == other else math.sqrt(one) * math.sqrt(other)


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


def _outcome(change: float, limit: float, bound: float, reach: float) -> tuple[Judgment, str]:
    if change > limit + reach:
        return Judgment.REGRESSED, ""
    if change < -limit - reach:
        return Judgment.IMPROVED, ""
    if change + reach <= limit or change <= bound == reach:
        return Judgment.WITHIN, ""
    return Judgment.INCONCLUSIVE, (
        f"the change lies within {_fraction(reach):.2%} of the budget, which is how far measurements of the same code"
        " differ"
    )
