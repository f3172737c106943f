"""A recorder writes which files a process executes and reads.

What a trace of a whole suite shows is tested in tests/perfgate/measure/reach/test_closure.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import os, sys
sys.path[:0] = [{package!r}, {own!r}]
from agent.recorder import Recorder
recorder = Recorder({request!r})
{body}
recorder.write(id="all")
"""


def recorded(tmp_path: Path, body: str) -> dict[str, Any]:
    """Return the line about a process that executed *body*, with its project in the folder ``own``."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "shop.py").write_text(
        "import subprocess, sys\n\ndef start():\n    subprocess.run([sys.executable, '-c', ''])\n"
    )
    (own / "prices.csv").write_text("1\n")
    output = tmp_path / "output"
    request = {"own": [str(own)], "known": [], "output": str(output), "calibrate": False}
    package = str(Path(__file__).parents[4] / "perfgate/measure")
    script = SCRIPT.format(package=package, own=str(own), request=request, body=body)
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
    line: dict[str, Any] = json.loads(output.read_text())
    return line


def test_executed_and_read_files_are_recorded(tmp_path: Path) -> None:
    """Only those of the project; those of the standard library are the same on both sides."""
    line = recorded(tmp_path, "import shop, statistics\nopen('own/prices.csv').close()")

    kinds = {(kind, Path(path).name) for kind, path in line["files"]}
    assert {("code", "shop.py"), ("data", "prices.csv")} <= kinds
    assert {"shop.py", "prices.csv"} == {name for _, name in kinds if name.endswith((".py", ".csv"))}
    assert [] == line["untraceable"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import subprocess; subprocess.run([sys.executable, '-c', ''])", "it starts processes (subprocess.Popen)"),
        ("recorder.pause(); import shop; shop.start()", "it starts processes (subprocess.Popen)"),
        ("os.system('true')", "it starts processes (os.system)"),
        (
            "open('foreign.py', 'w').close(); import runpy; runpy.run_path('foreign.py')",
            "foreign.py, outside its checkout",
        ),
    ],
)
def test_what_a_trace_cannot_follow_is_named(tmp_path: Path, body: str, reason: str) -> None:
    """Another process, or code from elsewhere, may depend on files that are not recorded."""
    assert reason in " ".join(recorded(tmp_path, body)["untraceable"])


def test_processes_of_the_tool_are_ignored_while_paused(tmp_path: Path) -> None:
    """pytest-benchmark itself starts one; after `resume`, every start counts."""
    start = "import subprocess; subprocess.run([sys.executable, '-c', ''])"

    assert [] == recorded(tmp_path, f"recorder.pause(); {start}; recorder.resume()")["untraceable"]
