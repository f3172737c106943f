"""pytest plugin by which the tests of a pytest-benchmark suite are looked into once each instead of being timed.

The first request names the wanted tests and what to measure; each further one lets one of them run.
"""

# ruff: noqa: SLF001 - neither pytest-benchmark nor pytest has a public way in

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from pytest_benchmark.fixture import BenchmarkFixture

from .channel import VARIABLE, Channel, Origins
from .forks import end_together, forked
from .probes import PROBES, Measurements, Ready
from .pytest_reports import last_line, reason

# Taken at once: a project's own start-up code may clear the environment before pytest is configured.
_ADDRESS = os.environ.pop(VARIABLE)


class _Session:
    """What this session knows; set up by `pytest_configure`."""

    channel: Channel
    origins: Origins
    probe: str
    wanted: frozenset[str]
    due: str | None = None
    """Id of the test that was asked for and not yet reached."""
    errors: tuple[str, ...] = ()
    """Why files could not be collected."""
    bad: tuple[str, str] | None = None
    """Outcome and reason of the current test's first phase that did not pass."""
    found: Measurements | None = None
    """What was measured of the current test; None: nothing yet."""


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Hear what is wanted, and take the place of pytest-benchmark's own measuring."""
    _Session.channel = Channel(_ADDRESS)
    request = _Session.channel.receive()
    _Session.origins = Origins(**request["origins"])
    _Session.probe = request["probe"]
    _Session.wanted = frozenset(request["wanted"])
    end_together(_ADDRESS)
    fixture: Any = BenchmarkFixture
    fixture._raw = _raw
    fixture._raw_pedantic = _raw_pedantic


class _Keep:
    """Keeps the result of the last call: the test goes on with it."""

    result: object = None


def _take(fixture: Any, ready: Ready) -> None:
    began = time.perf_counter()
    _Session.found = PROBES[_Session.probe](ready)
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
    kept = _Keep()

    def call() -> None:
        kept.result = function(*args, **kwargs)

    @contextlib.contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        with _without_collector(self):
            yield call

    _take(self, ready)
    return kept.result


def _raw_pedantic(
    self: Any,
    target: Callable[..., object],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[..., object] | None = None,
    rounds: int = 1,  # noqa: ARG001 - one call is looked at
    warmup_rounds: int = 0,  # noqa: ARG001 - likewise
    iterations: int = 1,
) -> object:
    if iterations > 1 and setup:
        raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")
    kept = _Keep()

    @contextlib.contextmanager
    def ready() -> Iterator[Callable[[], object]]:
        positional, named = (setup() if setup else None) or (args, kwargs or {})
        function = partial(target, *positional, **named)

        def call() -> None:
            kept.result = function()

        with _without_collector(self):
            yield call
        if teardown:
            teardown(*positional, **named)

    _take(self, ready)
    return kept.result


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember why a file could not be collected."""
    if report.failed:
        crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None) or str(report.longrepr)
        _Session.errors += (f"{report.nodeid}: {last_line(crash)}",)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that are wanted."""
    items[:] = [item for item in items if item.nodeid in _Session.wanted]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell which tests will run, in this order."""
    found = [item.nodeid for item in session.items]
    _Session.channel.send(**{"is": "collected", "ids": found, "errors": list(_Session.errors)})


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool:
    """Pass over the tests that are not due; run the one that is in a child of its own."""
    _Session.due = _Session.due or _Session.channel.receive()["id"]
    if item.nodeid != _Session.due:
        return True
    _Session.due = _Session.bad = _Session.found = None
    if forked(_Session.channel):
        try:
            runtestprotocol(item, nextitem=None)  # tears all fixtures down: no other test runs in this child
            _answer()
            os._exit(0)
        finally:
            os._exit(70)
    return True


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the first phase of the test that did not pass."""
    if not report.passed:
        _Session.bad = _Session.bad or (report.outcome, reason(report))


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish() -> None:
    """Tell how the test ended."""
    _answer()


def _answer() -> None:
    """Tell how the test ended and what it gave."""
    outcome, reason = _Session.bad or ("passed", "")
    _Session.channel.send(
        **{
            "is": "finished",
            "outcome": outcome,
            "reason": reason,
            "found": _Session.found,
            "pid": os.getpid(),
            "foreign": _Session.origins.foreign(),
        }
    )


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary() -> None:
    """Leave, now that all fixtures are torn down: nobody reads the summary."""
    os._exit(0)
