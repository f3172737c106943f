"""pytest plugin that measures deterministic metrics of the benchmarks of a pytest suite, once each.

The first request names the tests and what to measure; each further one lets one of them run.
"""

from __future__ import annotations

import contextlib
import os
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from _pytest.runner import runtestprotocol

from ..channel import VARIABLE, RequestChannel
from ..forks import end_together, is_forked_child
from ..origins import origins_of_environment
from ..probes import PROBES, WARM_UP_CALLS, Measurements
from .calls import BenchmarkCall, CallTimes
from .reports import collection_error, reason
from .takeover import Takeover

# Taken at once: a project's own start-up code may clear the environment before pytest is configured.
_ADDRESS = os.environ.pop(VARIABLE)
_ORIGINS = origins_of_environment()


class _ProbeSession:
    """The state of this pytest session; set up by `pytest_configure`."""

    channel: RequestChannel
    probe: str
    requested: frozenset[str]
    due: str | None = None
    """Id of the test that is to run next and was not reached yet."""
    errors: tuple[str, ...] = ()
    """Why files could not be collected."""
    failure: tuple[str, str] | None = None
    """Outcome and reason of the current test's first phase that did not pass."""
    found: Measurements | None = None
    """Measurements of the current test; None: none yet."""


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Receive the request."""
    _ProbeSession.channel = RequestChannel(_ADDRESS)
    request = _ProbeSession.channel.receive()
    _ProbeSession.probe = request["probe"]
    _ProbeSession.requested = frozenset(request["items"])
    end_together(_ADDRESS)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Replace the measuring of the suite's own tools."""
    Takeover(session.config, _measure)


def _measure(call: BenchmarkCall) -> object:
    """Measure the metrics, and time the first calls, for those who look at the times afterwards."""
    results: list[object] = [None]
    times, contexts = CallTimes(), 0

    @contextlib.contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        nonlocal contexts
        function, clean = call.prepare()

        def keep_result() -> None:
            results[0] = function()

        contexts += 1
        is_timed = contexts <= WARM_UP_CALLS  # a clock would count as work of the calls that are measured
        with call.collector():
            yield times.timed(keep_result, unless=tracemalloc.is_tracing) if is_timed else keep_result
        clean()

    _ProbeSession.found = PROBES[_ProbeSession.probe](ready)
    call.show(times)
    return results[0]


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember why a file could not be collected."""
    if report.failed:
        _ProbeSession.errors += (collection_error(report),)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the requested tests."""
    items[:] = [item for item in items if item.nodeid in _ProbeSession.requested]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Report which tests will run, in this order."""
    found = [item.nodeid for item in session.items]
    _ProbeSession.channel.send(**{"is": "collected", "ids": found, "errors": list(_ProbeSession.errors)})


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool:
    """Pass over the tests that are not due; run the test that is due in a forked process of its own."""
    _ProbeSession.due = _ProbeSession.due or _ProbeSession.channel.receive()["id"]
    if item.nodeid != _ProbeSession.due:
        return True
    _ProbeSession.due = _ProbeSession.failure = _ProbeSession.found = None
    if is_forked_child(_ProbeSession.channel):
        try:
            runtestprotocol(item, nextitem=None)  # tears down all fixtures: no other test runs in this process
            _answer()
            os._exit(0)
        finally:
            os._exit(70)
    return True


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the first phase of the test that did not pass."""
    if not report.passed:
        _ProbeSession.failure = _ProbeSession.failure or (report.outcome, reason(report))


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish() -> None:
    """Report how the test ended."""
    _answer()


def _answer() -> None:
    """Report how the test ended and its measurements."""
    outcome, reason = _ProbeSession.failure or ("passed", "")
    _ProbeSession.channel.send(
        **{
            "is": "finished",
            "outcome": outcome,
            "reason": reason,
            "found": _ProbeSession.found,
            "pid": os.getpid(),
            **_ORIGINS.report(),
        }
    )


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary() -> None:
    """Exit now that all fixtures are torn down: the summary is not used."""
    os._exit(0)
