"""Slow reference implementations to compare the fast ones with: textbook formulas, one benchmark at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats


def log_ratio(base: Sequence[float], candidate: Sequence[float]) -> float:
    """Median over the neighboring samples of one pair; with fewer than twelve, averaged with that of the minima."""
    middle = median(math.log(late / early) for early, late in zip(base, candidate, strict=True))
    return middle if len(base) >= 12 else (middle + math.log(min(candidate) / min(base))) / 2


class Estimate(NamedTuple):
    location: float
    error: float
    freedom: float

    def p_above(self, limit: float) -> float:
        return float(stats.t.sf((self.location - limit) / self.error, self.freedom))

    def upper(self, confidence: float) -> float:
        return float(self.location + stats.t.ppf(confidence, self.freedom) * self.error)

    def swapped(self) -> Estimate:
        return self._replace(location=-self.location)


def plain_mean(values: Sequence[float]) -> Estimate:
    return Estimate(float(np.mean(values)), float(stats.sem(values)), len(values) - 1)


def trimmed_mean(values: Sequence[float]) -> Estimate:
    """13 % cut off at either end, at least one value; Yuen's standard error."""
    cut = max(1, round(0.13 * len(values)))
    kept = len(values) - 2 * cut
    share = cut / len(values)
    winsorized = np.asarray(stats.mstats.winsorize(np.asarray(values), (share, share)), float)
    squares = float(((winsorized - winsorized.mean()) ** 2).sum())
    location = float(np.mean(sorted(values)[cut : len(values) - cut]))
    return Estimate(location, math.sqrt(squares / (kept * (kept - 1))), kept - 1)


def shrunk(estimate: Estimate, pairs: int, prior: tuple[float, float]) -> Estimate:
    """The estimate with its variance averaged with the prior's, weighted by degrees of freedom."""
    variance, freedom = prior
    total = freedom + estimate.freedom
    own = estimate.error**2 * pairs
    return Estimate(estimate.location, math.sqrt((freedom * variance + estimate.freedom * own) / total / pairs), total)


def smyth_prior(samples: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Variance and degrees of freedom of the scaled inverse chi-square that the suite's variances come from."""
    if len(samples) < 20:
        return 0.0, 0.0
    d = len(samples[0]) - 1
    logs = [math.log(np.var(values, ddof=1)) - special.digamma(d / 2) + math.log(d / 2) for values in samples]
    spread = (1.4826 * median(abs(log - median(logs)) for log in logs)) ** 2 - special.polygamma(1, d / 2)
    half = optimize.brentq(lambda x: special.polygamma(1, x) - max(spread, 1e-3), 1e-6, 1e6)
    freedom = min(max(2 * half, 1.0), 20.0)
    return math.exp(median(logs) + special.digamma(freedom / 2) - math.log(freedom / 2)), freedom


def judge(values: Mapping[str, Sequence[float]], limit: float, alpha: float) -> dict[str, tuple[str, int]]:
    """Outcome and number of pairs of every benchmark, given all pair values it would ever have, and no widening."""
    prior = smyth_prior([taken[:3] for taken in values.values()])
    answers: dict[str, tuple[str, int]] = {}
    suspects: dict[str, tuple[int, int]] = {}
    for name, taken in values.items():
        answers[name], suspects[name] = screen(taken, limit, prior)
    for sign in (+1, -1):
        fresh = {
            n: [sign * v for v in values[n][pairs:]] for n, (suspected, pairs) in suspects.items() if suspected == sign
        }
        for name, (outcome, pairs) in confirm(fresh, limit, alpha / 2 / 4, sign).items():
            answers[name] = (outcome, suspects[name][1] + pairs)
    return answers


def screen(
    values: Sequence[float], limit: float, prior: tuple[float, float]
) -> tuple[tuple[str, int], tuple[int, int]]:
    for pairs in (3, 4, 6, 8, 12):
        raw = trimmed_mean(values[:pairs]) if pairs >= 6 else plain_mean(values[:pairs])
        estimate = shrunk(raw, pairs, prior)
        if estimate.location > limit and estimate.p_above(limit) <= (0.25 if pairs == 12 else 0.10):
            return ("", pairs), (+1, pairs)
        if estimate.location < -limit and estimate.swapped().p_above(limit) <= 0.02:
            return ("", pairs), (-1, pairs)
        if estimate.upper(0.99) <= limit:
            return ("within", pairs), (0, pairs)
        if futile(estimate, pairs, limit, prior):
            return ("inconclusive", pairs), (0, pairs)
    return ("inconclusive", 12), (0, 12)


def futile(estimate: Estimate, pairs: int, limit: float, prior: tuple[float, float]) -> bool:
    given_up = {3: 0.5, 4: 0.4, 6: 0.3, 8: 0.3, 12: 0.0}
    spread = estimate.error * math.sqrt(pairs)
    if pairs < 6:
        spread = min(spread, math.sqrt(prior[0]))
    hopeless = stats.t.ppf(0.99, prior[1] + 11) * spread / math.sqrt(12) > limit
    knows_enough = pairs >= 6 or prior[1] > 0
    return bool(knows_enough and hopeless and estimate.p_above(limit) > given_up[pairs])


def confirm(values: Mapping[str, Sequence[float]], limit: float, level: float, sign: int) -> dict[str, tuple[str, int]]:
    """All suspects of one direction, look by look; the sign of the values is such that a confirmed change is positive."""
    answers: dict[str, tuple[str, int]] = {}
    called = 0
    for pairs in (8, 16, 32, 64):
        waiting = {n: estimated(taken[:pairs]) for n, taken in values.items() if n not in answers}
        while waiting:
            clearest = min(waiting, key=lambda name: waiting[name].p_above(limit))
            if waiting[clearest].p_above(limit) > level / (len(values) - called):
                break
            called += 1
            answers[clearest] = ("regressed" if sign > 0 else "improved", pairs)
            del waiting[clearest]
        for name, estimate in waiting.items():
            own = level / (len(values) - called)
            if outcome := cleared(values[name][:pairs], estimate if sign > 0 else estimate.swapped(), limit, own):
                answers[name] = (outcome, pairs)
    return answers


def cleared(fresh: Sequence[float], as_measured: Estimate, limit: float, level: float) -> str:
    robust = trimmed_mean(fresh)
    at_the_end = Estimate(robust.location + robust.error, robust.error * math.sqrt(len(fresh) / 64), 63)
    if as_measured.upper(1 - 0.01 / 4) <= limit:
        return "within"
    return "inconclusive" if len(fresh) == 64 or at_the_end.p_above(limit) > level else ""


def estimated(fresh: Sequence[float]) -> Estimate:
    return trimmed_mean(fresh) if len(fresh) >= 16 else plain_mean(fresh)


LEVELS = np.linspace(-0.5, 0.5, 1001)
GAP = LEVELS[1] - LEVELS[0]

Measured = Sequence[tuple[int, float, float]]
"""Position, value and error of each measurement of a commit."""


def likelihood(measured: Measured, positions: range, levels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of the measurements at *positions*, at each level; the constants are those of `perfgate.stats.bisection`."""
    chance = np.ones(len(levels))
    for position, value, error in measured:
        if position in positions:
            width = math.hypot(error, 0.002, 0.05 * value)
            chance *= 0.99 * stats.norm.pdf(value, levels, width) + 0.01 * stats.cauchy.pdf(value, levels, 10 * width)
    return chance


def moved(measured: Measured, positions: range) -> float:
    """Likelihood of the measurements at *positions*, summed over all new levels."""
    if not any(position in positions for position, _, _ in measured):
        return 1.0
    prior = (0.05 + 0.005) / math.pi / (0.05**2 + LEVELS**2) * LEVELS**2 / (LEVELS**2 + 0.005**2)
    return float((prior * likelihood(measured, positions, LEVELS)).sum() * GAP)


def evidence(measured: Measured, count: int, *steps: int) -> float:
    """Likelihood of all measurements if the level changes at *steps*."""
    bounds = [0, *steps, count + 1]
    (chance,) = likelihood(measured, range(bounds[1]), np.zeros(1))
    return float(chance) * math.prod(moved(measured, range(begin, end)) for begin, end in pairwise(bounds[1:]))


def culprit(count: int, measured: Measured) -> tuple[list[float], float, float]:
    """Probability of each commit, of nothing and of several: every hypothesis in turn, every new level in turn."""
    pairs = [(first, second) for second in range(1, count + 1) for first in range(1, second)]
    share = 0.05 if pairs else 0.0
    single = [(0.98 - share) / count * evidence(measured, count, step) for step in range(1, count + 1)]
    nothing = 0.02 * evidence(measured, count)
    several = math.fsum(share / len(pairs) * evidence(measured, count, *pair) for pair in pairs)
    total = math.fsum(single) + nothing + several
    return [chance / total for chance in single], nothing / total, several / total


class Drifted(NamedTuple):
    start: int
    beyond: int
    rise: float
    error: float
    before: float
    after: float


def drift(values: Sequence[float], budget: float) -> Drifted | None:
    """Drift of a series without level shifts, of which less is better: stretch by stretch."""
    size = max(4, len(values) // 12)
    bounds = [*range(0, len(values) // size * size, size), len(values)]
    logs = [math.log(value) for value in values]
    medians = [median(logs[begin:end]) for begin, end in pairwise(bounds)]
    best = min(range(len(medians) - 4), key=lambda stretch: medians[stretch])
    climb = medians[best:]
    rise = climb[-1] - climb[0]
    order = list(range(len(climb)))
    trend = np.polyval(np.polyfit(order, climb, 2), order)
    scatter = math.sqrt(float(np.mean((np.array(climb) - trend) ** 2)))
    climbs = [later - earlier for earlier, later in pairwise(climb)]
    is_steady = float(stats.kendalltau(order, climb).statistic) >= 0.8 and max(climbs) <= rise / 2
    if rise <= math.log1p(budget) or rise < 5 * scatter or not is_steady:
        return None
    within = [stretch for stretch in order if climb[stretch] - climb[0] <= math.log1p(budget)]
    first, after = values[bounds[best] : bounds[best + 1]], values[bounds[-2] :]
    return Drifted(
        (bounds[best] + bounds[best + 1]) // 2,
        bounds[best + within[-1] + 1],
        rise,
        scatter * math.sqrt(2),
        median(first),
        median(after),
    )


def chance_clusters(positions: Sequence[Sequence[int]], length: int, reach: int) -> tuple[int, float]:
    """Most series with a candidate within *reach* of one commit, and the probability that chance brings so many."""
    counts = [
        sum(any(abs(position - commit) <= reach for position in own) for own in positions) for commit in range(length)
    ]
    expected = sum(min(1.0, len(own) * (2 * reach + 1) / length) for own in positions)
    return max(counts), float(stats.poisson.sf(max(counts) - 1, expected))
