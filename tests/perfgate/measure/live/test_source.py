"""Benchmarks are selected by what people see and copy."""

from perfgate.measure.live.source import Item
from perfgate.results.records import TIME, Benchmark


def test_a_label_selects_itself() -> None:
    """A label that holds brackets, pasted as a pattern, means that benchmark and no other."""
    one, other = (
        Item(benchmark=Benchmark(name="bench.sort", parameters={"n": size}), metric=TIME, address=f"bench.sort-{size}")
        for size in ("10", "20")
    )

    assert one.matches(one.label)
    assert not other.matches(one.label)
    assert other.matches("bench.*")
