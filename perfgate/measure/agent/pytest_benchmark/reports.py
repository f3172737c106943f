"""What pytest says about a test, as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pytest_benchmark.utils import safe_dumps

_dumps: Callable[[object], str] = safe_dumps


def description(item: pytest.Item) -> dict[str, object]:
    """Return what perfgate must know about a test to address and name it."""
    callspec = getattr(item, "callspec", None)
    parameters = json.loads(_dumps(callspec.params)) if callspec else None
    return {"id": item.nodeid, "parameters": parameters, "parameter_id": callspec.id if callspec else None}


def reason(report: pytest.TestReport) -> str:
    """Return why a phase of a test did not pass, in one line."""
    if isinstance(report.longrepr, tuple):  # a skip: path, line, reason
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    return last_line(crash.message if crash else str(report.longrepr))


def last_line(text: str) -> str:
    """Return the most informative line of a failure's text: the only one, else the first that names an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (
        lines[0] if len(lines) == 1 else next((line for line in lines if "Error" in line), lines[-1] if lines else "")
    )


def collection_error(report: pytest.CollectReport) -> str:
    """Return why a file could not be collected, in one line."""
    crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None) or str(report.longrepr)
    return f"{report.nodeid}: {last_line(crash)}"
