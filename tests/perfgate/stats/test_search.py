"""A range is narrowed down to its culprit with few visits, whatever goes wrong on the way."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest

from perfgate.stats.bisection import Explanation, Posterior
from perfgate.stats.pairs import CannotMeasure
from perfgate.stats.search import CulpritSearch, TakePair, VisitResult

PREPARE_SECONDS, PAIR_SECONDS = 5.0, 0.4


class Range:
    """Simulated commits, one of which changes the level; each pair has its own noise, and time passes."""

    def __init__(
        self, seed: int, *, count: int = 64, effect: float = 0.03, noise: float = 0.01, broken: Collection[int] = ()
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.culprit = int(self.rng.integers(1, count + 1))
        self.effect, self.noise, self.broken = math.log1p(effect), noise, broken
        self.now = 0.0
        self.pairs = 0
        self.count = count

    def take(self, position: int) -> float:
        self.now += PAIR_SECONDS
        self.pairs += 1
        return float(self.effect * (position >= self.culprit) + self.rng.normal(0, self.noise))

    @contextmanager
    def visit(self, position: int) -> Iterator[TakePair]:
        self.now += PREPARE_SECONDS
        if position in self.broken:
            raise CannotMeasure("it does not build")
        yield lambda: self.take(position)

    def search(self, *, max_seconds: float = math.inf) -> CulpritSearch:
        return CulpritSearch(
            count=self.count,
            bad=[self.take(self.count) for _ in range(12)],
            prepare_seconds=PREPARE_SECONDS,
            pair_seconds=PAIR_SECONDS,
            max_seconds=max_seconds,
            clock=lambda: self.now,
        )


def culprit(posterior: Posterior) -> int | None:
    return posterior.suspects()[0][0] if posterior.explanation is Explanation.FOUND else None


def test_one_commit_of_64_is_found_in_at_most_8_visits() -> None:
    """At 3 % effect and 1 % noise of a pair, at least 95 of 100 culprits are proved in 8 visits, with few pairs."""
    found, pairs = 0, []
    for seed in range(100):
        commits = Range(seed)
        search = commits.search()
        posterior = search.run(commits.visit)
        found += culprit(posterior) == commits.culprit and search.visits <= 8
        pairs.append(commits.pairs - 12)

    assert found >= 95
    assert np.mean(pairs) < 40


def test_a_large_step_takes_hardly_more_visits_than_halving() -> None:
    """A step of thirty times the noise takes the visits of halving, and at most two more to rule out an outlier."""
    for seed in range(10):
        commits = Range(seed, count=16, effect=0.3)
        search = commits.search()

        assert commits.culprit == culprit(search.run(commits.visit))
        assert search.visits <= 6


def test_a_broken_commit_is_skipped() -> None:
    """A commit that does not build is not blamed for that, and the others are still told apart."""
    commits = Range(3, count=16, effect=0.3, broken={8})
    commits.culprit = 5
    search = commits.search()
    steps: list[VisitResult] = []
    posterior = search.run(commits.visit, steps.append)

    assert 5 == culprit(posterior)
    assert {8: "it does not build"} == search.skipped
    assert 8 in [step.position for step in steps if step.measurement is None]


def test_a_culprit_that_cannot_be_measured_stays_beside_its_neighbor() -> None:
    """All commits between the last good and the first bad one that can be measured stay suspects."""
    commits = Range(3, count=16, effect=0.3, broken={5, 6})
    commits.culprit = 6
    search = commits.search()
    posterior = search.run(commits.visit)

    assert posterior.explanation is Explanation.OPEN
    assert {5, 6, 7} == {position for position, _ in posterior.suspects()}
    assert "no other commit" in search.stopped


def test_the_search_stops_at_the_announced_number_of_visits() -> None:
    """Where the noise is too large, the search ends undecided after the announced visits, and says why."""
    commits = Range(1, noise=0.3)
    search = commits.search()
    most = search.estimate_cost().most_visits
    posterior = search.run(commits.visit)

    assert posterior.explanation is not Explanation.FOUND
    assert search.visits <= most
    assert search.stopped


def test_the_search_stops_when_its_time_is_spent() -> None:
    """The time budget is checked between pairs, and the reason names it."""
    commits = Range(1)
    search = commits.search(max_seconds=12.0)
    posterior = search.run(commits.visit)

    assert posterior.explanation is Explanation.OPEN
    assert commits.now < 12 * PAIR_SECONDS + 12.0 + PREPARE_SECONDS + PAIR_SECONDS + 1e-6
    assert "12 s" in search.stopped


def test_any_other_exception_ends_the_search() -> None:
    """A bug in a visit is not a commit to skip."""

    def visit(position: int) -> AbstractContextManager[TakePair]:
        raise RuntimeError(position)

    with pytest.raises(RuntimeError):
        Range(1).search().run(visit)


def test_one_pair_of_the_bad_end_is_refused() -> None:
    """The noise of a pair is estimated from the bad end's pairs, so there must be two."""
    with pytest.raises(ValueError, match="at least 2"):
        CulpritSearch(count=4, bad=[0.1], prepare_seconds=1.0, pair_seconds=1.0)


def test_the_cost_is_estimated_from_the_bad_end() -> None:
    """Halving 64 commits takes six visits, and at most four more; a visit costs preparing and as many pairs as it needs."""
    clear = CulpritSearch(count=64, bad=[0.30, 0.31, 0.29], prepare_seconds=10.0, pair_seconds=1.0).estimate_cost()
    noisy = CulpritSearch(count=64, bad=[0.01, 0.31, -0.29], prepare_seconds=10.0, pair_seconds=1.0).estimate_cost()

    assert (6, 10) == (clear.visits, clear.most_visits)
    assert 13.0 == clear.visit_seconds
    assert 6 * 13.0 == clear.seconds
    assert 58.0 == noisy.visit_seconds
