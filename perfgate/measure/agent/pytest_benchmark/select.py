"""pytest plugin that keeps only tests that are benchmarks and whose id matches the pattern."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

import pytest

# Taken at once: a project's own start-up code may clear the environment before tests are collected.
_PATTERN = os.environ.get("PERFGATE_SELECT", "*")

NAMES = ("benchmark", "codspeed_benchmark")
"""The fixtures of pytest-benchmark and pytest-codspeed, and the marks of the latter."""

deselected: list[str] = []
"""Ids of benchmarks that the project's own options or plugins left out."""


def uses_fixture(item: pytest.Item) -> bool:
    """Tell whether *item* uses a fixture for benchmarks, directly or through another, not a parameter of that name."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return any(name in getattr(item, "fixturenames", ()) and name not in parameters for name in NAMES)


def is_measured_whole(item: pytest.Item) -> bool:
    """Tell whether *item* is a benchmark as a whole: it, its class or its module is marked, and it uses no fixture."""
    return not uses_fixture(item) and any(item.get_closest_marker(name) is not None for name in NAMES)


def is_benchmark(item: pytest.Item) -> bool:
    """Tell whether *item* is a benchmark."""
    return uses_fixture(item) or is_measured_whole(item)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, and take back options by which a project keeps its benchmarks out of its test runs."""
    for name in NAMES:
        config.addinivalue_line("markers", f"{name}: a test that is a benchmark")
    for option in ("markexpr", "keyword"):
        if "bench" in (getattr(config.option, option, None) or ""):
            setattr(config.option, option, "")


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember the benchmarks that someone else left out."""
    deselected.extend(item.nodeid for item in items if is_benchmark(item) and _is_selected(item.nodeid, _PATTERN))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect all other tests."""
    kept = [item for item in items if is_benchmark(item) and _is_selected(item.nodeid, _PATTERN)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _is_selected(node_id: str, pattern: str) -> bool:
    return any(fnmatchcase(text, pattern) for text in (node_id, node_id.partition("[")[0]))
