"""What a test asks to be measured, however it asked: by a fixture of either plugin, or as a marked test."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Call = Callable[[], object]
PreparedCall = tuple[Call, Callable[[], None]]
"""A function that makes one call, and one that cleans up after it."""


class BenchmarkCall:
    """A function that a test wants measured, and how it is to be called.

    Args:
        target: The function.
        args: Its positional arguments, unless *setup* returns others.
        kwargs: Its named arguments, likewise.
        setup: Called before each call, or before each row of *iterations* calls; may return the arguments.
        teardown: Called after each, with the same arguments.
        iterations: Calls in a row between set-up and teardown.
        rounds: Rows of calls that the test asks for, which only its own tool heeds; None: as many as that likes.
        warmup_rounds: Rows of calls before the first that counts.
        pauses_collector: Whether the garbage collector is off during a call.
        fixture: The fixture that the test used; None: it used none.
    """

    def __init__(
        self,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., object] | None = None,
        *,
        iterations: int = 1,
        rounds: int | None = None,
        warmup_rounds: int = 0,
        pauses_collector: bool = False,
        fixture: Any = None,
    ) -> None:
        if iterations > 1 and setup:
            raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")
        self.iterations = iterations
        self.warmup_rounds = warmup_rounds
        self.is_prepared_anew = bool(setup or teardown)
        self.fixture = fixture
        self._rounds = rounds
        self._target = target
        self._args = args
        self._kwargs = kwargs or {}
        self._setup = setup
        self._teardown = teardown
        self._pauses_collector = pauses_collector

    def prepare(self) -> PreparedCall:
        """Set up; return a function that makes one call, and one that cleans up after it."""
        positional, named = (self._setup() if self._setup else None) or (self._args, self._kwargs)

        def clean() -> None:
            if self._teardown:
                self._teardown(*positional, **named)

        return partial(self._target, *positional, **named), clean

    def hand_over(self, fixture: Any) -> object:
        """Let pytest-benchmark's own fixture measure, and return its result."""
        if self._rounds is None:
            return fixture(self._target, *self._args, **self._kwargs)
        return fixture.pedantic(
            self._target,
            self._args,
            self._kwargs,
            self._setup,
            self._teardown,
            rounds=self._rounds,
            warmup_rounds=self.warmup_rounds,
            iterations=self.iterations,
        )

    def make(self, times: CallTimes) -> object:
        """Make one call, add its duration to *times*, and return its result."""
        call, clean = self.prepare()
        result = times.timed(call)()
        clean()
        return result

    @contextlib.contextmanager
    def collector(self) -> Iterator[None]:
        """Keep the garbage collector off inside the block, if the tool of the suite does so while it measures."""
        pauses = self._pauses_collector and gc.isenabled()
        if pauses:
            gc.disable()
        try:
            yield
        finally:
            if pauses:
                gc.enable()

    def show(self, times: CallTimes) -> None:
        """Let the test see the durations of calls in ``benchmark.stats``, which pytest-benchmark's fixture has."""
        make = getattr(self.fixture, "_make_stats", None)
        if make is not None:
            stats = make(1)
            for seconds in times.seconds:
                stats.update(seconds)


class CallTimes:
    """The durations of calls that nothing but a clock was put around."""

    def __init__(self) -> None:
        self._seconds: list[float] = []

    @property
    def seconds(self) -> list[float]:
        """Return the durations of all calls but the first, which fills caches, if there are others."""
        return self._seconds[1:] or self._seconds

    def add(self, seconds: float) -> None:
        """Add the duration of a call."""
        self._seconds.append(seconds)

    def timed(self, call: Call, *, unless: Callable[[], object] = bool) -> Call:
        """Return a function that makes the call and adds its duration, unless something makes calls slower just then."""

        def timed_call() -> object:
            if unless():
                return call()
            began = time.perf_counter()
            result = call()
            self.add(time.perf_counter() - began)
            return result

        return timed_call
