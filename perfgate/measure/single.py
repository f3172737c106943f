"""One revision measured by its tool, as the tool itself would do it, read from the tool's own file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fnmatch import translate
from pathlib import Path

import msgspec

from perfgate import git
from perfgate.errors import MeasurementFailed
from perfgate.measure import machine, workspaces
from perfgate.measure.discover import Kind, Suite, discover, read_configuration
from perfgate.measure.live.pytest_pairs import pytest_command
from perfgate.measure.live.source import HEAD
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides import checkout
from perfgate.measure.sides.preparation import AUTOMATIC, prepare_all
from perfgate.measure.sides.side import Side
from perfgate.results.formats import read_results
from perfgate.results.records import Run

_MACHINE = "perfgate"
_TESTS_FAILED, _NOTHING_COLLECTED = 1, 5
_BENCHMARK_FAILED = 2


def measure(
    repository: Path,
    revision: str,
    *,
    suite: str | None = None,
    select: str | None = None,
    environment_name: str | None = None,
    python: Path | None = None,
    install: str = AUTOMATIC,
    progress: Callable[[str], None] | None = None,
) -> Run:
    """Return one run of the suite at *revision*, as pytest-benchmark or asv measured it.

    The revision is checked out elsewhere; the work tree is not touched. Commit and environment are read from git and
    from this machine, not from the tool's file.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: Anything that git resolves to a commit.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed where the revision holds more than one suite.
        select: Shell-style pattern over the tool's names of benchmarks; None: all.
        environment_name: Name of the environment in the run; None: made from the system and the interpreter.
        python: Interpreter whose packages, the tool among them, are seen; None: the running one.
        install: How the project comes into its environment; see `perfgate.measure.sides.preparation.prepare_all`.
        progress: Is told what begins.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: There is no suite, it cannot be built or run, or it yields nothing; carries the last lines.
    """
    tell = progress or (lambda _: None)
    python = (python or Path(sys.executable)).absolute()
    root = git.root(repository)
    commit = git.commit(root, revision)
    with workspaces.workspace() as folder:
        tell(f"checking out {commit.sha[:12]}")
        checkout.check_out(root, commit.sha, folder / HEAD)
        found = discover(folder / HEAD, suite)
        side = prepare_all(
            {HEAD: commit.sha}, folder, found, repository=root, python=python, install=install, progress=tell
        )[HEAD]
        tell(f"running the {found.kind} suite")
        run = (_run_asv if found.kind is Kind.ASV else _run_pytest)(found, side, select)
        measured_in = machine.describe(environment_name, side.python, leaving_out=side.project)
    return msgspec.structs.replace(run, commit=commit, environment=measured_in, notes=(*run.notes, *side.notes))


def _run_pytest(suite: Suite, side: Side, select: str | None) -> Run:
    results, output = side.checkout.with_name("results.json"), side.checkout.with_name("output")
    command: list[str | Path] = [side.python, *pytest_command(side), f"--benchmark-json={results}", *suite.files]
    variables = {**side.variables, "PERFGATE_SELECT": select or "*"}
    # A failed test is no failed suite: pytest-benchmark writes what the others measured.
    run_tool(
        command, cwd=side.checkout, environment=variables, output=output, allowed=(0, _TESTS_FAILED, _NOTHING_COLLECTED)
    )
    if not results.exists() or not results.stat().st_size:
        raise MeasurementFailed(f"pytest-benchmark measured nothing{_selected(select)}:\n{tail(output)}")
    return read_results(results)


def _run_asv(suite: Suite, side: Side, select: str | None) -> Run:
    assert suite.folder is not None
    assert suite.configuration is not None
    folder = side.checkout.parent
    results, home, output = folder / "results", folder / "home", folder / "output"
    home.mkdir()
    (home / ".asv-machine.json").write_bytes(msgspec.json.encode({_MACHINE: {"machine": _MACHINE}, "version": 1}))
    own = read_configuration(side.checkout / suite.configuration)
    configuration = {
        "version": 1,
        "project": own.get("project", "project"),
        "repo": str(side.checkout),
        "branches": ["HEAD"],
        "environment_type": "existing",
        "pythons": [str(side.python)],
        "benchmark_dir": str(side.checkout / suite.folder),
        "results_dir": str(results),
        "env_dir": str(folder / "asv_env"),
        "html_dir": str(folder / "asv_html"),
    }
    (folder / "asv.conf.json").write_bytes(msgspec.json.encode(configuration))
    command: list[str | Path] = [side.tool_python, "-m", "asv", "--config", folder / "asv.conf.json", "run"]
    command += ["--environment", f"existing:{side.python}", "--set-commit-hash", side.sha, "--machine", _MACHINE]
    command += ["--record-samples", "--show-stderr", *(["--bench", _as_regex(select)] if select else [])]
    # asv keeps its description of the machine in the home folder and asks for it where there is none.
    variables = {**side.variables, "HOME": str(home)}
    run_tool(command, cwd=folder, environment=variables, output=output, allowed=(0, _BENCHMARK_FAILED))
    written = [path for path in results.glob(f"{_MACHINE}/*.json") if path.name != "machine.json"]
    if len(written) != 1:
        raise MeasurementFailed(f"asv measured nothing{_selected(select)}:\n{tail(output)}")
    return read_results(written[0])


def _as_regex(pattern: str) -> str:
    """Return the regular expression that asv's ``--bench`` searches for, for a shell-style pattern."""
    return "^" + translate(pattern)


def _selected(select: str | None) -> str:
    return f" that {select!r} selects" if select else ""
