"""pytest plugin that calls each benchmark once and records the files that it reaches, instead of measuring it."""

from __future__ import annotations

import json
import os
import sys

import pytest

from ..origins import origins_of_environment
from ..recorder import VARIABLE, Recorder
from .calls import BenchmarkCall, CallTimes, PreparedCall
from .reports import description
from .takeover import Takeover

# Taken at once: a project's start-up code may clear the environment, and must be recorded.
_REQUEST = json.loads(os.environ.pop(VARIABLE))
_RECORDER = Recorder(_REQUEST)
origins_of_environment()
_RECORDER.pause()  # pytest-benchmark itself starts `file` to describe the machine
_REQUESTED: list[str] | None = _REQUEST["items"]

_failures: dict[str, str] = {}
"""The first phase that did not pass, by test."""


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Replace the measuring of the suite's own tools."""
    Takeover(session.config, _measure)


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


def _measure(call: BenchmarkCall) -> object:
    """Make the calls that the recorder wants, and time those that are not profiled."""
    times = CallTimes()

    def prepare() -> PreparedCall:
        function, clean = call.prepare()
        return times.timed(function, unless=sys.getprofile), clean

    result = _RECORDER.observe(prepare)
    call.show(times)
    return result
