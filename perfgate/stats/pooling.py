"""Find the commits at which more series of a suite change together than chance would have.

A small change of many benchmarks may be certain even though none of them is certain alone. The null hypothesis: every
series has its candidates at random commits, so a commit has one within `WITHIN` points with a probability that follows from
their number. The count of series with a candidate there is then at most Poisson (Hoeffding 1956), and Bonferroni's
correction over commits and directions keeps the probability of any cluster in a history of unrelated series below `ALPHA`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.02
"""Probability of any false cluster in a history."""

LEVELS = (0.0, 0.08, 0.27)
"""Confidences from which candidates are counted. The three tests share the error rate equally: many faint candidates and a
few clear ones are both evidence."""

WITHIN = 3
"""Largest distance, in commits, between the candidates of one cause."""

REACHES = (1, WITHIN)
"""Distances to a commit within which candidates are counted. The two tests share the error rate equally: clear candidates
lie close together."""

MIN_MEMBERS = 3
"""Fewest series of a cluster."""

COMMON_SHARE = 0.6
"""Share of the suite that must change by one factor for the machine to be the cause."""

COMMON_MEMBERS = 8
"""Fewest series for which the machine can be named as the cause: a small suite may well have one cause in its code."""

COMMON_FACTOR = 0.4
"""Share of the common step by which the step of a series may differ from it."""


@dataclass(frozen=True)
class Candidate:
    """A possible change of one series, on the axis that all series share."""

    position: int
    """Commit, counted from 0 on the shared axis."""
    step: float
    """Log ratio of the levels after and before."""
    confidence: float
    """Probability that it is a lasting change, judged by this series alone."""
    weight: float = 1.0
    """How precisely it is located: the squared ratio of the step to its standard error."""


@dataclass(frozen=True)
class Cluster:
    """One commit at which several series change together, in one direction."""

    position: int
    """Weighted median of the members' positions."""
    members: dict[int, Candidate]
    """The candidate of each member, by the number of its series."""


def find_clusters(series: Sequence[Sequence[Candidate]], length: int) -> list[Cluster]:
    """Return the clusters, the least likely by chance first in either direction. A candidate belongs to one at most.

    Args:
        series: The candidates of each series.
        length: Number of commits on the shared axis.
    """
    found = []
    for sign in (-1, 1):
        left = [[candidate for candidate in candidates if candidate.step * sign > 0] for candidates in series]
        while (cluster := _clearest_cluster(left, length)) is not None:
            found.append(cluster)
            for number, candidate in cluster.members.items():
                left[number].remove(candidate)
    return found


def common_step(cluster: Cluster, present: int) -> float | None:
    """Return the step that most of a suite share at *cluster*, so that the machine is its cause; None: it is not.

    Args:
        cluster: Series that change together.
        present: How many series of the suite were measured there.
    """
    steps = np.array([candidate.step for candidate in cluster.members.values()])
    middle = float(np.median(steps))
    alike = int((np.abs(steps - middle) <= COMMON_FACTOR * abs(middle)).sum())
    return middle if alike >= max(COMMON_MEMBERS, COMMON_SHARE * present) else None


def is_common(step: float, common: float) -> bool:
    """Return whether a series that changed by *step* followed the *common* step."""
    return abs(step - common) <= COMMON_FACTOR * abs(common)


def _clearest_cluster(series: Sequence[Sequence[Candidate]], length: int) -> Cluster | None:
    """Return the cluster that is least likely by chance; None where chance explains all of them."""
    place = _clearest_place(series, length)
    if place is None:
        return None
    members = {}
    for number, candidates in enumerate(series):
        near = [candidate for candidate in candidates if abs(candidate.position - place) <= WITHIN]
        if near:
            members[number] = max(near, key=lambda candidate: candidate.confidence)
    if len(members) < MIN_MEMBERS:
        return None
    return Cluster(_weighted_median(list(members.values())), members)


def _clearest_place(series: Sequence[Sequence[Candidate]], length: int) -> int | None:
    """Return the commit at which the number of series with a candidate is least likely by chance; None: all are likely."""
    best, place = ALPHA / (2 * length * len(LEVELS) * len(REACHES)), None
    for level, reach in product(LEVELS, REACHES):
        positions = [[c.position for c in candidates if c.confidence >= level] for candidates in series]
        counts = _counts(positions, reach, length)
        most = int(counts.max(initial=0))
        expected = sum(min(1.0, len(own) * (2 * reach + 1) / length) for own in positions)
        chance = _poisson_tail(most - 1, expected) if most >= MIN_MEMBERS else 1.0
        if chance < best:
            best, place = chance, int(np.median(np.flatnonzero(counts == most)))
    return place


def _poisson_tail(count: int, expected: float) -> float:
    """Return the probability that a Poisson variable exceeds *count*."""
    from scipy.special import pdtrc  # noqa: PLC0415 - costs 0.1 s, and most histories have no cluster to test

    return float(pdtrc(count, expected))


def _counts(positions: Sequence[Sequence[int]], reach: int, length: int) -> NDArray[np.int64]:
    """Return for every commit the number of series that have a candidate within *reach* of it."""
    counts = np.zeros(length, np.int64)
    for own in positions:
        near = np.zeros(length, np.int64)
        for position in own:
            near[max(0, position - reach) : position + reach + 1] = 1
        counts += near
    return counts


def _weighted_median(candidates: Sequence[Candidate]) -> int:
    """Return the weighted median of the positions: a large step locates its commit, a faint one only its neighborhood."""
    candidates = sorted(candidates, key=lambda candidate: candidate.position)
    weights = np.cumsum([candidate.weight for candidate in candidates])
    return candidates[int(np.searchsorted(weights, weights[-1] / 2))].position
