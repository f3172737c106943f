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


def test_an_unmeasured_benchmark_costs_what_the_others_do() -> None:
    """A measured benchmark counts with its own seconds per pair, one without pairs with the average of all pairs."""
    remaining = Remaining()
    remaining.watch("screening", ["slow", "new"])
    taken(remaining, {"slow": 2}, 3.0)
    taken(remaining, {"fast": 2}, 1.0)

    # slow: 1 pair to its next look and 1 more, of 3 s; new: 3 pairs and 1 more, of 2 s.
    assert pytest.approx(2 * 3.0 + 4 * 2.0) == remaining.seconds()


@pytest.mark.parametrize(("pairs", "left"), [(0, 4.0), (3, 2.5), (7, 2.5), (8, 4.0), (11, 1.0), (12, 0.0), (13, 0.0)])
def test_a_benchmark_takes_pairs_up_to_its_next_look(pairs: int, left: float) -> None:
    """It takes usually 1.5 pairs beyond the next look, at most those of the one after, and none after the last."""
    remaining = Remaining()
    remaining.watch("screening", ["a"])
    taken(remaining, {"a": pairs} if pairs else {"other": 1})

    assert pytest.approx(left) == remaining.seconds()


def test_a_spent_budget_leaves_nothing() -> None:
    """Where pairs cost more than the budget, 0 seconds are left."""
    remaining = Remaining(max_seconds=1.0)
    remaining.watch("screening", ["a"])
    taken(remaining, {"a": 2})

    assert 0.0 == remaining.seconds()


def test_no_benchmark_is_open_before_the_first_pass() -> None:
    """A pair without a known stage is of the screen, and nothing else is open."""
    remaining = Remaining()
    remaining.took("a", 1.0)

    assert 0.0 == remaining.seconds()


@pytest.mark.parametrize(("screen_seconds", "left"), [(12.0, 57.0), (600.0, 117.0)])
def test_settling_takes_no_longer_than_it_may(screen_seconds: float, left: float) -> None:
    """What is undecided after the screen gets a minute or a fifth of the screen's time, and fresh pairs."""
    remaining = Remaining()
    remaining.watch("screening", ["a", "b"])
    taken(remaining, {"a": 12}, screen_seconds / 12)
    remaining.watch("settling", [f"b{number}" for number in range(99)])
    taken(remaining, {"b1": 3}, 1.0)

    assert pytest.approx(left) == remaining.seconds()
