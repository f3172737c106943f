"""A range is narrowed down with few visits, honestly, whatever happens on the way."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest

from perfgate.stats.bisection import Posterior, Standing
from perfgate.stats.pairs import CannotMeasure
from perfgate.stats.search import Search, Step, Take

PREPARE_SECONDS, PAIR_SECONDS = 5.0, 0.4


class Range:
    """Simulated commits, one of which steps; each pair has its own noise, time passes as it would."""

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
    def visit(self, position: int) -> Iterator[Take]:
        self.now += PREPARE_SECONDS
        if position in self.broken:
            raise CannotMeasure("it does not build")
        yield lambda: self.take(position)

    def search(self, *, max_seconds: float = math.inf) -> Search:
        return Search(
            count=self.count,
            bad=[self.take(self.count) for _ in range(12)],
            prepare_seconds=PREPARE_SECONDS,
            pair_seconds=PAIR_SECONDS,
            max_seconds=max_seconds,
            clock=lambda: self.now,
        )


def culprit(posterior: Posterior) -> int | None:
    return posterior.suspects()[0][0] if posterior.standing is Standing.FOUND else None


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


def test_the_same_commit_is_named_however_the_pairs_fall_when_the_step_is_large() -> None:
    """A step of thirty times the noise takes as many visits as halving, and at most two more to rule out an accident."""
    for seed in range(10):
        commits = Range(seed, count=16, effect=0.3)
        search = commits.search()

        assert commits.culprit == culprit(search.run(commits.visit))
        assert search.visits <= 6


def test_a_broken_commit_is_skipped() -> None:
    """What does not build is never blamed for that, and the others are still told apart."""
    commits = Range(3, count=16, effect=0.3, broken={8})
    commits.culprit = 5
    search = commits.search()
    steps: list[Step] = []
    posterior = search.run(commits.visit, steps.append)

    assert 5 == culprit(posterior)
    assert {8: "it does not build"} == search.skipped
    assert 8 in [step.position for step in steps if step.measurement is None]


def test_a_culprit_that_cannot_be_measured_stays_beside_its_neighbour() -> None:
    """Between the last good and the first bad commit that work, all are suspect alike."""
    commits = Range(3, count=16, effect=0.3, broken={5, 6})
    commits.culprit = 6
    search = commits.search()
    posterior = search.run(commits.visit)

    assert posterior.standing is Standing.OPEN
    assert {5, 6, 7} == {position for position, _ in posterior.suspects()}
    assert "no other commit" in search.stopped


def test_it_stops_at_the_announced_number_of_visits() -> None:
    """Where the noise is too large, it ends undecided rather than late, and says why."""
    commits = Range(1, noise=0.3)
    search = commits.search()
    most = search.forecast().most_visits
    posterior = search.run(commits.visit)

    assert posterior.standing is not Standing.FOUND
    assert search.visits <= most
    assert search.stopped


def test_it_stops_when_time_is_up() -> None:
    """The budget is obeyed between pairs, and named."""
    commits = Range(1)
    search = commits.search(max_seconds=12.0)
    posterior = search.run(commits.visit)

    assert posterior.standing is Standing.OPEN
    assert commits.now < 12 * PAIR_SECONDS + 12.0 + PREPARE_SECONDS + PAIR_SECONDS + 1e-6
    assert "12 s" in search.stopped


def test_any_other_exception_ends_the_search() -> None:
    """A bug is not a commit to skip."""

    def visit(position: int) -> AbstractContextManager[Take]:
        raise RuntimeError(position)

    with pytest.raises(RuntimeError):
        Range(1).search().run(visit)


def test_one_pair_tells_no_noise() -> None:
    """The bad end's pairs say how noisy a pair is: one is too few."""
    with pytest.raises(ValueError, match="at least 2"):
        Search(count=4, bad=[0.1], prepare_seconds=1.0, pair_seconds=1.0)
