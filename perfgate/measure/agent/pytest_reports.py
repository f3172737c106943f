"""What pytest reports of a test that did not pass, in one line."""

from __future__ import annotations

import pytest


def reason(report: pytest.TestReport) -> str:
    """Return why a phase of a test did not pass, in one line."""
    if isinstance(report.longrepr, tuple):  # a skip: path, line, reason
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    return last_line(crash.message if crash else str(report.longrepr))


def last_line(text: str) -> str:
    """Return the line of a failure's text that says most: the only one, else the first that names an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (
        lines[0] if len(lines) == 1 else next((line for line in lines if "Error" in line), lines[-1] if lines else "")
    )
