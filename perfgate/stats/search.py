"""Narrow a range of commits down to the one that moved a level: visit, take pairs, stay or go on, stop when sure.

A *visit* prepares one commit beside the good end, which costs; every pair taken there costs too, and less. After each
pair the next bits are bought where they are cheapest: more pairs here, or a visit elsewhere.

`visit` and `clock` are injected: live processes and simulations drive the same code. This module owns no process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np

from perfgate.stats.bisection import Measurement, Posterior, Standing
from perfgate.stats.estimates import location
from perfgate.stats.pairs import CannotMeasure

LOTS = (3, 8, 24)
"""Numbers of pairs whose worth is weighed against their cost."""

MOST_PAIRS = 48
"""Pairs of one commit, after which it is not asked again."""

SURE = 0.99
"""Probability up to which pairs are taken while a commit is prepared anyway: a wrong answer costs more than a pair."""

SPARE_VISITS = 4
"""Visits beyond what halving takes: for noise, and for commits that do not work."""

TRIM_FROM = 6
"""Pairs from which a commit's values are trimmed."""

_COMMON_FREEDOM = 8.0
"""Degrees of freedom that the pooled variance of all visits is worth beside a commit's own."""

Take = Callable[[], float]
"""Returns the log ratio of one pair, commit ÷ good end; may raise `CannotMeasure`."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What narrowing a range is going to cost."""

    visits: int
    """Commits that halving takes."""
    most_visits: int
    """Commits after which it stops in any case."""
    visit_seconds: float

    @property
    def seconds(self) -> float:
        """Return the seconds that halving takes."""
        return self.visits * self.visit_seconds


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one visit brought."""

    position: int
    measurement: Measurement | None
    """None: it could not be measured at all."""
    reason: str
    """Why it cannot be measured; empty where it can."""
    posterior: Posterior


@dataclass(kw_only=True)
class Search:
    """A range of commits on its way to one culprit.

    Args:
        count: Commits after the good end, the bad end among them.
        bad: Log ratios of the pairs that were taken of the bad end; at least 2.
        prepare_seconds: What opening a visit is expected to cost; learnt from the visits.
        pair_seconds: What one pair is expected to cost.
        max_seconds: Stop after so long.
        clock: Tells the time in seconds.
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
    """Why it ended without being sure; empty while it goes on, and where it is sure."""
    _looks: list[tuple[int, list[float]]] = field(default_factory=list)
    """Position and log ratios of each visit that brought any."""

    def __post_init__(self) -> None:
        if len(self.bad) < 2:
            raise ValueError(f"the bad end needs at least 2 pairs, got {len(self.bad)}")
        self._looks.append((self.count, list(self.bad)))
        self._deadline = self.clock() + self.max_seconds

    @property
    def measured(self) -> dict[int, tuple[Measurement, int]]:
        """Return what is known of each measured commit, with the number of its pairs, in the order of history."""
        values: dict[int, list[float]] = {}
        for position, fresh in self._looks:
            values.setdefault(position, []).extend(fresh)
        return {
            position: (self._measurement(position, values[position]), len(values[position]))
            for position in sorted(values)
        }

    @property
    def posterior(self) -> Posterior:
        """Return what all visits so far say of the commits; each can have gone wrong as a whole."""
        return Posterior(self.count, [self._measurement(position, values) for position, values in self._looks])

    def _measurement(self, position: int, values: Sequence[float]) -> Measurement:
        """Return the location of a commit's pairs; its error leans on what all commits' pairs have in common."""
        middle, variance, freedom = location(np.array(values), trim_from=TRIM_FROM)
        own = freedom * variance if freedom else 0.0
        steadied = (_COMMON_FREEDOM * self._variance + own) / (_COMMON_FREEDOM + freedom)
        return Measurement(position, middle, math.sqrt(steadied / len(values)))

    def forecast(self) -> Forecast:
        """Return what is going to be spent, judged by the bad end's pairs."""
        halvings = math.ceil(math.log2(self.count))
        effect = abs(self.measured[self.count][0].value)
        wanted = (4 * math.sqrt(self._variance) / max(effect, 1e-9)) ** 2
        pairs = min(max(LOTS[0], math.ceil(min(wanted, MOST_PAIRS))), MOST_PAIRS)
        return Forecast(
            visits=halvings,
            most_visits=halvings + SPARE_VISITS,
            visit_seconds=self.prepare_seconds + pairs * self.pair_seconds,
        )

    def run(
        self, visit: Callable[[int], AbstractContextManager[Take]], watch: Callable[[Step], None] | None = None
    ) -> Posterior:
        """Visit commits until one explanation is sure, or nothing more can be done; `stopped` then says why.

        Args:
            visit: Makes the commit at a position ready beside the good end. It may raise `CannotMeasure`, on entering
                or from what it gives: that commit is skipped. Any other exception ends the search.
            watch: Is told what each visit brought.
        """
        most = self.forecast().most_visits
        posterior = self.posterior
        while posterior.standing is Standing.OPEN:
            position = self._next(posterior)
            if position is None:
                self.stopped = "no other commit that can be measured would tell more"
            elif self.visits >= most:
                self.stopped = f"{most} commits were measured, as many as were announced"
            elif self.clock() >= self._deadline:
                self.stopped = f"the time budget of {self.max_seconds:g} s was spent; allow more"
            if self.stopped or position is None:
                break
            posterior = self._visit(position, visit, posterior)
            if watch:
                known = self.measured.get(position, (None, 0))[0]
                watch(
                    Step(
                        position=position,
                        measurement=known,
                        reason=self.skipped.get(position, ""),
                        posterior=posterior,
                    )
                )
        return posterior

    def _visit(
        self, position: int, visit: Callable[[int], AbstractContextManager[Take]], posterior: Posterior
    ) -> Posterior:
        """Take pairs of one commit for as long as nothing else tells more for the same time."""
        self.visits += 1
        began = self.clock()
        fresh: list[float] = []
        try:
            with visit(position) as take:
                self.prepare_seconds += (self.clock() - began - self.prepare_seconds) / (self.visits + 1)
                while len(fresh) < LOTS[0] or self._next(posterior, here=position) == position:
                    fresh.append(take())
                    if len(fresh) == 1:
                        self._looks.append((position, fresh))
                    posterior = self.posterior
                    if self.clock() >= self._deadline or posterior.explanation(SURE) is not Standing.OPEN:
                        break
        except CannotMeasure as problem:
            self.skipped[position] = problem.reason
        return self.posterior

    def _next(self, posterior: Posterior, here: int | None = None) -> int | None:
        """Return where the next bits are cheapest, given what is prepared *here*."""
        exhausted = [position for position, (_, pairs) in self.measured.items() if pairs >= MOST_PAIRS]
        best: tuple[int | None, float] = (None, 0.0)
        for pairs in LOTS:
            costs = np.full(self.count + 1, self.prepare_seconds + pairs * self.pair_seconds)
            if here is not None:
                costs[here] = pairs * self.pair_seconds
            error = math.sqrt(self._variance / pairs)
            choice = posterior.choose(error=error, costs=np.maximum(costs, 1e-9), without={*self.skipped, *exhausted})
            if choice is not None and choice[1] > best[1]:
                best = choice
        return best[0]

    @property
    def _variance(self) -> float:
        """Return the variance of one pair's value, pooled over all commits; ddof = 1 each."""
        known = [location(np.array(values), trim_from=TRIM_FROM) for _, values in self._looks if len(values) > 1]
        return math.fsum(freedom * variance for _, variance, freedom in known) / math.fsum(each[2] for each in known)
