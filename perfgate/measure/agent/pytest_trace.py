"""pytest plugin that calls each benchmark once and records what it reaches, instead of measuring it."""

# ruff: noqa: SLF001 - pytest-benchmark has no public way in

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from pytest_benchmark.utils import safe_dumps

from .recorder import VARIABLE, Prepared, Recorder

# Taken at once: a project's own start-up code may clear the environment, and must not run unheard.
_REQUEST = json.loads(os.environ.pop(VARIABLE))
_RECORDER = Recorder(_REQUEST)
_RECORDER.pause()  # pytest-benchmark itself starts `file` to describe the machine
_WANTED: list[str] | None = _REQUEST["wanted"]

_dumps: Callable[[object], str] = safe_dumps
_bad: dict[str, str] = {}
"""Why the first phase of a test that did not pass did not."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Take the place of pytest-benchmark's own measuring."""
    fixture: Any = BenchmarkFixture
    fixture._raw = _raw
    fixture._raw_pedantic = _raw_pedantic


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Hold against the benchmarks what is started from now on."""
    _RECORDER.resume()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that are wanted; none: tell which there are, and leave."""
    if _WANTED is None:
        for item in items:
            _RECORDER.write(**_description(item))
        os._exit(0)
    kept = [item for item in items if item.nodeid in _WANTED]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _description(item: pytest.Item) -> dict[str, object]:
    callspec = getattr(item, "callspec", None)
    parameters = json.loads(_dumps(callspec.params)) if callspec else None
    return {"id": item.nodeid, "parameters": parameters, "parameter_id": callspec.id if callspec else None}


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a phase that did not pass."""
    if not report.passed:
        _bad.setdefault(report.nodeid, f"{report.when} {report.outcome}")


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish(nodeid: str) -> None:
    """Write down what was reached until the end of this test."""
    _RECORDER.write(id=nodeid, reason=_bad.get(nodeid, ""))


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary() -> None:
    """Leave, now that all fixtures are torn down."""
    os._exit(0)


def _raw(self: Any, function: Callable[..., object], *args: object, **kwargs: object) -> object:
    self._make_stats(1).update(1.0)  # a test may look at benchmark.stats afterwards
    return _RECORDER.observe(lambda: (partial(function, *args, **kwargs), _nothing))


def _raw_pedantic(
    self: Any,
    target: Callable[..., object],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[..., object] | None = None,
    **_: object,
) -> object:
    def prepare() -> Prepared:
        positional, named = (setup() if setup else None) or (args, kwargs or {})
        clean = partial(teardown, *positional, **named) if teardown else _nothing
        return partial(target, *positional, **named), clean

    self._make_stats(1).update(1.0)
    return _RECORDER.observe(prepare)


def _nothing() -> None:
    """Clean up where there is nothing to clean."""
