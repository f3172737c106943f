"""pytest plugin for a session that the suite's own tool measures, or that only collects.

The project is imported as it was installed; a session that imported it from anywhere else fails. Where pytest-benchmark is
installed, it measures also what is written for pytest-codspeed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ..origins import origins_of_environment
from .reports import description
from .takeover import PytestBenchmarkOnly

_ORIGINS = origins_of_environment()

FOREIGN_STATUS = 70
"""Exit status of a session that imported the project from a wrong place."""

COLLECTED = "PERFGATE_COLLECTED"
"""Environment variable with the file into which the collected benchmarks are written, one line each; unset: none."""

_FILE = os.environ.pop(COLLECTED, "")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let pytest-benchmark, where it is installed, measure all benchmarks."""
    if hasattr(session.config, "_benchmarksession"):
        PytestBenchmarkOnly(session.config)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Print how many benchmarks were collected."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"perfgate collected {len(session.items)}")
    if _FILE:
        lines = [json.dumps(description(item)) + "\n" for item in session.items]
        Path(_FILE).write_text("".join(lines), encoding="utf-8")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if code was measured that the project does not install."""
    for name, file in _ORIGINS.report()["foreign"]:
        print(  # noqa: T201 - the process that measures shows it
            f"the side imported {name!r} from {file}, not from where its commit was installed"
        )
        session.exitstatus = FOREIGN_STATUS
