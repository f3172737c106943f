"""Series that change together are found where none is certain alone; unrelated series form no cluster."""

import math

import numpy as np
import pytest

from perfgate.stats import pooling
from perfgate.stats.changepoints import search
from perfgate.stats.pooling import ALPHA, Candidate, Cluster, common_step, find_clusters, is_common
from tests.perfgate.stats import reference

LENGTH = 150
LONG = 2_000
"""A history so long that three series at one commit are no chance."""


def suite(moved: int, effect: float, *, count: int = 20, seed: int = 1) -> list[list[Candidate]]:
    """Return the candidates of series with 2 % noise, some of which change at commit 80."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        values = np.exp(0.02 * rng.standard_normal(LENGTH))
        values[80:] *= 1 + effect * (number < moved)
        found.append([Candidate(c.index, math.log1p(c.effect), c.confidence) for c in search(values).candidates])
    return found


def test_a_step_too_small_for_any_series_is_found_where_many_share_it() -> None:
    """Twelve of twenty series change by less than their noise: nearly always one cluster, at their commit, of mostly these."""
    found = [cluster for seed in range(10) for cluster in find_clusters(suite(12, 0.018, seed=seed), LENGTH)]

    assert 8 <= len(found) <= 10
    for cluster in found:
        assert abs(cluster.position - 80) <= 2
        assert len(set(cluster.members) & set(range(12))) >= 4
        assert len(set(cluster.members) - set(range(12))) <= 2
        assert all(candidate.step > 0 for candidate in cluster.members.values())


def test_unrelated_series_form_no_cluster() -> None:
    """A hundred suites in which nothing happened, or each series changes at its own commit, have next to no cluster."""
    rng = np.random.default_rng(3)
    alone = [[[Candidate(int(rng.integers(LENGTH)), 0.1, 0.9)] for _ in range(20)] for _ in range(60)]
    unchanged = [suite(0, 0.0, seed=seed) for seed in range(40)]

    assert sum(len(find_clusters(series, LENGTH)) for series in [*alone, *unchanged]) <= 3


def test_opposite_directions_are_two_clusters() -> None:
    """Series that get slower and series that get faster at one commit are separate clusters."""
    series = [[Candidate(40, step, 0.9)] for step in [0.1] * 6 + [-0.1] * 5]

    assert [-5, 6] == sorted(
        int(math.copysign(len(cluster.members), next(iter(cluster.members.values())).step))
        for cluster in find_clusters(series, LENGTH)
    )


def test_the_order_of_the_series_does_not_matter() -> None:
    """Only the numbers of the members change with the order."""
    series = suite(8, 0.03)
    backwards = find_clusters(series[::-1], LENGTH)

    assert [cluster.position for cluster in find_clusters(series, LENGTH)] == [
        cluster.position for cluster in backwards
    ]


@pytest.mark.parametrize(
    ("steps", "present", "expected"),
    [
        ([0.1] * 10, 12, 0.1),  # most of a suite by one factor
        ([0.1] * 7, 7, None),  # a small suite may have one cause in its code
        ([0.1] * 10, 30, None),  # a third of a suite
        ([0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4], 9, None),  # all of it, by factors of their own
    ],
)
def test_a_step_that_most_of_a_suite_shares_is_the_machine(
    steps: list[float], present: int, expected: float | None
) -> None:
    """The machine is the cause where most of at least eight series change by one factor."""
    cluster = Cluster(40, {number: Candidate(40, step, 0.9) for number, step in enumerate(steps)})

    assert expected == common_step(cluster, present)


def test_a_series_that_changed_by_another_factor_is_not_the_machine() -> None:
    """A step of half, or of the opposite sign, is not part of a common step of 10 %."""
    assert is_common(0.09, 0.1)
    assert not is_common(0.5, 0.1)
    assert not is_common(-0.1, 0.1)


def test_fewer_than_three_series_are_no_cluster() -> None:
    """Two series at one commit are left alone, however certain both are; three are a cluster."""
    candidates = [[Candidate(40, 0.1, 0.99)] for _ in range(3)]

    assert [] == find_clusters(candidates[:2], LONG)
    assert [3] == [len(cluster.members) for cluster in find_clusters(candidates, LONG)]


def test_a_cluster_lies_at_its_most_precise_candidates() -> None:
    """The position is the weighted median: one precise candidate outweighs two vague ones beside it."""
    series = [[Candidate(41, 0.5, 0.99, 100.0)], [Candidate(40, 0.1, 0.9, 1.0)], [Candidate(42, 0.1, 0.9, 1.0)]]

    assert [41] == [cluster.position for cluster in find_clusters(series, LONG)]
    last = [[Candidate(position, 0.1, 0.9, weight)] for position, weight in ((40, 1.0), (41, 1.0), (42, 3.0))]
    assert [42] == [cluster.position for cluster in find_clusters(last, LONG)]


def test_the_surest_candidate_of_a_series_belongs_to_the_cluster() -> None:
    """Of two candidates of one series near a cluster, the more confident one is its member."""
    series = [[Candidate(40, 0.1, 0.9)], [Candidate(40, 0.1, 0.9)], [Candidate(39, 0.2, 0.3), Candidate(41, 0.1, 0.8)]]
    (cluster,) = find_clusters(series, LONG)

    assert Candidate(41, 0.1, 0.8) == cluster.members[2]


def test_false_clusters_are_as_rare_as_stated() -> None:
    """Of 300 histories of unrelated series with many candidates, no more have a cluster than the stated rate allows."""
    rng = np.random.default_rng(5)
    histories = 0
    for _ in range(300):
        series = [
            [Candidate(int(place), 0.1, float(rng.random())) for place in rng.integers(0, LENGTH, 4)] for _ in range(20)
        ]
        histories += bool(find_clusters(series, LENGTH))

    assert histories <= 300 * ALPHA + 3 * math.sqrt(300 * ALPHA * (1 - ALPHA))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("reach", pooling.REACHES)
def test_the_probability_of_chance_equals_the_reference(seed: int, reach: int) -> None:
    """The largest number of series at one commit, and how likely chance brings so many, by plain counting."""
    rng = np.random.default_rng(seed)
    positions = [sorted(rng.integers(0, 40, rng.integers(0, 20)).tolist()) for _ in range(8)] + [[0], [39], [0, 39]]
    most, chance = reference.chance_clusters(positions, 40, reach)
    expected = sum(min(1.0, len(own) * (2 * reach + 1) / 40) for own in positions)

    assert most == int(pooling._counts(positions, reach, 40).max())
    assert chance == pytest.approx(pooling._poisson_tail(most - 1, expected))


def test_the_common_step_allows_forty_percent_of_difference() -> None:
    """A step of 3.5 differs from a common one of 2.5 by exactly 40 % of it: it follows it, and counts for it."""
    middle, edge = 2.5, 1.0
    members = dict(enumerate([Candidate(40, middle, 0.9)] * 5 + [Candidate(40, middle + edge, 0.9)] * 3))

    assert is_common(middle + edge, middle)
    assert not is_common(middle + 1.01 * edge, middle)
    assert middle == common_step(Cluster(40, members), 8)
    assert common_step(Cluster(40, {**members, 7: Candidate(40, middle + 1.01 * edge, 0.9)}), 8) is None


def test_the_share_of_a_common_step_may_be_exact() -> None:
    """60 % of the measured series are enough, and the machine is named from eight on."""
    cluster = Cluster(40, {number: Candidate(40, 0.1, 0.9) for number in range(9)})

    assert 0.1 == common_step(cluster, 15)
    assert common_step(cluster, 16) is None


def test_a_candidate_without_a_step_belongs_to_no_cluster() -> None:
    """A step of 0 has no direction."""
    assert [] == find_clusters([[Candidate(40, 0.0, 0.9)] for _ in range(20)], LONG)


def test_a_history_without_candidates_has_no_cluster() -> None:
    """Neither no series nor no candidate is an error."""
    assert [] == find_clusters([], LENGTH)
    assert [] == find_clusters([[], []], LENGTH)
