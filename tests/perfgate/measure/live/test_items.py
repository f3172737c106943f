"""Benchmarks are selected by the text that people see and copy."""

from perfgate.measure.live.items import Item
from perfgate.results.records import TIME, Benchmark


def test_a_label_selects_itself() -> None:
    """A label with brackets, used as a pattern, selects that benchmark and no other."""
    first, second = (
        Item(benchmark=Benchmark(name="bench.sort", parameters={"n": size}), metric=TIME, address=f"bench.sort-{size}")
        for size in ("10", "20")
    )

    assert first.matches(first.label)
    assert not second.matches(first.label)
    assert second.matches("bench.*")
