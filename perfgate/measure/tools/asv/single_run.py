"""One run of an asv suite, as asv itself makes it."""

from __future__ import annotations

from fnmatch import translate
from pathlib import Path

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides.asv_configuration import read_configuration
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.results.formats import read_results
from perfgate.results.records import Run

_MACHINE = "perfgate"
_BENCHMARK_FAILED = 2
"""asv's exit status if a benchmark failed; the others are measured."""


def run_asv(suite: Suite, side: Side, select: str | None) -> Run:
    """Return what ``asv run`` measures in the side's environment.

    Args:
        suite: The suite.
        side: A prepared side; files are written beside its checkout.
        select: Shell-style pattern over asv's names of benchmarks; None: all.

    Raises:
        MeasurementFailed: asv fails or measures nothing; the message has its last lines.
    """
    folder = side.checkout.parent
    results, home, output = folder / "results", folder / "home", folder / "output"
    home.mkdir()
    (home / ".asv-machine.json").write_bytes(msgspec.json.encode({_MACHINE: {"machine": _MACHINE}, "version": 1}))
    (folder / "asv.conf.json").write_bytes(msgspec.json.encode(_configuration(suite, side, folder, results)))
    command: list[str | Path] = [side.tool_python, "-m", "asv", "--config", folder / "asv.conf.json", "run"]
    command += ["--environment", f"existing:{side.python}", "--set-commit-hash", side.sha, "--machine", _MACHINE]
    command += ["--record-samples", "--show-stderr", *(["--bench", _regex(select)] if select else [])]
    # asv looks for its description of the machine in the home folder, and asks for it interactively if there is none.
    variables = {**side.variables, "HOME": str(home)}
    run_tool(command, cwd=folder, environment=variables, output=output, allowed=(0, _BENCHMARK_FAILED))
    written = [path for path in results.glob(f"{_MACHINE}/*.json") if path.name != "machine.json"]
    if len(written) != 1:
        selected = f" that {select!r} selects" if select else ""
        raise MeasurementFailed(f"asv measured nothing{selected}:\n{tail(output)}")
    return read_results(written[0])


def _configuration(suite: Suite, side: Side, folder: Path, results: Path) -> dict[str, object]:
    """Return a configuration that lets asv measure in our environment and write into our folder."""
    assert suite.folder is not None
    assert suite.configuration is not None
    return {
        "version": 1,
        "project": read_configuration(side.checkout / suite.configuration).get("project", "project"),
        "repo": str(side.checkout),
        "branches": ["HEAD"],
        "environment_type": "existing",
        "pythons": [str(side.python)],
        "benchmark_dir": str(side.checkout / suite.folder),
        "results_dir": str(results),
        "env_dir": str(folder / "asv_env"),
        "html_dir": str(folder / "asv_html"),
    }


def _regex(pattern: str) -> str:
    """Return a shell-style pattern as the regular expression that asv's ``--bench`` searches for."""
    return "^" + translate(pattern)
