"""One run of a pytest suite, as pytest-benchmark itself makes it."""

from __future__ import annotations

import json
from pathlib import Path

from perfgate.errors import MeasurementFailed
from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools.pytest_benchmark.command import ALONE, pytest_command
from perfgate.results.formats import read_results
from perfgate.results.records import Run

_TESTS_FAILED, _NOTHING_COLLECTED = 1, 5
"""Exit statuses of pytest after which the results are looked at: other tests may have been measured."""


def run_pytest(suite: Suite, side: Side, select: str | None) -> Run:
    """Return what pytest-benchmark measures in the side's environment.

    Args:
        suite: The suite.
        side: A prepared side; files are written beside its checkout.
        select: Shell-style pattern over node ids; None: all.

    Raises:
        MeasurementFailed: pytest fails or measures nothing; the message has its last lines.
    """
    results, output = side.checkout.with_name("results.json"), side.checkout.with_name("output")
    command: list[str | Path] = [
        side.python,
        *pytest_command(side),
        "-p",
        ALONE,
        f"--benchmark-json={results}",
        *suite.files_in_project,
    ]
    variables = {**side.variables, "PERFGATE_SELECT": select or "*", ORIGINS: json.dumps(side.origins(suite.shared))}
    allowed = (0, _TESTS_FAILED, _NOTHING_COLLECTED)
    run_tool(command, cwd=side.project_folder, environment=variables, output=output, allowed=allowed)
    if not results.exists() or not results.stat().st_size:
        selected = f" that {select!r} selects" if select else ""
        raise MeasurementFailed(f"pytest-benchmark measured nothing{selected}:\n{tail(output)}")
    return read_results(results)
