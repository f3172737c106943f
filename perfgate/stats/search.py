"""Narrow a range of commits down to the one that changed a level: visit a commit, take pairs, stay or move on, stop when sure.

A *visit* prepares one commit beside the good end, which costs time; every pair taken there costs less. After each pair the
search buys the next bits where they are cheapest: more pairs here, or a visit elsewhere.

Visits and the clock are injected: live processes and simulations drive the same code. This module starts no process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np

from perfgate.stats.bisection import CommitMeasurement, Explanation, Posterior
from perfgate.stats.estimates import location
from perfgate.stats.pairs import CannotMeasure

LOTS = (3, 8, 24)
"""Numbers of pairs whose expected gain is weighed against their cost."""

MOST_PAIRS = 48
"""Number of pairs of one commit after which it is not measured again."""

SURE = 0.99
"""Probability up to which pairs are taken while a commit is prepared anyway: a wrong answer costs more than a pair."""

SPARE_VISITS = 4
"""Visits beyond what halving takes: for noise, and for commits that do not work."""

TRIM_FROM = 6
"""Number of pairs of a commit from which their mean is trimmed."""

_COMMON_FREEDOM = 8.0
"""Weight of the variance pooled over all visits, in degrees of freedom, beside a commit's own variance."""

TakePair = Callable[[], float]
"""Returns the log ratio of one pair, commit ÷ good end; may raise `CannotMeasure`."""

Visit = Callable[[int], AbstractContextManager[TakePair]]
"""Prepares the commit at a position beside the good end; may raise `CannotMeasure` on entering."""


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What a search is expected to cost."""

    visits: int
    """Visits that halving takes."""
    most_visits: int
    """Visits after which the search stops in any case."""
    visit_seconds: float

    @property
    def seconds(self) -> float:
        """Return the seconds that halving takes."""
        return self.visits * self.visit_seconds


@dataclass(frozen=True, kw_only=True)
class VisitResult:
    """What one visit brought."""

    position: int
    measurement: CommitMeasurement | None
    """None: the commit could not be measured at all."""
    reason: str
    """Why it cannot be measured; empty where it can."""
    posterior: Posterior


@dataclass(kw_only=True)
class CulpritSearch:
    """A search for the one commit of a range that changed the level.

    Args:
        count: Commits after the good end, the bad end among them.
        bad: Log ratios of the pairs that were taken of the bad end; at least 2.
        prepare_seconds: What preparing a commit is expected to cost; updated by each visit.
        pair_seconds: What one pair is expected to cost.
        max_seconds: Stop after so long.
        clock: Returns the time in seconds.
    """

    count: int
    bad: Sequence[float]
    prepare_seconds: float
    pair_seconds: float
    max_seconds: float = math.inf
    clock: Callable[[], float] = time.monotonic
    visits: int = 0
    skipped: dict[int, str] = field(default_factory=dict)
    """Position of each commit that cannot be measured, and why."""
    stopped: str = ""
    """Why the search ended without being sure; empty while it goes on, and where it is sure."""
    _values: list[tuple[int, list[float]]] = field(default_factory=list)
    """Position and log ratios of each visit that brought any."""

    def __post_init__(self) -> None:
        if len(self.bad) < 2:
            raise ValueError(f"the bad end needs at least 2 pairs, got {len(self.bad)}")
        self._values.append((self.count, list(self.bad)))
        self._deadline = self.clock() + self.max_seconds

    @property
    def measured(self) -> dict[int, tuple[CommitMeasurement, int]]:
        """Return the measurement of each measured commit and the number of its pairs, by position."""
        values: dict[int, list[float]] = {}
        for position, fresh in self._values:
            values.setdefault(position, []).extend(fresh)
        return {
            position: (self._measurement(position, values[position]), len(values[position]))
            for position in sorted(values)
        }

    @property
    def posterior(self) -> Posterior:
        """Return what all visits so far say. Each visit is a measurement of its own: it may be an outlier as a whole."""
        return Posterior(self.count, [self._measurement(position, values) for position, values in self._values])

    def _measurement(self, position: int, values: Sequence[float]) -> CommitMeasurement:
        """Return the location of a commit's pairs, with their variance shrunk towards the one of all commits."""
        middle, variance, freedom = location(np.array(values), trim_from=TRIM_FROM)
        own = freedom * variance if freedom else 0.0
        shrunk = (_COMMON_FREEDOM * self._variance + own) / (_COMMON_FREEDOM + freedom)
        return CommitMeasurement(position, middle, math.sqrt(shrunk / len(values)))

    def estimate_cost(self) -> CostEstimate:
        """Return the expected cost, judged by the pairs of the bad end."""
        halvings = math.ceil(math.log2(self.count))
        effect = abs(self.measured[self.count][0].value)
        wanted = (4 * math.sqrt(self._variance) / max(effect, 1e-9)) ** 2
        pairs = min(max(LOTS[0], math.ceil(min(wanted, MOST_PAIRS))), MOST_PAIRS)
        return CostEstimate(
            visits=halvings,
            most_visits=halvings + SPARE_VISITS,
            visit_seconds=self.prepare_seconds + pairs * self.pair_seconds,
        )

    def run(self, visit: Visit, watch: Callable[[VisitResult], None] | None = None) -> Posterior:
        """Visit commits until one explanation is sure, or nothing more can be done; `stopped` then says why.

        Args:
            visit: Prepares a commit. Where it or the pairs raise `CannotMeasure`, that commit is skipped. Any other
                exception ends the search.
            watch: Receives the result of each visit.
        """
        most = self.estimate_cost().most_visits
        posterior = self.posterior
        while posterior.explanation is Explanation.OPEN:
            position = self._next(posterior)
            self.stopped = self._reason_to_stop(position, most)
            if self.stopped or position is None:
                break
            posterior = self._visit(position, visit, posterior)
            if watch:
                watch(
                    VisitResult(
                        position=position,
                        measurement=self.measured.get(position, (None, 0))[0],
                        reason=self.skipped.get(position, ""),
                        posterior=posterior,
                    )
                )
        return posterior

    def _reason_to_stop(self, position: int | None, most_visits: int) -> str:
        """Return why no further commit is visited; empty where *position* is."""
        if position is None:
            return "no other commit that can be measured would tell more"
        if self.visits >= most_visits:
            return f"{most_visits} commits were measured, as many as were announced"
        if self.clock() >= self._deadline:
            return f"the time budget of {self.max_seconds:g} s was spent; allow more"
        return ""

    def _visit(self, position: int, visit: Visit, posterior: Posterior) -> Posterior:
        """Take pairs of one commit for as long as no other visit tells more for the same time."""
        self.visits += 1
        began = self.clock()
        fresh: list[float] = []
        try:
            with visit(position) as take:
                self.prepare_seconds += (self.clock() - began - self.prepare_seconds) / (self.visits + 1)
                while len(fresh) < LOTS[0] or self._next(posterior, prepared=position) == position:
                    fresh.append(take())
                    if len(fresh) == 1:
                        self._values.append((position, fresh))
                    posterior = self.posterior
                    if self.clock() >= self._deadline or posterior.explanation_at(SURE) is not Explanation.OPEN:
                        break
        except CannotMeasure as problem:
            self.skipped[position] = problem.reason
        return self.posterior

    def _next(self, posterior: Posterior, prepared: int | None = None) -> int | None:
        """Return where the next bits are cheapest, given which commit is *prepared*."""
        exhausted = [position for position, (_, pairs) in self.measured.items() if pairs >= MOST_PAIRS]
        best: tuple[int | None, float] = (None, 0.0)
        for pairs in LOTS:
            costs = np.full(self.count + 1, self.prepare_seconds + pairs * self.pair_seconds)
            if prepared is not None:
                costs[prepared] = pairs * self.pair_seconds
            error = math.sqrt(self._variance / pairs)
            choice = posterior.choose(error=error, costs=np.maximum(costs, 1e-9), without={*self.skipped, *exhausted})
            if choice is not None and choice[1] > best[1]:
                best = choice
        return best[0]

    @property
    def _variance(self) -> float:
        """Return the variance of one pair's value, pooled over all commits; ddof = 1 each."""
        known = [location(np.array(values), trim_from=TRIM_FROM) for _, values in self._values if len(values) > 1]
        weighted = math.fsum(freedom * variance for _, variance, freedom in known)
        return weighted / math.fsum(freedom for _, _, freedom in known)
