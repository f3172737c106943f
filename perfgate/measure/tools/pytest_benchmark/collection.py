"""Collect a pytest suite without running it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.needs.trial import Collected
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools.pytest_benchmark.command import ALONE, pytest_command

_COUNT = re.compile(r"^perfgate collected (\d+)$", re.MULTILINE)

_NOTHING_COLLECTED = 5
_MAX_LINES = 400


def collect_pytest(suite: Suite, side: Side) -> Collected:
    """Return how many benchmarks pytest collects, and what it says about files that it cannot collect."""
    output = side.checkout.with_name(f"{side.role}_collected")
    command: list[str | Path] = [
        side.python,
        *pytest_command(side),
        "-p",
        ALONE,
        "--collect-only",
        *suite.files_in_project,
    ]
    variables = {**side.variables, ORIGINS: json.dumps(side.origins(suite.shared))}
    status = run_tool(command, cwd=side.project_folder, environment=variables, output=output, allowed=range(256))
    text = tail(output, lines=_MAX_LINES)
    found = _COUNT.search(text)
    count = int(found[1]) if found else 0
    return Collected(count=count, errors="" if status == 0 or (count and status == _NOTHING_COLLECTED) else text)
