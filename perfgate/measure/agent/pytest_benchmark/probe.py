"""pytest plugin that measures deterministic metrics of the tests of a pytest-benchmark suite, once each.

The first request names the tests and what to measure; each further one lets one of them run.
"""

# ruff: noqa: SLF001 - neither pytest-benchmark nor pytest has a public way in

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from pytest_benchmark.fixture import BenchmarkFixture

from ..channel import VARIABLE, RequestChannel
from ..forks import end_together, is_forked_child
from ..origins import origins_of_environment
from ..probes import PROBES, Measurements, Ready
from .pedantic import PedanticCall
from .reports import collection_error, reason

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
    """Receive the request, and replace pytest-benchmark's own measuring."""
    _ProbeSession.channel = RequestChannel(_ADDRESS)
    request = _ProbeSession.channel.receive()
    _ProbeSession.probe = request["probe"]
    _ProbeSession.requested = frozenset(request["items"])
    end_together(_ADDRESS)
    fixture: Any = BenchmarkFixture
    fixture._raw = _raw
    fixture._raw_pedantic = _raw_pedantic


class _LastResult:
    """The result of the last call, which the test continues with."""

    result: object = None


def _take(fixture: Any, ready: Ready) -> None:
    began = time.perf_counter()
    _ProbeSession.found = PROBES[_ProbeSession.probe](ready)
    # A test may look at benchmark.stats afterwards, and pytest-benchmark prints them.
    fixture._make_stats(1).update(time.perf_counter() - began)


@contextlib.contextmanager
def _without_collector(fixture: Any) -> Iterator[None]:
    pauses = fixture._disable_gc and gc.isenabled()
    if pauses:
        gc.disable()
    try:
        yield
    finally:
        if pauses:
            gc.enable()


def _raw(self: Any, function: Callable[..., object], *args: object, **kwargs: object) -> object:
    last = _LastResult()

    def call() -> None:
        last.result = function(*args, **kwargs)

    @contextlib.contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        with _without_collector(self):
            yield call

    _take(self, ready)
    return last.result


def _raw_pedantic(
    self: Any,
    target: Callable[..., object],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[..., object] | None = None,
    rounds: int = 1,  # noqa: ARG001 - one call is measured
    warmup_rounds: int = 0,  # noqa: ARG001 - likewise
    iterations: int = 1,
) -> object:
    if iterations > 1 and setup:
        raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")
    pedantic, last = PedanticCall(target, args, kwargs, setup, teardown), _LastResult()

    @contextlib.contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        function, clean = pedantic.prepare()

        def call() -> None:
            last.result = function()

        with _without_collector(self):
            yield call
        clean()

    _take(self, ready)
    return last.result


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
