"""What pytest says about a test, as plain data."""

from __future__ import annotations

import importlib.metadata
import json

import pytest

TOOLS = ("pytest-benchmark", "pytest-codspeed", "pytest")
"""Distributions that may be a suite's tool; pytest always is, where none of the others is installed."""


def tool() -> str:
    """Return name and version of the suite's tool."""
    installed = {distribution.metadata["Name"] for distribution in importlib.metadata.distributions()}
    name = next((name for name in TOOLS if name in installed), "pytest")
    return f"{name} {importlib.metadata.version(name)}"


def description(item: pytest.Item) -> dict[str, object]:
    """Return what perfgate must know about a test to address and name it."""
    callspec = getattr(item, "callspec", None)
    parameters = json.loads(json.dumps(callspec.params, default=_unserializable)) if callspec else None
    return {"id": item.nodeid, "parameters": parameters, "parameter_id": callspec.id if callspec else None}


def _unserializable(value: object) -> str:
    """Return a text for a value that is no JSON, as pytest-benchmark writes it."""
    return f"UNSERIALIZABLE[{value!r}]"


def reason(report: pytest.TestReport) -> str:
    """Return why a phase of a test did not pass, in one line."""
    if isinstance(report.longrepr, tuple):  # a skip: path, line, reason
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash:
        return first_line(crash.message)
    return last_line(str(report.longrepr))


def first_line(text: str) -> str:
    """Return the first line that is not empty: of an assertion, what was asserted, and not pytest's explanations."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def last_line(text: str) -> str:
    """Return the most informative line of a failure's text: the only one, else the first that names an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (
        lines[0] if len(lines) == 1 else next((line for line in lines if "Error" in line), lines[-1] if lines else "")
    )


def collection_error(report: pytest.CollectReport) -> str:
    """Return why a file could not be collected, in one line: the error that was raised, if pytest shows it."""
    crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None) or str(report.longrepr)
    raised = [line[2:].strip() for line in crash.splitlines() if line.startswith("E ")]
    return f"{report.nodeid}: {raised[-1] if raised else last_line(crash)}"
