"""pytest plugin by which the tests of a pytest-benchmark suite serve samples, so that two sessions run in lockstep.

pytest-benchmark refuses any `benchmark` fixture but its own ("must be a BenchmarkFixture instance"), and a plugin
given by ``-p`` is loaded before it. Replacing the two methods behind ``benchmark(...)`` and ``benchmark.pedantic(...)``
keeps collection, parametrisation, groups and fixtures as they are.
"""

# ruff: noqa: SLF001 - neither pytest-benchmark nor pytest has a public way in

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from pytest_benchmark.utils import safe_dumps

from .channel import VARIABLE, Channel, Origins
from .pytest_reports import last_line, reason
from .stopwatch import Stopwatch, Untraced, repeat

# Taken at once: a project's own start-up code may clear the environment before pytest is configured.
_ADDRESS = os.environ.pop(VARIABLE)
_ORIGINS = os.environ.pop("PERFGATE_ORIGINS")

Take = Callable[[Stopwatch, int], int]
"""Takes one sample of so many repetitions and returns how many calls it made."""


class _Session:
    """What this session knows; set up by `pytest_configure`."""

    channel: Channel
    origins: Origins
    wanted: str | None = None
    """Id of the test that is due."""
    errors: tuple[str, ...] = ()
    """Why files could not be collected."""
    bad: tuple[str, str] | None = None
    """Outcome and reason of the wanted test's first phase that did not pass."""


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Connect to the process that asks, and take the place of pytest-benchmark's own measuring."""
    _Session.channel = Channel(_ADDRESS)
    _Session.origins = Origins(**json.loads(_ORIGINS))
    fixture: Any = BenchmarkFixture
    fixture._raw = _raw
    fixture._raw_pedantic = _raw_pedantic


def _serve(fixture: Any, take: Take) -> None:
    _Session.channel.send(**{"is": "ready"})
    statistics = None
    while (request := _Session.channel.receive())["do"] != "next":
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
        _Session.channel.send(**watch.answer(calls, began))


def _raw(self: Any, function: Callable[..., object], *args: object, **kwargs: object) -> object:
    _Session.channel.send(**{"is": "called"})
    result = function(*args, **kwargs)

    def take(watch: Stopwatch, times: int) -> int:
        repeat(watch, partial(function, *args, **kwargs), times)
        return times

    _serve(self, take)
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

    def arguments() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (setup() if setup else None) or (args, kwargs or {})

    def one(watch: Stopwatch, calls: int) -> None:
        positional, named = arguments()
        repeat(watch, partial(target, *positional, **named), calls)
        if teardown:
            teardown(*positional, **named)

    def take(watch: Stopwatch, times: int) -> int:
        if setup or teardown:
            for _ in range(times):
                one(watch, iterations)
        else:
            one(watch, iterations * times)
        return iterations * times

    _Session.channel.send(**{"is": "called"})
    for _ in range(warmup_rounds):
        one(Stopwatch(), iterations)
    _serve(self, take)
    positional, named = arguments()
    result = target(*positional, **named)
    if teardown:
        teardown(*positional, **named)
    return result


_dumps: Callable[[object], str] = safe_dumps


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember why a file could not be collected."""
    if report.failed:
        crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None) or str(report.longrepr)
        _Session.errors += (f"{report.nodeid}: {last_line(crash)}",)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell what was collected."""
    found = []
    for item in session.items:
        callspec = getattr(item, "callspec", None)
        found.append(
            {
                "id": item.nodeid,
                "parameters": json.loads(_dumps(callspec.params)) if callspec else None,
                "parameter_id": callspec.id if callspec else None,
            }
        )
    tool = "pytest-benchmark " + importlib.metadata.version("pytest-benchmark")
    _Session.channel.send(**{"is": "collected", "tool": tool, "benchmarks": found, "errors": list(_Session.errors)})


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Pass over the tests that are not wanted now."""
    if _Session.wanted is None:
        request = _Session.channel.receive()
        if request["do"] == "end":
            item.session.shouldstop = "no more pairs are wanted"
            return True
        _Session.wanted = request["id"]
    if item.nodeid != _Session.wanted:
        return True
    # pytest believed that a test passed over would come next: fixtures this one does not share are still set up.
    item.session._setupstate.teardown_exact(item)
    return None


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the first phase of the test that did not pass."""
    if not report.passed and report.nodeid == _Session.wanted:
        _Session.bad = _Session.bad or (report.outcome, reason(report))


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish(nodeid: str) -> None:
    """Tell how the test ended."""
    if nodeid != _Session.wanted:
        return
    outcome, reason = _Session.bad or ("passed", "")
    _Session.bad = None
    _Session.wanted = None
    _Session.channel.send(
        **{
            "is": "finished",
            "outcome": outcome,
            "reason": reason,
            "foreign": _Session.origins.foreign(),
            "reaches_code": _Session.origins.reaches_code,
        }
    )


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary() -> None:
    """Leave, now that all fixtures are torn down: nobody reads the summary, and some plugins import a lot for it."""
    os._exit(0)
