"""Measure every benchmark of a pytest session ourselves, whichever way its test asks for it.

Known are the fixtures of pytest-benchmark and pytest-codspeed, which refuse to be replaced, so the methods behind them are;
and marked tests without a fixture, which are benchmarks as a whole, as pytest-codspeed has it. Neither plugin needs to be
installed. Collection, parametrization, groups and other fixtures stay as they are.
"""

# ruff: noqa: SLF001 - neither plugin, nor pytest, has a public way in

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Any

import pytest

from .calls import BenchmarkCall, CallTimes
from .select import is_measured_whole

Measure = Callable[[BenchmarkCall], object]
"""Measures a benchmark, and returns the result of its last call, with which the test goes on."""


class Takeover:
    """The benchmarks of a session.

    Made when all plugins are configured, and before the first test is collected.

    Args:
        config: The session's configuration.
        measure: Measures a benchmark.
    """

    def __init__(self, config: pytest.Config, measure: Measure) -> None:
        self._measure = measure
        self._measured: BenchmarkCall | None = None
        self._take_over(config)
        config.pluginmanager.register(self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Make the call of a marked test a benchmark; its fixtures are set up before."""
        self._measured = None
        if is_measured_whole(item):
            run: Callable[[], object] = item.runtest
            item.runtest = partial(self._measure_whole, item, run)  # type: ignore[method-assign]

    def extra_info(self) -> dict[str, float]:
        """Return the numbers that the current test keeps in ``benchmark.extra_info``, by key."""
        call = self._measured
        found = getattr(call.fixture, "extra_info", None) if call is not None else None
        numbers = {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}
        return {key: float(value) for key, value in numbers.items() if _is_number(value)}

    def _take_over(self, config: pytest.Config) -> None:
        self._take_over_pytest_benchmark(config)
        self._take_over_pytest_codspeed(config)

    def _take_over_pytest_benchmark(self, config: pytest.Config) -> None:
        module = sys.modules.get("pytest_benchmark.fixture")
        if module is None:
            return
        _skip_none(config)

        def raw(fixture: Any, function: Callable[..., object], /, *args: object, **kwargs: object) -> object:
            pauses = fixture._disable_gc
            return self._once(BenchmarkCall(function, args, kwargs, pauses_collector=pauses, fixture=fixture))

        def raw_pedantic(fixture: Any, target: Callable[..., object], *args: Any, **options: Any) -> object:
            pauses = fixture._disable_gc
            return self._once(_pedantic(fixture, target, *args, pauses_collector=pauses, **options))

        fixture_class: Any = module.BenchmarkFixture
        fixture_class._raw, fixture_class._raw_pedantic = raw, raw_pedantic

    def _take_over_pytest_codspeed(self, config: pytest.Config) -> None:
        module = sys.modules.get("pytest_codspeed.plugin")
        plugin: Any = config.pluginmanager.get_plugin("codspeed_plugin")
        if module is None or plugin is None:
            return
        plugin.is_codspeed_enabled = False  # it would measure, too

        def use(fixture: Any, target: Callable[..., object], *args: object, **kwargs: object) -> object:
            _use(fixture)
            random.seed(0)
            return self._once(BenchmarkCall(target, args, kwargs, pauses_collector=True, fixture=fixture))

        def use_pedantic(fixture: Any, target: Callable[..., object], *args: Any, **options: Any) -> object:
            _use(fixture)
            random.seed(0)
            call = _pedantic(fixture, target, *args, pauses_collector=True, gives_setup_arguments=True, **options)
            return self._once(call)

        fixture_class: Any = module.BenchmarkFixture
        fixture_class.__call__, fixture_class.pedantic = use, use_pedantic

    def _measure_whole(self, item: pytest.Item, run: Callable[[], object]) -> None:
        random.seed(0)
        self._once(BenchmarkCall(_whole_test(item, run), pauses_collector=True))

    def _once(self, call: BenchmarkCall) -> object:
        """Measure a test's first benchmark; it is the test that is measured, so any other is only called."""
        if self._measured is not None:
            return call.make(CallTimes())
        self._measured = call
        return self._measure(call)


class PytestBenchmarkOnly(Takeover):
    """The benchmarks of a session in which pytest-benchmark measures all of them.

    Args:
        config: The session's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config, self._hand_over)
        self._item: Any = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember the test, whose fixture measures it."""
        super().pytest_runtest_setup(item)
        self._item = item

    def _take_over(self, config: pytest.Config) -> None:
        _skip_none(config)
        self._take_over_pytest_codspeed(config)

    def _hand_over(self, call: BenchmarkCall) -> object:
        return call.hand_over(self._item._request.getfixturevalue("benchmark"))


def _skip_none(config: pytest.Config) -> None:
    """Take back a project's own options that skip benchmarks, or tests without pytest-benchmark's fixture."""
    session: Any = getattr(config, "_benchmarksession", None)
    if session is not None:
        session.only = session.skip = False


def _use(fixture: Any) -> None:
    """Refuse a second use of the fixture, as pytest-codspeed does."""
    if getattr(fixture, "_called", False):
        raise RuntimeError("The benchmark fixture can only be used once per test")
    fixture._called = True


def _pedantic(
    fixture: Any,
    target: Callable[..., object],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    setup: Callable[..., Any] | None = None,
    teardown: Callable[..., object] | None = None,
    rounds: int = 1,
    warmup_rounds: int = 0,
    iterations: int = 1,
    *,
    pauses_collector: bool,
    gives_setup_arguments: bool = False,
) -> BenchmarkCall:
    """Return the call that the arguments of ``benchmark.pedantic`` describe; pytest-codspeed's set-up gets arguments."""
    if setup and gives_setup_arguments:
        setup = partial(setup, *args, **(kwargs or {}))
    return BenchmarkCall(
        target,
        args,
        kwargs,
        setup,
        teardown,
        iterations=iterations,
        rounds=rounds,
        warmup_rounds=warmup_rounds,
        pauses_collector=pauses_collector,
        fixture=fixture,
    )


def _whole_test(item: Any, run: Callable[[], object]) -> Callable[[], object]:
    """Return a function that calls a test as a whole.

    A plain test function is called directly: what pytest does around it would hide small changes. All others, such as
    coroutines, which a plugin runs in an event loop, are run as pytest runs them.
    """
    function = getattr(item, "obj", None)
    if function is not None and getattr(run, "__func__", None) is pytest.Function.runtest and not _is_async(function):
        return partial(function, **{name: item.funcargs[name] for name in item._fixtureinfo.argnames})

    def run_again() -> None:
        if function is not None:
            item.obj = function  # some plugins wrap it in every run
        run()

    return run_again


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    size: Any = abs(value)
    return bool(size <= sys.float_info.max)
