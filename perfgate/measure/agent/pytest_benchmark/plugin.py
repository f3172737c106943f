"""pytest plugin that samples the tests of a pytest-benchmark suite on request, so that two sessions can take turns.

pytest-benchmark refuses any `benchmark` fixture except its own ("must be a BenchmarkFixture instance"), and a plugin
given by ``-p`` is loaded before it. So the two methods behind ``benchmark(...)`` and ``benchmark.pedantic(...)`` are
replaced; collection, parametrization, groups and fixtures stay as they are.
"""

# ruff: noqa: SLF001 - neither pytest-benchmark nor pytest has a public way in

from __future__ import annotations

import gc
import importlib.metadata
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ..channel import VARIABLE, RequestChannel
from ..origins import origins_of_environment
from ..stopwatch import Stopwatch, Untraced, repeat
from .pedantic import PedanticCall
from .reports import collection_error, description, reason

# Taken at once: a project's start-up code may clear the environment before pytest is configured.
_ADDRESS = os.environ.pop(VARIABLE)
_ORIGINS = origins_of_environment()

TakeSample = Callable[[Stopwatch, int], int]
"""Takes one sample of a number of repetitions and returns the number of calls."""


class _LiveSession:
    """The state of this pytest session; set up by `pytest_configure`."""

    channel: RequestChannel
    requested: str | None = None
    """Id of the requested test."""
    errors: tuple[str, ...] = ()
    """Why files could not be collected."""
    failure: tuple[str, str] | None = None
    """Outcome and reason of the requested test's first phase that did not pass."""


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Connect to the process that measures, and replace pytest-benchmark's own measuring."""
    _LiveSession.channel = RequestChannel(_ADDRESS)
    fixture: Any = BenchmarkFixture
    fixture._raw = _raw
    fixture._raw_pedantic = _raw_pedantic


def _answer_requests(fixture: Any, take: TakeSample) -> None:
    _LiveSession.channel.send(**{"is": "ready"})
    statistics = None
    while (request := _LiveSession.channel.receive())["do"] != "next":
        began, watch = time.perf_counter(), Stopwatch()
        enabled = gc.isenabled()
        if fixture._disable_gc:
            gc.disable()
        try:
            with Untraced():
                calls = take(watch, request["repeat"])
        finally:
            if enabled:
                gc.enable()
        # A test may look at benchmark.stats afterwards, and pytest-benchmark prints them.
        statistics = statistics or fixture._make_stats(calls)
        statistics.update(watch.wall_seconds)
        _LiveSession.channel.send(**watch.answer(calls, began))


def _raw(self: Any, function: Callable[..., object], *args: object, **kwargs: object) -> object:
    _LiveSession.channel.send(**{"is": "called"})
    result = function(*args, **kwargs)

    def take(watch: Stopwatch, times: int) -> int:
        repeat(watch, partial(function, *args, **kwargs), times)
        return times

    _answer_requests(self, take)
    return result


def _raw_pedantic(
    self: Any,
    target: Callable[..., object],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[..., object] | None = None,
    rounds: int = 1,  # noqa: ARG001 - how many samples are taken is decided by both sides together
    warmup_rounds: int = 0,
    iterations: int = 1,
) -> object:
    if iterations > 1 and setup:
        raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")

    pedantic = PedanticCall(target, args, kwargs, setup, teardown)

    def take_one(watch: Stopwatch, calls: int) -> None:
        call, clean = pedantic.prepare()
        repeat(watch, call, calls)
        clean()

    def take(watch: Stopwatch, times: int) -> int:
        if setup or teardown:
            for _ in range(times):
                take_one(watch, iterations)
        else:
            take_one(watch, iterations * times)
        return iterations * times

    _LiveSession.channel.send(**{"is": "called"})
    for _ in range(warmup_rounds):
        take_one(Stopwatch(), iterations)
    _answer_requests(self, take)
    call, clean = pedantic.prepare()
    result = call()
    clean()
    return result


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember why a file could not be collected."""
    if report.failed:
        _LiveSession.errors += (collection_error(report),)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Report what was collected."""
    found = [description(item) for item in session.items]
    tool = "pytest-benchmark " + importlib.metadata.version("pytest-benchmark")
    _LiveSession.channel.send(
        **{"is": "collected", "tool": tool, "benchmarks": found, "errors": list(_LiveSession.errors)}
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Pass over the tests that are not requested now."""
    if _LiveSession.requested is None:
        request = _LiveSession.channel.receive()
        if request["do"] == "end":
            item.session.shouldstop = "no more pairs are requested"
            return True
        _LiveSession.requested = request["id"]
    if item.nodeid != _LiveSession.requested:
        return True
    # pytest expected a test that was passed over to come next: fixtures that this one does not share are still set up.
    item.session._setupstate.teardown_exact(item)
    return None


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the first phase of the test that did not pass."""
    if not report.passed and report.nodeid == _LiveSession.requested:
        _LiveSession.failure = _LiveSession.failure or (report.outcome, reason(report))


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish(nodeid: str) -> None:
    """Report how the test ended."""
    if nodeid != _LiveSession.requested:
        return
    outcome, reason = _LiveSession.failure or ("passed", "")
    _LiveSession.failure = None
    _LiveSession.requested = None
    _LiveSession.channel.send(
        **{
            "is": "finished",
            "outcome": outcome,
            "reason": reason,
            **_ORIGINS.report(),
        }
    )


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary() -> None:
    """Exit now that all fixtures are torn down: the summary is not used, and some plugins import a lot for it."""
    os._exit(0)
