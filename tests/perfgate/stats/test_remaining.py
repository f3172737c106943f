"""The estimate of the seconds that are left."""

import pytest

from perfgate.stats.remaining import Remaining


def taken(remaining: Remaining, pairs: dict[str, int], seconds: float = 1.0) -> None:
    for name, count in pairs.items():
        for _ in range(count):
            remaining.took(name, seconds)


def test_nothing_is_promised_before_the_first_pair() -> None:
    """Without a pair there is no estimate."""
    remaining = Remaining()
    remaining.watch("screening", ["a"])

    assert remaining.seconds() is None


def test_the_estimate_falls_with_every_pair_and_with_every_decision() -> None:
    """Pairs taken and benchmarks decided are not waited for again; one not measured yet costs what the others do."""
    remaining = Remaining()
    remaining.watch("screening", ["a", "b"])
    seen = []
    for name in ("a", "b", "a", "b"):
        taken(remaining, {name: 1}, 2.0)
        seen.append(remaining.seconds())
    remaining.watch("screening", ["a"])

    assert sorted(seen, key=lambda each: -(each or 0.0)) == seen
    assert pytest.approx(2 * 2.0) == remaining.seconds()


def test_confirming_begins_anew() -> None:
    """A suspect takes fresh pairs, whatever its screen took."""
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
    """Nobody waits for pairs that will not be taken."""
    remaining = Remaining(max_seconds=10.0)
    remaining.watch("screening", [f"b{i}" for i in range(50)])
    taken(remaining, {"b0": 7})

    assert pytest.approx(3.0) == remaining.seconds()
