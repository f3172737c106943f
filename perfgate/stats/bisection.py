"""Which commit of a range moved a level: a posterior over the commits from noisy measurements, and what to measure next.

Position 0 is the good end, 1 … n are the commits after it, n is the bad end. The level steps once, at commit *c*:
positions from *c* on lie on a new level, whose distance is unknown too and averaged over. Beside the n single steps
stand "nothing changed" (a step after the end) and "several steps", so that 95 % on one commit also says that one step
explains everything that was measured.

    posterior = Posterior(64, [Measurement(64, 0.031, 0.004)])
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

CERTAIN = 0.95
"""Probability at which one explanation counts as proved."""

NOTHING_SHARE, SEVERAL_SHARE = 0.02, 0.05
"""Prior probability that the range changed nothing, and that more than one of its commits did."""

EFFECT_SCALE = 0.05
"""Scale of the Cauchy prior of a step on the log scale: half of all steps are smaller; doubling is not surprising."""

SMALLEST_STEP = 0.005
"""Around this size on the log scale a step is half as likely as the Cauchy prior says: smaller ones are no change."""

OWN_SHIFT = 0.002
"""Standard deviation of what a build differs by for no reason of its own: more measurements do not average it away."""

OWN_SHARE = 0.05
"""Part of a step that comes and goes with the conditions of the moment: a doubling is not twice the same to 1 %."""

OUTLIER_SHARE, OUTLIER_WIDTH = 0.01, 10.0
"""So many measurements are off by so many times their error: none of them alone can rule a commit out."""

_NODES, _ANSWERS = 257, 97
"""Levels, and answers of a measurement to come, at which densities are evaluated."""
_NEIGHBOURS = 10
"""Points on either side of a range that tell the level there."""
_REACH = 6.0
"""Standard errors that the levels reach beyond the measurements."""

Floats = npt.NDArray[np.float64]


class Standing(StrEnum):
    """What the measurements taken together say."""

    FOUND = "found"
    NOTHING = "nothing"
    SEVERAL = "several"
    OPEN = "open"


@dataclass(frozen=True)
class Measurement:
    """One measurement of one commit."""

    position: int
    """0: the good end; n: the bad end."""
    value: float
    """Log ratio to the good end; for points of a history, the logarithm of the point."""
    error: float
    """Its standard error."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.error) and self.error >= 0):
            raise ValueError(f"a measurement needs a finite value and an error of at least 0, got {self!r}")


class Posterior:
    """What is known about a range of commits.

    Args:
        count: Commits after the good end, the bad end among them; at least 1.
        measurements: In any order; several of one commit are several looks at it.
        weights: Shape ``(count,)``, how suspect each commit is before anything is measured; None: all alike.
        is_relative: Whether values are ratios to the good end, measured beside it (live pairs). Else they are points of
            a history: the level before the step is unknown too, and learnt from the points before it.

    Raises:
        ValueError: A position lies outside the range, *weights* are no weights, or a history lacks its good end.

    Source:
        Bayesian search with noisy answers: Castro & Nowak (2008), Active learning and sampling, section 2; the gain
        is Lindley's (1956) expected information, of the culprit only.
    """

    def __init__(
        self,
        count: int,
        measurements: Sequence[Measurement],
        *,
        weights: ArrayLike | None = None,
        is_relative: bool = True,
    ) -> None:
        self.count = count
        self._weights = _checked(count, measurements, weights)
        positions = sorted({each.position for each in measurements})
        if not is_relative and positions[:1] != [0]:
            raise ValueError("points of a history need one at position 0, the good end")
        self._groups = np.searchsorted(positions, np.arange(1, count + 2), side="left")
        """For each hypothesis "step at 1 … n" and "nothing": how many measured positions lie before the step."""
        self._positions = positions
        self._levels = _levels(measurements, [0.0] if is_relative else [])
        self._starts = np.zeros(1) if is_relative else self._levels
        self._spacing = float(self._levels[1] - self._levels[0])
        steps = self._levels[None, :] - self._starts[:, None]
        self._jump = self._spacing * _step_density(steps)
        """Prior of the new level given the old, shape (old, new)."""
        self._old = self._cumulated(measurements, self._starts)
        self._new = self._cumulated(measurements, self._levels)
        self._solve()

    def _cumulated(self, measurements: Sequence[Measurement], levels: Floats) -> Floats:
        """Return the log likelihood of the first j measured positions at each level, shape (positions + 1, levels)."""
        sums = np.zeros((len(self._positions) + 1, len(levels)))
        for each in measurements:
            own = OWN_SHARE * each.value if len(self._starts) == 1 else 0.0
            error = max(math.hypot(each.error, OWN_SHIFT, own), self._spacing)
            sums[self._positions.index(each.position) + 1] += np.log(_density(each.value - levels, error))
        return sums.cumsum(axis=0)

    def _solve(self) -> None:
        """Weigh all hypotheses: by where they cut the measured positions, which is all that tells them apart."""
        cuts = len(self._positions) + 1
        before, rest = _scaled(self._old), _scaled(self._new[-1] - self._new)
        seen = rest[0] @ self._jump.T
        seen[-1] = 1.0  # nothing measured after the step: any level will do
        self._old_given = before[0] * seen
        self._new_given = rest[0] * (before[0] @ self._jump)
        single = np.log(self._old_given.sum(axis=1)) + before[1] + np.where(np.arange(cuts) == cuts - 1, 0, rest[1])
        self._old_given /= self._old_given.sum(axis=1, keepdims=True)
        self._new_given /= self._new_given.sum(axis=1, keepdims=True)
        shares = np.append(self._weights * (1 - NOTHING_SHARE - self._several_share), NOTHING_SHARE)
        pairs = self._pairs(before, cuts) if self._several_share else np.full((cuts, cuts), -np.inf)
        logs = single[self._groups] + np.log(np.maximum(shares, 1e-300))
        top = max(float(logs.max()), float(pairs.max()))
        total = float(np.exp(logs - top).sum() + np.exp(pairs - top).sum())
        found = np.exp(logs - top) / total
        self.commits: Floats = found[:-1]
        """Shape ``(count,)``: probability that this commit, and no other, moved the level; element 0 is position 1."""
        self.nothing = float(found[-1])
        """Probability that no commit of the range did."""
        self._by_pair = np.exp(pairs - top) / total
        self.several = float(self._by_pair.sum())
        """Probability that more than one did."""

    @property
    def _several_share(self) -> float:
        return SEVERAL_SHARE if np.count_nonzero(self._weights) > 1 else 0.0

    def _pairs(self, before: tuple[Floats, Floats], cuts: int) -> Floats:
        """Return the log weight of two steps, by the cuts that they fall into, shape (first, second)."""
        mass = np.bincount(self._groups[:-1], self._weights, minlength=cuts)
        squares = np.bincount(self._groups[:-1], self._weights**2, minlength=cuts)
        prior = np.triu(np.outer(mass, mass), 1) + np.diag((mass**2 - squares) / 2)
        prior *= SEVERAL_SHARE / max(prior.sum(), 1e-300)
        logs = np.full((cuts, cuts), -np.inf)
        for first, second in zip(*np.nonzero(prior > 0), strict=True):
            at = np.log(np.maximum(before[0][first], 1e-300)) + before[1][first]
            at = at + self._segment(first, second) + self._segment(second, cuts - 1)
            logs[first, second] = math.log(prior[first, second]) + np.logaddexp.reduce(at)
        return logs

    def _segment(self, begin: int, end: int) -> Floats:
        """Return the log likelihood of measured positions *begin* … *end* − 1 on one new level, for each old level."""
        if begin == end:
            return np.zeros(len(self._starts))
        inside = self._new[end] - self._new[begin]
        top = float(inside.max())
        seen: Floats = np.log(np.maximum(self._jump @ np.exp(inside - top), 1e-300)) + top
        return seen

    @property
    def standing(self) -> Standing:
        """Return which explanation holds `CERTAIN`, or that none does."""
        return self.explanation(CERTAIN)

    def explanation(self, certainty: float) -> Standing:
        """Return which explanation holds so much of the probability, or that none does."""
        shares = {
            Standing.FOUND: float(self.commits.max()),
            Standing.NOTHING: self.nothing,
            Standing.SEVERAL: self.several,
        }
        return next((name for name, share in shares.items() if share >= certainty), Standing.OPEN)

    def suspects(self, share: float = CERTAIN) -> list[tuple[int, float]]:
        """Return the fewest positions that hold *share* of what is left to single commits, likeliest first."""
        order = np.argsort(-self.commits, kind="stable")
        reached = np.cumsum(self.commits[order])
        last = int(np.searchsorted(reached, share * reached[-1])) + 1
        return [(int(index) + 1, float(self.commits[index])) for index in order[:last]]

    def steps(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return where two steps would lie: for each, the measured positions (0 and n included) around it."""
        bounds = [0, *self._positions, self.count]
        first, second = np.unravel_index(int(self._by_pair.argmax()), self._by_pair.shape)
        one, other = ((bounds[int(cut)], bounds[int(cut) + 1]) for cut in (first, second))
        return one, other

    def effect(self, position: int) -> tuple[float, float, float]:
        """Return the step at *position*, if it is the one, with its 95 % interval; fractions."""
        cut = self._groups[position - 1]
        new = self._new_given[cut]
        if len(self._starts) == 1:
            steps: Floats = self._levels
            weights: Floats = new
        else:  # both levels are uncertain: sum over all pairs of them that lie equally far apart
            old = np.exp(self._old[cut] - self._old[cut].max())
            rest = np.exp(self._new[-1] - self._new[cut] - (self._new[-1] - self._new[cut]).max())
            joint = old[:, None] * self._jump * rest[None, :]
            size = len(self._levels)
            weights = np.array([np.trace(joint, offset) for offset in range(1 - size, size)], np.float64)
            steps = np.multiply(np.arange(1 - size, size), self._spacing, dtype=np.float64)
        reached = np.cumsum(weights) / weights.sum()
        low, middle, high = np.interp([0.025, 0.5, 0.975], reached, steps + self._spacing / 2)
        return math.expm1(middle), math.expm1(low), math.expm1(high)

    def gains(self, error: float) -> Floats:
        """Return the bits that one measurement with this standard error is expected to tell about the culprit.

        Returns:
            Shape ``(count + 1,)``: for measuring position 0 … n.
        """
        answers = np.linspace(self._levels[0], self._levels[-1], _ANSWERS)
        width = max(math.hypot(error, OWN_SHIFT), float(answers[1] - answers[0]))
        after = _predicted(self._new_given, self._levels, answers, width)
        before = _predicted(self._old_given, self._starts, answers, width)
        known = np.append(self.commits, self.nothing)
        known /= known.sum()
        moved = np.zeros((self.count + 1, len(after)))
        moved[np.arange(1, self.count + 1), self._groups[:-1]] = known[:-1]
        moved = moved.cumsum(axis=0)
        still = np.bincount(self._groups, known, minlength=len(after)) - moved
        told = _entropy(moved @ after + still @ before) - moved @ _entropy(after) - still @ _entropy(before)
        return cast(Floats, np.maximum(told, 0.0))

    def choose(
        self, *, error: float, costs: ArrayLike = 1.0, without: Collection[int] = ()
    ) -> tuple[int, float] | None:
        """Return the position to measure next, and what it tells for its cost.

        Args:
            error: Standard error that the measurement will have.
            costs: Of measuring each position, shape ``(count + 1,)`` or one number, in any unit.
            without: Positions that cannot be measured.

        Returns:
            Position and bits per unit of cost; None where no measurement would tell anything.
        """
        rates = self.gains(error) / np.asarray(costs, np.float64)
        rates[0] = rates[0] if len(self._starts) > 1 else 0.0
        rates[list(without)] = 0.0
        best = int(rates.argmax())
        return (best, float(rates[best])) if rates[best] > 1e-6 else None


def next_commit(
    count: int, points: Sequence[tuple[int, float]], *, error: float, without: Collection[int] = ()
) -> tuple[Posterior, int | None]:
    """Return what the points of a series say of a range of suspect commits, and which of them to measure next.

    Args:
        count: Commits after the last one known to be good; the last of them is known to be bad.
        points: Position and value (above 0, any unit) of each point near the range: 0 and below up to the good end,
            *count* and above from the bad end on. The nearest on either side count.
        error: Spread of one point around its level, as a fraction.
        without: Positions that cannot be measured.

    Returns:
        The posterior, and a position; None where one explanation is sure, or no measurement would tell more.

    Raises:
        ValueError: A value is not above 0, or there is no point at the good end.
    """
    for position, value in points:
        if not value > 0:
            raise ValueError(f"the point at position {position} is {value}: only values above 0 have a ratio")
    ordered = sorted(points, key=lambda point: point[0])
    near = [point for point in ordered if point[0] <= 0][-_NEIGHBOURS:]
    near += [point for point in ordered if 0 < point[0] < count]
    near += [point for point in ordered if point[0] >= count][:_NEIGHBOURS]
    measured = [Measurement(min(max(position, 0), count), math.log(value), error) for position, value in near]
    posterior = Posterior(count, measured, is_relative=False)
    inside = {*without, 0}
    choice = posterior.choose(error=error, without=inside) if posterior.standing is Standing.OPEN else None
    return posterior, choice[0] if choice else None


def _checked(count: int, measurements: Sequence[Measurement], weights: ArrayLike | None) -> Floats:
    """Return normalised weights, or say what is wrong."""
    if count < 1:
        raise ValueError(f"a range needs at least one commit after its good end, got {count}")
    for each in measurements:
        if not 0 <= each.position <= count:
            raise ValueError(f"position {each.position} lies outside 0 … {count}")
    given: Floats = np.full(count, 1.0) if weights is None else np.asarray(weights, np.float64)
    if given.shape != (count,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ValueError(f"weights must be {count} numbers of at least 0, not all 0")
    shares: Floats = given / given.sum()
    return shares


def _levels(measurements: Sequence[Measurement], known: Sequence[float]) -> Floats:
    """Return evenly spaced levels that reach beyond all measurements and the *known* levels."""
    values = [*known, *(each.value for each in measurements)]
    reach = _REACH * max([OWN_SHIFT, *(math.hypot(each.error, OWN_SHIFT) for each in measurements)])
    return np.linspace(min(values) - reach, max(values) + reach, _NODES)


def _step_density(steps: Floats) -> Floats:
    """Return the prior density of a step: Cauchy's, with a hole where a step is none; it integrates to 1."""
    cauchy = (EFFECT_SCALE + SMALLEST_STEP) / math.pi / (EFFECT_SCALE**2 + steps**2)
    density: Floats = cauchy * steps**2 / (steps**2 + SMALLEST_STEP**2)
    return density


def _density(distance: Floats, error: float) -> Floats:
    """Return the density of a measurement so far from its level: normal, and now and then Cauchy's, much wider."""
    core = np.exp(-0.5 * (distance / error) ** 2)
    wide = 1 / (1 + (distance / error / OUTLIER_WIDTH) ** 2) / OUTLIER_WIDTH / math.pi
    density = ((1 - OUTLIER_SHARE) * core / math.sqrt(2 * math.pi) + OUTLIER_SHARE * wide) / error
    return cast(Floats, np.maximum(density, 1e-300))


def _scaled(logs: Floats) -> tuple[Floats, Floats]:
    """Return rows of likelihoods with largest element 1, and the logarithm of what was divided by."""
    top = logs.max(axis=1)
    return np.exp(logs - top[:, None]), top


def _predicted(weights: Floats, levels: Floats, answers: Floats, error: float) -> Floats:
    """Return how probable each answer is, one row a cut; rows sum to 1."""
    density = weights @ _density(answers[None, :] - levels[:, None], error)
    return cast(Floats, density / density.sum(axis=1, keepdims=True))


def _entropy(rows: Floats) -> Floats:
    return cast(Floats, -(rows * np.log2(np.maximum(rows, 1e-300))).sum(axis=-1))
