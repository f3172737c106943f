"""The tools that run suites, one folder each.

A new tool is a folder here with a subclass of `Tool`, a folder with its agents in `perfgate/measure/agent`, and an entry
in `TOOLS`.
"""

from perfgate.measure.suites import Suite
from perfgate.measure.tools.asv.tool import AsvTool
from perfgate.measure.tools.interface import Tool
from perfgate.measure.tools.pytest_benchmark.tool import PytestBenchmarkTool

TOOLS: tuple[Tool, ...] = (AsvTool(), PytestBenchmarkTool())
"""In the order in which they are looked for."""


def tool_of(suite: Suite) -> Tool:
    """Return the tool that runs *suite*."""
    return next(tool for tool in TOOLS if tool.name == suite.tool)
