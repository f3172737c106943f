"""Slow reference implementations to compare the fast ones with: textbook formulas, one benchmark at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise, product
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
    """Outcome and number of pairs of every benchmark, given all its pair values, time without end, and no widening."""
    prior = smyth_prior([taken[:3] for taken in values.values()])
    screened = {name: screen(taken, limit, prior) for name, taken in values.items()}
    answers = dict(screened)
    for sign, kinds in ((+1, {"slower", "undecided"}), (-1, {"faster"})):
        family = Family(limit, alpha / 2 / 5, sign)
        for name in [name for name, (outcome, _) in screened.items() if outcome in kinds]:
            family.add(name, values[name][screened[name][1] :], is_suspect=screened[name][0] != "undecided")
        for name, (outcome, pairs) in family.judge().items():
            answers[name] = (outcome, screened[name][1] + pairs)
    return answers


def screen(values: Sequence[float], limit: float, prior: tuple[float, float]) -> tuple[str, int]:
    for pairs in (3, 4, 6, 8, 12):
        raw = trimmed_mean(values[:pairs]) if pairs >= 6 else plain_mean(values[:pairs])
        estimate = shrunk(raw, pairs, prior)
        if estimate.location > limit and estimate.p_above(limit) <= (0.25 if pairs == 12 else 0.10):
            return "slower", pairs
        if estimate.location < -limit and estimate.swapped().p_above(limit) <= 0.02:
            return "faster", pairs
        if estimate.upper(0.99) <= limit:
            return "within", pairs
        if futile(estimate, pairs, limit, prior):
            return "undecided", pairs
    return "undecided", 12


def futile(estimate: Estimate, pairs: int, limit: float, prior: tuple[float, float]) -> bool:
    parked = {3: 0.5, 4: 0.4, 6: 0.3, 8: 0.3, 12: 0.0}
    spread = estimate.error * math.sqrt(pairs)
    if pairs < 6:
        spread = min(spread, math.sqrt(prior[0]))
    hopeless = stats.t.ppf(0.99, prior[1] + 11) * spread / math.sqrt(12) > limit
    knows_enough = pairs >= 6 or prior[1] > 0
    return bool(knows_enough and hopeless and estimate.p_above(limit) > parked[pairs])


class Family:
    """All undecided benchmarks of one direction; signs are such that a confirmed change is positive."""

    def __init__(self, limit: float, level: float, sign: int) -> None:
        self.limit, self.level, self.sign = limit, level, sign
        self.fresh: dict[str, Sequence[float]] = {}
        self.suspects: list[str] = []
        self.seen: dict[str, Estimate] = {}
        self.answers: dict[str, tuple[str, int]] = {}
        self.pairs: dict[str, int] = {}

    def add(self, name: str, fresh: Sequence[float], *, is_suspect: bool) -> None:
        self.fresh[name] = [self.sign * value for value in fresh]
        if is_suspect:
            self.suspects.append(name)

    def judge(self) -> dict[str, tuple[str, int]]:
        hopeless: set[str] = set()
        for pairs in (8, 16, 32, 64):
            measured = [name for name in self.suspects if name not in {*self.answers, *hopeless}]
            self.estimate(measured, pairs)
            hopeless |= {name for name in measured if name not in self.answers and self.is_hopeless(name, pairs)}
        for name, pairs in product(self.fresh, (8, 16, 32, 64, 128)):
            if name not in self.answers and pairs > self.pairs.get(name, 0):
                self.estimate([name], pairs)
        return dict.fromkeys(self.fresh, ("inconclusive", 128)) | self.answers

    def share(self, name: str) -> float:
        """Of the error rate: a fifth for those that are no suspects, where there are both; what was called gives its."""
        others = len(self.fresh) - len(self.suspects)
        mixed = bool(others and self.suspects)
        weights = {
            n: (0.8 / len(self.suspects) if n in self.suspects else 0.2 / others) if mixed else 1.0 for n in self.fresh
        }
        called = {n for n, (outcome, _) in self.answers.items() if outcome in {"regressed", "improved"}}
        return self.level * weights[name] / sum(weight for n, weight in weights.items() if n not in called)

    def estimate(self, names: Sequence[str], pairs: int) -> None:
        for name in names:
            self.seen[name], self.pairs[name] = estimated(self.fresh[name][:pairs]), pairs
        while called := self.moved():
            for name in called:
                self.answers[name] = ("regressed" if self.sign > 0 else "improved", self.pairs[name])
        for name in names:
            as_measured = self.seen[name] if self.sign > 0 else self.seen[name].swapped()
            if name not in self.answers and as_measured.upper(1 - 0.01 / 5) <= self.limit:
                self.answers[name] = ("within", pairs)

    def moved(self) -> list[str]:
        waiting = {name: seen for name, seen in self.seen.items() if name not in self.answers}
        return [name for name, seen in waiting.items() if seen.p_above(self.limit) < self.share(name)]

    def is_hopeless(self, name: str, pairs: int) -> bool:
        robust = trimmed_mean(self.fresh[name][:pairs])
        at_the_end = Estimate(robust.location + robust.error, robust.error * math.sqrt(pairs / 64), 63)
        return at_the_end.p_above(self.limit) > self.share(name)


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
