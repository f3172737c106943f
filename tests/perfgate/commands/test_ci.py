"""`perfgate ci`: its arguments, and its two steps ci_measure.py and ci_report.py; tests/perfgate/ci tests what they do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfgate.cli import main, parser

LOADED = """
import contextlib, sys
from perfgate.cli import main
main(["ci", "report", "--results", sys.argv[1]])
print("loaded", *sorted({"perfgate.measure", "perfgate.check"} & set(sys.modules)))
"""


def test_an_input_that_was_left_out_is_an_empty_text() -> None:
    """The action passes every input; an empty one means that nothing was asked for."""
    empty = ["ci", "measure", "--suite=", "--select=", "--environment=", "--time-budget="]
    arguments = parser(["ci"]).parse_args(empty)

    assert ("", "", "", None) == (arguments.suite, arguments.select, arguments.environment, arguments.time_budget)
    assert 600.0 == parser(["ci"]).parse_args(["ci", "measure", "--time-budget=10m"]).time_budget


@pytest.mark.parametrize("step", ["measure", "report"])
def test_outside_of_github_actions_it_is_an_error(
    step: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and the commands to use on a laptop."""
    monkeypatch.delenv("GITHUB_EVENT_NAME", raising=False)

    assert 2 == main(["ci", step])
    assert "use 'perfgate check' and 'perfgate run'" in capsys.readouterr().err


def test_the_reporting_job_loads_nothing_that_measures(tmp_path: Path) -> None:
    """It runs none of the code under test, and does not need what could."""
    event = tmp_path / "event.json"
    event.write_text("{}")
    variables = {"GITHUB_EVENT_NAME": "schedule", "GITHUB_EVENT_PATH": str(event)}
    command = [sys.executable, "-c", LOADED, str(tmp_path)]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=True)

    assert "loaded" == done.stdout.splitlines()[-1]
