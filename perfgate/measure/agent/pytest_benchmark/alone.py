"""pytest plugin for a session that pytest-benchmark measures itself, or that only collects.

The project is imported as it was installed; a session that imported it from anywhere else fails.
"""

from __future__ import annotations

import pytest

from ..origins import origins_of_environment

_ORIGINS = origins_of_environment()

FOREIGN_STATUS = 70
"""Exit status of a session that imported the project from a wrong place."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Print how many benchmarks were collected."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"perfgate collected {len(session.items)}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if code was measured that the project does not install."""
    for name, file in _ORIGINS.report()["foreign"]:
        print(  # noqa: T201 - the process that measures shows it
            f"the side imported {name!r} from {file}, not from where its commit was installed"
        )
        session.exitstatus = FOREIGN_STATUS
