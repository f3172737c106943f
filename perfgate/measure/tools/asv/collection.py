"""Collect an asv suite without running it."""

from __future__ import annotations

import json
from pathlib import Path

from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.needs.trial import Collected
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides.side import AGENT_PACKAGE, Side
from perfgate.measure.suites import Suite

_MAX_LINES = 2_000


def collect_asv(suite: Suite, side: Side) -> Collected:
    """Return how many benchmarks asv_runner finds, and what it says about files that cannot be imported."""
    assert suite.folder is not None
    output = side.checkout.with_name(f"{side.role}_collected")
    command: list[str | Path] = [side.python, "-m", f"{AGENT_PACKAGE}.asv.collect", side.checkout / suite.folder]
    variables = {**side.variables, ORIGINS: json.dumps(side.origins(suite.shared))}
    run_tool(command, cwd=side.checkout.parent, environment=variables, output=output, allowed=range(256))
    lines = tail(output, lines=_MAX_LINES).splitlines()
    errors = [line for line in lines if not line.startswith("::")]
    return Collected(count=len(lines) - len(errors), errors="\n".join(errors) if "Traceback" in "".join(errors) else "")
