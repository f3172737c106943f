"""Which commit of a range changed the level: a posterior over the commits, and the commit to measure next.

Position 0 is the good end, 1 … n are the commits after it, n is the bad end. The level changes once, at commit *c*:
positions from *c* on have a new level, which is unknown too and averaged over. Beside the n single steps stand "nothing
changed" (a step after the end) and "several steps". So 95 % for one commit also says that a single step explains
everything that was measured.

Every value is a log ratio to the good end, measured beside it.

    posterior = Posterior(64, [CommitMeasurement(64, 0.031, 0.004)])
    position, gain = posterior.choose(error=0.004)
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from perfgate.stats.densities import TINY, entropy, measurement_density, predictive_density, step_density

CERTAIN = 0.95
"""Probability at which one explanation counts as proved."""

NOTHING_SHARE, SEVERAL_SHARE = 0.02, 0.05
"""Prior probability that the range changed nothing, and that more than one of its commits changed the level."""

BUILD_SHIFT = 0.002
"""Standard deviation by which two builds of the same code differ; more measurements of one build do not average it out."""

EFFECT_SHARE = 0.05
"""Share of a step by which it varies with the conditions of the moment: a doubling is not reproduced to 1 %."""

_LEVELS, _VALUES = 257, 97
"""Numbers of levels, and of values of the next measurement, at which densities are evaluated."""
_MARGIN = 6.0
"""Standard errors by which the levels extend beyond the measurements."""

Floats = npt.NDArray[np.float64]


class Explanation(StrEnum):
    """What explains all measurements of a range."""

    FOUND = "found"
    """One commit changed the level."""
    NOTHING = "nothing"
    """No commit did."""
    SEVERAL = "several"
    """More than one commit did."""
    OPEN = "open"
    """Nothing is proved yet."""


@dataclass(frozen=True)
class CommitMeasurement:
    """One measurement of one commit."""

    position: int
    """0: the good end; n: the bad end."""
    value: float
    """Log ratio to the good end."""
    error: float
    """Standard error of the value."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.error) and self.error >= 0):
            raise ValueError(f"a measurement needs a finite value and an error of at least 0, got {self!r}")


class Posterior:
    """The probability of each explanation of a range, given the measurements.

    Hypotheses that cut the measured positions at the same place have the same likelihood, so all arrays run over these
    cuts: cut j has j measured positions before the step.

    Args:
        count: Commits after the good end, the bad end among them; at least 1.
        measurements: In any order; one commit may be measured several times.
        weights: Shape ``(count,)``, how suspect each commit is before anything is measured; None: all alike.

    Raises:
        ValueError: A position lies outside the range, or *weights* are no weights.

    Source:
        Bayesian search with noisy answers: Castro & Nowak (2008), Active learning and sampling, section 2. The gain is
        Lindley's (1956) expected information, of the culprit only.
    """

    def __init__(
        self, count: int, measurements: Sequence[CommitMeasurement], *, weights: ArrayLike | None = None
    ) -> None:
        self.count = count
        self._weights = _checked(count, measurements, weights)
        self._positions = sorted({measurement.position for measurement in measurements})
        self._cuts = np.searchsorted(self._positions, np.arange(1, count + 2), side="left")
        """The cut of each hypothesis "step at 1 … n" and "nothing"."""
        self._levels = _levels(measurements)
        self._spacing = float(self._levels[1] - self._levels[0])
        self._prior = self._spacing * step_density(self._levels)
        """Prior probability of each new level."""
        self._before = self._likelihood(measurements, np.zeros(1))[:, 0]
        self._after = self._likelihood(measurements, self._levels)
        self._solve()

    def _likelihood(self, measurements: Sequence[CommitMeasurement], levels: Floats) -> Floats:
        """Return the log likelihood of the first j measured positions at each level, shape (positions + 1, levels)."""
        sums = np.zeros((len(self._positions) + 1, len(levels)))
        for measurement in measurements:
            error = math.hypot(measurement.error, BUILD_SHIFT, EFFECT_SHARE * measurement.value)
            density = measurement_density(measurement.value - levels, max(error, self._spacing))
            sums[self._positions.index(measurement.position) + 1] += np.log(density)
        return sums.cumsum(axis=0)

    def _solve(self) -> None:
        """Compute the probability of every hypothesis."""
        cuts = len(self._positions) + 1
        rest, rest_scale = _scaled(self._after[-1] - self._after)
        seen = (rest @ self._prior[:, None])[:, 0]
        seen[-1] = 1.0  # nothing was measured after the step: any level will do
        single = np.log(seen) + self._before + np.where(np.arange(cuts) == cuts - 1, 0, rest_scale)
        self._new_level = rest * self._prior
        self._new_level /= self._new_level.sum(axis=1, keepdims=True)
        several_share = SEVERAL_SHARE if np.count_nonzero(self._weights) > 1 else 0.0
        shares = np.append(self._weights * (1 - NOTHING_SHARE - several_share), NOTHING_SHARE)
        pairs = self._two_steps(cuts) if several_share else np.full((cuts, cuts), -np.inf)
        logs = single[self._cuts] + np.log(np.maximum(shares, TINY))
        top = max(float(logs.max()), float(pairs.max()))
        total = float(np.exp(logs - top).sum() + np.exp(pairs - top).sum())
        found = np.exp(logs - top) / total
        self.commits: Floats = found[:-1]
        """Shape ``(count,)``: probability that this commit, and no other, changed the level; element 0 is position 1."""
        self.nothing = float(found[-1])
        """Probability that no commit of the range did."""
        self._by_pair = np.exp(pairs - top) / total
        self.several = float(self._by_pair.sum())
        """Probability that more than one did."""

    def _two_steps(self, cuts: int) -> Floats:
        """Return the log weight of two steps, by the cuts that they fall into, shape (first, second)."""
        mass = np.bincount(self._cuts[:-1], self._weights, minlength=cuts)
        squares = np.bincount(self._cuts[:-1], self._weights**2, minlength=cuts)
        prior = np.triu(np.outer(mass, mass), 1) + np.diag((mass**2 - squares) / 2)
        prior *= SEVERAL_SHARE / max(prior.sum(), TINY)
        logs = np.full((cuts, cuts), -np.inf)
        for first, second in zip(*np.nonzero(prior > 0), strict=True):
            between = float(self._before[first]) + self._stretch(first, second) + self._stretch(second, cuts - 1)
            logs[first, second] = math.log(prior[first, second]) + between
        return logs

    def _stretch(self, begin: int, end: int) -> float:
        """Return the log likelihood of measured positions *begin* … *end* − 1 on one new level."""
        if begin == end:
            return 0.0
        inside = self._after[end] - self._after[begin]
        top = float(inside.max())
        return float(np.log(np.maximum(self._prior[None, :] @ np.exp(inside - top), TINY))[0]) + top

    @property
    def explanation(self) -> Explanation:
        """The explanation whose probability reaches `CERTAIN`, or that none does."""
        return self.explanation_at(CERTAIN)

    def explanation_at(self, certainty: float) -> Explanation:
        """Return the explanation whose probability reaches *certainty*, or that none does."""
        shares = {
            Explanation.FOUND: float(self.commits.max()),
            Explanation.NOTHING: self.nothing,
            Explanation.SEVERAL: self.several,
        }
        return next((name for name, share in shares.items() if share >= certainty), Explanation.OPEN)

    def suspects(self, share: float = CERTAIN) -> list[tuple[int, float]]:
        """Return the fewest positions that hold *share* of the probability of all single commits, likeliest first."""
        order = np.argsort(-self.commits, kind="stable")
        reached = np.cumsum(self.commits[order])
        last = int(np.searchsorted(reached, share * reached[-1])) + 1
        return [(int(index) + 1, float(self.commits[index])) for index in order[:last]]

    def steps(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return where two steps would lie: for each, the measured positions (0 and n included) around it."""
        bounds = [0, *self._positions, self.count]
        first, second = np.unravel_index(int(self._by_pair.argmax()), self._by_pair.shape)
        return (bounds[int(first)], bounds[int(first) + 1]), (bounds[int(second)], bounds[int(second) + 1])

    def effect(self, position: int) -> tuple[float, float, float]:
        """Return the step at *position*, if that is the culprit, with its 95 % interval; fractions."""
        weights = self._new_level[self._cuts[position - 1]]
        reached = np.cumsum(weights) / weights.sum()
        low, middle, high = np.interp([0.025, 0.5, 0.975], reached, self._levels + self._spacing / 2)
        return math.expm1(middle), math.expm1(low), math.expm1(high)

    def gains(self, error: float) -> Floats:
        """Return the bits that one more measurement with this standard error is expected to tell about the culprit.

        Returns:
            Shape ``(count + 1,)``: for measuring position 0 … n.
        """
        values = np.linspace(self._levels[0], self._levels[-1], _VALUES)
        width = max(math.hypot(error, BUILD_SHIFT), float(values[1] - values[0]))
        after = predictive_density(self._new_level, self._levels, values, width)
        before = predictive_density(np.ones((len(after), 1)), np.zeros(1), values, width)
        known = np.append(self.commits, self.nothing)
        known /= known.sum()
        moved = np.zeros((self.count + 1, len(after)))
        moved[np.arange(1, self.count + 1), self._cuts[:-1]] = known[:-1]
        moved = moved.cumsum(axis=0)
        still = np.bincount(self._cuts, known, minlength=len(after)) - moved
        gained = entropy(moved @ after + still @ before) - moved @ entropy(after) - still @ entropy(before)
        return cast(Floats, np.maximum(gained, 0.0))

    def choose(
        self, *, error: float, costs: ArrayLike = 1.0, without: Collection[int] = ()
    ) -> tuple[int, float] | None:
        """Return the position to measure next, and its expected gain for its cost.

        Args:
            error: Standard error that the measurement will have.
            costs: Of measuring each position, shape ``(count + 1,)`` or one number, in any unit.
            without: Positions that cannot be measured.

        Returns:
            Position and bits per unit of cost; None where no measurement would tell anything.
        """
        rates = self.gains(error) / np.asarray(costs, np.float64)
        rates[[0, *without]] = 0.0  # the good end is measured beside every commit
        best = int(rates.argmax())
        return (best, float(rates[best])) if rates[best] > 1e-6 else None


def _checked(count: int, measurements: Sequence[CommitMeasurement], weights: ArrayLike | None) -> Floats:
    """Return normalized weights, or raise what is wrong with the arguments."""
    if count < 1:
        raise ValueError(f"a range needs at least one commit after its good end, got {count}")
    for measurement in measurements:
        if not 0 <= measurement.position <= count:
            raise ValueError(f"position {measurement.position} lies outside 0 … {count}")
    given: Floats = np.full(count, 1.0) if weights is None else np.asarray(weights, np.float64)
    if given.shape != (count,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ValueError(f"weights must be {count} numbers of at least 0, not all 0")
    shares: Floats = given / given.sum()
    return shares


def _levels(measurements: Sequence[CommitMeasurement]) -> Floats:
    """Return evenly spaced levels that extend beyond all measurements and the level of the good end, 0."""
    values = [0.0, *(measurement.value for measurement in measurements)]
    errors = (math.hypot(measurement.error, BUILD_SHIFT) for measurement in measurements)
    margin = _MARGIN * max([BUILD_SHIFT, *errors])
    return np.linspace(min(values) - margin, max(values) + margin, _LEVELS)


def _scaled(logs: Floats) -> tuple[Floats, Floats]:
    """Return rows of likelihoods whose largest element is 1, and the logarithm of the factor taken out of each row."""
    top = logs.max(axis=1)
    return np.exp(logs - top[:, None]), top
