"""pytest plugin that calls each benchmark once and records the files that it reaches, instead of measuring it."""

# ruff: noqa: SLF001 - pytest-benchmark has no public way in

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ..origins import origins_of_environment
from ..recorder import VARIABLE, Recorder
from .pedantic import PedanticCall
from .reports import description

# Taken at once: a project's start-up code may clear the environment, and must be recorded.
_REQUEST = json.loads(os.environ.pop(VARIABLE))
_RECORDER = Recorder(_REQUEST)
origins_of_environment()
_RECORDER.pause()  # pytest-benchmark itself starts `file` to describe the machine
_REQUESTED: list[str] | None = _REQUEST["items"]

_failures: dict[str, str] = {}
"""The first phase that did not pass, by test."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Replace pytest-benchmark's own measuring."""
    fixture: Any = BenchmarkFixture
    fixture._raw = _raw
    fixture._raw_pedantic = _raw_pedantic


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Record processes that are started from now on."""
    _RECORDER.resume()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the requested tests; without a request, list all tests and exit."""
    if _REQUESTED is None:
        for item in items:
            _RECORDER.write(**description(item))
        os._exit(0)
    kept = [item for item in items if item.nodeid in _REQUESTED]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the first phase that did not pass."""
    if not report.passed:
        _failures.setdefault(report.nodeid, f"{report.when} {report.outcome}")


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish(nodeid: str) -> None:
    """Write what was reached until the end of this test."""
    _RECORDER.write(id=nodeid, reason=_failures.get(nodeid, ""))


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary() -> None:
    """Exit now that all fixtures are torn down."""
    os._exit(0)


def _raw(self: Any, function: Callable[..., object], *args: object, **kwargs: object) -> object:
    self._make_stats(1).update(1.0)  # a test may look at benchmark.stats afterwards
    return _RECORDER.observe(lambda: (partial(function, *args, **kwargs), _do_nothing))


def _raw_pedantic(
    self: Any,
    target: Callable[..., object],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[..., object] | None = None,
    **_: object,
) -> object:
    self._make_stats(1).update(1.0)
    return _RECORDER.observe(PedanticCall(target, args, kwargs, setup, teardown).prepare)


def _do_nothing() -> None:
    """Clean up after a call that leaves nothing."""
