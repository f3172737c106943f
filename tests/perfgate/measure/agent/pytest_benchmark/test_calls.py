"""A benchmark is set up, called and cleaned up as its test wants, and real times are shown to it."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest

from perfgate.measure.agent.pytest_benchmark.calls import BenchmarkCall, CallTimes


@pytest.mark.parametrize(
    ("prepared", "expected"), [((("set",), {"up": 1}), (("set",), {"up": 1})), (None, (("given",), {"named": 2}))]
)
def test_the_setup_may_give_the_arguments(prepared: Any, expected: Any) -> None:
    """If it returns none, the given ones are used; the teardown gets the same as the call."""
    calls: list[Any] = []
    pedantic = BenchmarkCall(
        lambda *args, **kwargs: calls.append((args, kwargs)),
        ("given",),
        {"named": 2},
        lambda: prepared,
        lambda *args, **kwargs: calls.append((args, kwargs)),
    )

    call, clean = pedantic.prepare()
    assert [] == calls
    call()
    clean()
    assert [expected, expected] == calls
    assert pedantic.is_prepared_anew


def test_everything_but_the_target_is_optional() -> None:
    """A call without arguments, setup and teardown."""
    plain = BenchmarkCall(lambda: 7)
    call, clean = plain.prepare()

    assert 7 == call()
    clean()
    assert not plain.is_prepared_anew


def test_a_setup_prepares_one_call_only() -> None:
    """Several calls in a row would share what was set up; pytest-benchmark refuses that in these words."""
    with pytest.raises(ValueError, match="more than 1 `iterations` with a `setup`"):
        BenchmarkCall(print, setup=print, iterations=2)


@pytest.mark.parametrize("pauses", [True, False])
def test_the_collector_pauses_where_the_tool_pauses_it(pauses: bool) -> None:
    """Afterwards it is as it was, also after an error."""
    with BenchmarkCall(print, pauses_collector=pauses).collector():
        assert gc.isenabled() is not pauses
    with pytest.raises(ZeroDivisionError), BenchmarkCall(print, pauses_collector=pauses).collector():
        _ = 1 / 0

    assert gc.isenabled()


def test_calls_are_timed_unless_something_slows_them_down() -> None:
    """The first call fills caches, and counts only where there is no other."""
    times, is_slow = CallTimes(), [True]
    call = times.timed(lambda: time.sleep(0.01), unless=lambda: is_slow[0])

    call()
    assert [] == times.seconds
    is_slow[0] = False
    assert 7 == BenchmarkCall(lambda: 7).make(times)
    (first,) = times.seconds
    assert 0 < first < 0.01
    call()
    (second,) = times.seconds
    assert 0.01 <= second < 1


class _Fixture:
    """What of pytest-benchmark's fixture is used."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, float]] = []

    def _make_stats(self, iterations: int) -> Any:
        fixture = self

        class Stats:
            def update(self, seconds: float) -> None:
                fixture.shown.append((iterations, seconds))

        return Stats()


def test_a_test_sees_real_times() -> None:
    """Each is shown as that of one call; a fixture that shows none is left alone."""
    times, fixture = CallTimes(), _Fixture()
    for seconds in (9.0, 2.0, 3.0):
        times.add(seconds)
    BenchmarkCall(print, fixture=fixture).show(times)
    BenchmarkCall(print).show(times)

    assert [(1, 2.0), (1, 3.0)] == fixture.shown
