"""Memory is that of one call; the number of calls depends on how long they take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from perfgate.measure.agent import probes


def test_the_traced_peak_is_that_of_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was held before does not count, what is freed at the end does; every call is set up and torn down."""
    monkeypatch.setattr(probes, "ENOUGH_SECONDS", 600.0)
    held = [bytes(1_000_000)]
    events: list[str] = []

    @contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        events.append("set up")
        yield lambda: len(bytes(2_000_000) + bytes(1_000_000))
        events.append("torn down")

    found = probes.memory(ready)

    assert len(held[0]) == 1_000_000
    assert {6_000_000} == {round(value, -4) for value in found["traced_peak"]}
    assert probes.TRACED_CALLS == len(found["traced_peak"])
    assert ["set up", "torn down"] * (1 + probes.WARM_UP_CALLS + probes.TRACED_CALLS) == events
    assert found["peak_memory"][0] > 1_000_000


def test_slow_calls_are_made_as_rarely_as_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the time is up, nothing is warmed up, and two traced calls are enough."""
    monkeypatch.setattr(probes, "ENOUGH_SECONDS", 0.0)
    calls: list[float] = []

    @contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        yield lambda: calls.append(time.monotonic())

    assert probes.MIN_TRACED_CALLS == len(probes.memory(ready)["traced_peak"])
    assert 1 + probes.MIN_TRACED_CALLS == len(calls)


def test_instructions_are_counted_around_one_call() -> None:
    """The count itself is known to callgrind only; warm-up calls come before the counted one."""
    calls: list[int] = []

    @contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        yield lambda: calls.append(1)

    assert {} == probes.instructions(ready)
    assert 1 + probes.WARM_UP_CALLS == len(calls)


def test_the_peak_of_this_process_is_known() -> None:
    """On Linux, it includes what was allocated and freed."""
    assert len(bytes(50_000_000)) == 50_000_000
    peak = probes.peak_bytes()

    assert peak is not None
    assert peak > 50_000_000
