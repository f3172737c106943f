"""A suite is run by the tool that found it.

interface.py has what a tool must offer; perfgate/measure/tools/__init__.py lists the tools.
"""

from __future__ import annotations

from perfgate.measure.suites import Suite
from perfgate.measure.tools import TOOLS, tool_of


def test_the_tool_of_a_suite_has_its_name() -> None:
    """Each tool is found by the name in its suites, and no two have the same."""
    names = [tool.name for tool in TOOLS]

    assert ["asv", "pytest-benchmark"] == names
    assert list(TOOLS) == [tool_of(Suite(tool=name)) for name in names]
