"""The estimate of the remaining seconds follows the pairs taken and the benchmarks decided."""

import pytest

from perfgate.stats.remaining import Remaining


def taken(remaining: Remaining, pairs: dict[str, int], seconds: float = 1.0) -> None:
    for name, count in pairs.items():
        for _ in range(count):
            remaining.took(name, seconds)


def test_there_is_no_estimate_before_the_first_pair() -> None:
    """Without a pair the cost of one is unknown."""
    remaining = Remaining()
    remaining.watch("screening", ["a"])

    assert remaining.seconds() is None


def test_the_estimate_falls_with_every_pair_and_with_every_decision() -> None:
    """Pairs taken and benchmarks decided no longer count; a benchmark without pairs costs what the others do."""
    remaining = Remaining()
    remaining.watch("screening", ["a", "b"])
    seen = []
    for name in ("a", "b", "a", "b"):
        taken(remaining, {name: 1}, 2.0)
        seen.append(remaining.seconds())
    remaining.watch("screening", ["a"])

    assert sorted(seen, key=lambda seconds: -(seconds or 0.0)) == seen
    assert pytest.approx(2 * 2.0) == remaining.seconds()


def test_confirming_starts_with_no_pairs() -> None:
    """A suspect takes fresh pairs, however many the screen took."""
    remaining = Remaining()
    remaining.watch("screening", ["a"])
    taken(remaining, {"a": 12})
    remaining.watch("confirming", ["a"])
    before = remaining.seconds()
    remaining.watch("confirming", ["a"])
    taken(remaining, {"a": 1})

    assert before is not None
    assert before >= 8
    assert pytest.approx(before - 1) == remaining.seconds()


def test_the_time_budget_bounds_the_estimate() -> None:
    """Pairs beyond the budget are not taken, and do not count."""
    remaining = Remaining(max_seconds=10.0)
    remaining.watch("screening", [f"b{i}" for i in range(50)])
    taken(remaining, {"b0": 7})

    assert pytest.approx(3.0) == remaining.seconds()
