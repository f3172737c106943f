"""Measure what one call of a benchmark costs, and which part of that each function of the project takes.

A profiler finds the functions. It makes every call of every function more expensive, so that its shares are wrong by up
to a half. The functions that take most are therefore timed once more with an observer on them alone.
"""

from __future__ import annotations

import gc
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any

from .paths import is_below

PreparedCall = tuple[Callable[[], object], Callable[[], object]]
"""A function that makes one prepared call of the benchmark, and one that cleans up after it."""

_NOT_PLAIN = 0x20 | 0x80 | 0x200
"""Code flags of generators, coroutines and asynchronous generators: calling one does not run it yet."""

_CALLS, _SECONDS = 9, 1.0
"""Most calls of one measurement, and the time after which no further call is made."""

_CONSTANT = "the constant that an observer replaces"

_LEAST_SHARE = 0.1
"""Functions with a smaller part of a profiled call are not timed alone."""

_MOST_FUNCTIONS, _OBSERVED_SECONDS, _TOLERATED_SHARE = 3, 2e-6, 0.02
"""How many functions are observed together; what observing one call costs; the share of a call that this may be."""


def measure(prepare: Callable[[], PreparedCall], own: tuple[str, ...]) -> dict[str, object]:
    """Return ``seconds``, the CPU time of a call, ``waits``, whether it waits for something, and its ``functions``.

    Each function has ``file``, ``line`` of its definition, ``name``, ``calls``, and ``share``: the part of the CPU time of
    a call that is spent in it and its callees.

    Args:
        prepare: Prepares the next call.
        own: Folders of the project's code.
    """
    taken = [_timed(prepare) for _ in range(2)]
    until = time.perf_counter() + _SECONDS
    while len(taken) < _CALLS and time.perf_counter() < until:
        taken.append(_timed(prepare))
    seconds = statistics.median(cpu for cpu, _ in taken[1:])
    profile = Profile(own)
    _timed(prepare, profile)
    found = {
        code: calls
        for code, (calls, inside) in profile.functions().items()
        if inside >= _LEAST_SHARE * profile.seconds and calls * _OBSERVED_SECONDS <= _TOLERATED_SHARE * seconds
    }
    most = sorted(found, key=lambda code: -profile.functions()[code][1])[:_MOST_FUNCTIONS]
    return {
        "seconds": seconds,
        "waits": statistics.median(waits for _, waits in taken[1:]) >= 1,
        "functions": [
            {
                "file": code.co_filename,
                "line": code.co_firstlineno,
                "name": getattr(code, "co_qualname", code.co_name),  # Python 3.10 and older have none
                "calls": found[code],
                "share": share,
            }
            for code, share in zip(most, _shares(prepare, most))
        ],
    }


def _shares(prepare: Callable[[], PreparedCall], functions: Sequence[CodeType]) -> list[float]:
    """Return which part of a call's CPU time is spent in each function, without a profiler on the others."""
    shares: list[list[float]] = []
    until = time.perf_counter() + _SECONDS
    while not shares or (len(shares) < _CALLS and time.perf_counter() < until):
        inside = dict.fromkeys(functions, 0.0)
        with _observed(inside):
            seconds, _ = _timed(prepare)
        shares.append([min(1.0, inside[code] / seconds) for code in functions])
    return [statistics.median(values) for values in zip(*shares)]


@contextmanager
def _observed(inside: dict[CodeType, float]) -> Iterator[None]:
    """Add the CPU seconds of the outermost calls of each function in *inside* to its value.

    The code of the functions is exchanged, so that calls through any name are observed. No other call gets slower.
    """
    observed = [
        (function, code)
        for code in inside
        for function in gc.get_referrers(code)
        if isinstance(function, FunctionType) and not function.__closure__
    ]
    for function, code in observed:
        function.__code__ = _observer(function, code, inside)
    try:
        yield
    finally:
        for function, code in observed:
            function.__code__ = code


def _observer(function: FunctionType, code: CodeType, inside: dict[CodeType, float]) -> CodeType:
    """Return code that does what *function* does and adds the CPU time of its outermost calls to *inside*."""
    original = FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
    original.__kwdefaults__ = function.__kwdefaults__
    depth = 0

    def observe(*args: object, **kwargs: object) -> object:
        nonlocal depth
        depth += 1
        began = time.process_time()
        try:
            return original(*args, **kwargs)
        finally:
            depth -= 1
            if depth == 0:
                inside[code] += time.process_time() - began

    caller = _call_of_constant.__code__
    return caller.replace(co_consts=tuple(observe if value == _CONSTANT else value for value in caller.co_consts))


def _call_of_constant(*args: object, **kwargs: object) -> object:
    """Serve as the form of an observer, which has no variables of its own: a function's code cannot get any."""
    function: Any = "the constant that an observer replaces"
    return function(*args, **kwargs)


def _timed(prepare: Callable[[], PreparedCall], profile: Profile | None = None) -> tuple[float, int]:
    """Return the CPU seconds of one call, and how often it gave up the CPU to wait."""
    call, clean = prepare()
    switches = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    began = time.process_time()
    if profile is None:
        call()
    else:
        with profile:
            call()
    seconds = time.process_time() - began
    switches = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - switches
    clean()
    return seconds, switches


class Profile:
    """Counts the outermost calls of each function of the project, and the CPU seconds inside them."""

    def __init__(self, own: tuple[str, ...]) -> None:
        self._own = own
        self._is_own: dict[CodeType, bool] = {}
        self._depth: dict[CodeType, int] = {}
        self._entered: dict[CodeType, float] = {}
        self._inside: dict[CodeType, float] = {}
        self._calls: dict[CodeType, int] = {}
        self.seconds = 0.0
        """CPU time of the profiled call."""

    def __enter__(self) -> None:
        self._before = sys.getprofile()
        self._began = time.process_time()
        sys.setprofile(self._hear)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)
        self.seconds = time.process_time() - self._began

    def functions(self) -> dict[CodeType, tuple[int, float]]:
        """Return the number of calls of each function, and the seconds inside them."""
        return {code: (calls, self._inside[code]) for code, calls in self._calls.items() if code in self._inside}

    def _hear(self, frame: FrameType, event: str, _: object) -> None:
        if event not in {"call", "return"}:
            return
        code = frame.f_code
        if code not in self._is_own:
            self._is_own[code] = self._is_function_of_project(code)
        if not self._is_own[code]:
            return
        depth = self._depth.get(code, 0) + (1 if event == "call" else -1)
        self._depth[code] = depth
        if event == "call" and depth == 1:
            self._calls[code] = self._calls.get(code, 0) + 1
            self._entered[code] = time.process_time()
        elif event == "return" and depth == 0:
            self._inside[code] = self._inside.get(code, 0.0) + time.process_time() - self._entered[code]

    def _is_function_of_project(self, code: CodeType) -> bool:
        is_plain = not code.co_flags & _NOT_PLAIN and not code.co_name.startswith("<")
        return is_plain and is_below(code.co_filename, self._own)
