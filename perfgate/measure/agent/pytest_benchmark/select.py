"""pytest plugin that keeps only tests that use the benchmark fixture and whose id matches the pattern."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

import pytest

# Taken at once: a project's own start-up code may clear the environment before tests are collected.
_PATTERN = os.environ.get("PERFGATE_SELECT", "*")


def is_benchmark(item: pytest.Item) -> bool:
    """Tell whether *item* uses pytest-benchmark's fixture, directly or through another, not a parameter of that name."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return "benchmark" in getattr(item, "fixturenames", ()) and "benchmark" not in parameters


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect all other tests."""
    kept = [item for item in items if is_benchmark(item) and _is_selected(item.nodeid, _PATTERN)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _is_selected(node_id: str, pattern: str) -> bool:
    return any(fnmatchcase(text, pattern) for text in (node_id, node_id.partition("[")[0]))
