"""pytest plugin that samples the benchmarks of a pytest suite on request, so that two sessions can take turns."""

# ruff: noqa: SLF001 - pytest has no public way in

from __future__ import annotations

import os
import time

import pytest

from ..channel import VARIABLE, RequestChannel
from ..origins import origins_of_environment
from ..stopwatch import Stopwatch, Untraced, repeat
from .calls import BenchmarkCall, CallTimes
from .reports import collection_error, description, reason, tool
from .select import deselected
from .takeover import Takeover

# Taken at once: a project's start-up code may clear the environment before pytest is configured.
_ADDRESS = os.environ.pop(VARIABLE)
_ORIGINS = origins_of_environment()


class _LiveSession:
    """The state of this pytest session; set up by `pytest_configure`."""

    channel: RequestChannel
    takeover: Takeover
    requested: str | None = None
    """Id of the requested test."""
    errors: tuple[str, ...] = ()
    """Why files could not be collected."""
    failure: tuple[str, str] | None = None
    """Outcome and reason of the requested test's first phase that did not pass."""


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Connect to the process that measures."""
    _LiveSession.channel = RequestChannel(_ADDRESS)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Replace the measuring of the suite's own tools."""
    _LiveSession.takeover = Takeover(session.config, _measure)


def _measure(call: BenchmarkCall) -> object:
    """Take samples until no more are requested."""
    _LiveSession.channel.send(**{"is": "called"})
    times, result = CallTimes(), None
    if not call.is_prepared_anew:
        result = call.make(times)
    for _ in range(call.warmup_rounds):
        _take_row(Stopwatch(), call, call.iterations)
    _answer_requests(call, times)
    if call.is_prepared_anew:
        result = call.make(times)
    call.show(times)
    return result


def _answer_requests(call: BenchmarkCall, times: CallTimes) -> None:
    _LiveSession.channel.send(**{"is": "ready"})
    while (request := _LiveSession.channel.receive())["do"] != "next":
        began, watch = time.perf_counter(), Stopwatch()
        with Untraced(), call.collector():
            calls = _take_sample(watch, call, request["repeat"])
        times.add(watch.wall_seconds / calls)
        _LiveSession.channel.send(**watch.answer(calls, began))


def _take_sample(watch: Stopwatch, call: BenchmarkCall, rows: int) -> int:
    """Make as many rows of calls, and return the number of calls."""
    if call.is_prepared_anew:
        for _ in range(rows):
            _take_row(watch, call, call.iterations)
    else:
        _take_row(watch, call, call.iterations * rows)
    return call.iterations * rows


def _take_row(watch: Stopwatch, call: BenchmarkCall, calls: int) -> None:
    function, clean = call.prepare()
    repeat(watch, function, calls)
    clean()


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember why a file could not be collected."""
    if report.failed:
        _LiveSession.errors += (collection_error(report),)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Report what was collected."""
    found = [description(item) for item in session.items]
    _LiveSession.channel.send(
        **{
            "is": "collected",
            "tool": tool(),
            "benchmarks": found,
            "errors": list(_LiveSession.errors),
            "deselected": deselected,
        }
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
            "extra_info": _LiveSession.takeover.extra_info(),
            **_ORIGINS.report(),
        }
    )


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary() -> None:
    """Exit now that all fixtures are torn down: the summary is not used, and some plugins import a lot for it."""
    os._exit(0)
