"""The time that a whole command may take: everything that waits for a process ends when it is over.

    with time_limit(120.0):
        ...  # any wait below raises OutOfTime once 120 s have passed

The limit holds in the threads of `perfgate.measure.processes.run_parallel`, too.
"""

from __future__ import annotations

import contextlib
import contextvars
import math
import time
from collections.abc import Iterator

from perfgate.errors import MeasurementFailed
from perfgate.stats.pairs import PairsEnded

_limit: contextvars.ContextVar[tuple[float, str]] = contextvars.ContextVar("limit", default=(math.inf, ""))
"""Time of the monotonic clock at which the limit ends, and how messages name it."""


class OutOfTime(MeasurementFailed, PairsEnded):
    """The time limit ended something.

    Args:
        reason: The limit, and what was being done.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextlib.contextmanager
def time_limit(seconds: float | None, name: str = "the time budget") -> Iterator[None]:
    """Let nothing in this block wait for a process for longer than *seconds* in all, or than a block around it allows.

    Args:
        seconds: None: no limit of its own.
        name: What messages call the limit.
    """
    ends = math.inf if seconds is None else time.monotonic() + seconds
    text = "" if seconds is None else f"{name} of {seconds:g} s"
    token = _limit.set(min((ends, text), _limit.get()))
    try:
        yield
    finally:
        _limit.reset(token)


def seconds_left() -> float:
    """Return the time that is left, 0 where it is over, infinity where there is no limit."""
    return max(0.0, _limit.get()[0] - time.monotonic())


def refuse_if_over(doing: str) -> None:
    """Raise `OutOfTime` if the time is over; *doing* completes "the time budget of 60 s was spent"."""
    ends, text = _limit.get()
    if time.monotonic() >= ends:
        raise OutOfTime(f"{text} was spent {doing}; allow more")
