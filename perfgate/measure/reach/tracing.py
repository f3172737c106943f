"""Trace the benchmarks of one revision: the files that each reaches, and the functions in which it spends its time.

Each benchmark is called once under a recorder. The revision is checked out and prepared like the base side of a
comparison, and run by the same tool. asv benchmarks get a process each, as when they are measured. pytest files get a
session each, so that the imports of one file do not count for the benchmarks of another.
"""

from __future__ import annotations

import json
import math
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.agent.recorder import NATIVE, VARIABLE
from perfgate.measure.deadline import OutOfTime
from perfgate.measure.discover import discover
from perfgate.measure.live.items import Item
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.reach.source_files import SourceFiles
from perfgate.measure.selection import NothingSelected
from perfgate.measure.sides.checkout import check_out
from perfgate.measure.sides.side import BASE, Side
from perfgate.measure.suite_sides import prepare_sides
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of

START_SECONDS, BENCHMARK_SECONDS = 300.0, 30.0
"""How long a traced process may take: to start, and for each of its benchmarks on average. Benchmarks that it does not
reach in this time count as not traced."""

_ANY_STATUS = range(-signal.NSIG, 256)


@dataclass(frozen=True, kw_only=True)
class CalledFunction:
    """A function of the project that one call of a benchmark calls."""

    file: str
    """Path in the repository."""
    line: int
    """First line of the definition, decorators included; 1-based."""
    name: str
    """Qualified name."""
    calls: int
    """Number of calls, without recursive ones."""
    share: float
    """Part of the benchmark's CPU time that is spent in the function and its callees; 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class TracedBenchmark:
    """What one benchmark does when it is called."""

    label: str
    reason: str
    """Why the benchmark was not traced to the end; empty if it was."""
    files: frozenset[str] = frozenset()
    """Paths, in the repository, of the files that it executes and reads."""
    untraceable: str = ""
    """Why the files do not show everything that the benchmark depends on; empty if they do."""
    is_native: bool = False
    """Whether it loads native code that is built from the repository."""
    seconds: float = 0.0
    """CPU time of one call; 0 unless it was requested."""
    waits: bool = False
    """Whether a call waits for something other than the CPU; False unless it was requested."""
    functions: tuple[CalledFunction, ...] = ()
    """The functions it calls; empty unless they were requested."""


class Tracer:
    """The suite of one revision, ready to be traced.

    Args:
        repository: Top folder of the developer's work tree.
        sha: The commit.
        folder: An empty folder to work in; the caller removes it.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed if the revision has more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        python: Interpreter that perfgate runs in.
        install: How the project is installed; see `perfgate.measure.sides.preparation.prepare_all`.
        progress: Called with a description of each step.

    Raises:
        MeasurementFailed: There is no such suite, or it cannot be built or collected.
        NothingSelected: No benchmark matches *select*.
    """

    def __init__(
        self,
        repository: Path,
        sha: str,
        folder: Path,
        *,
        suite: str | None,
        select: str | None,
        python: Path,
        install: str,
        progress: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._progress = progress
        progress(f"checking out {sha[:12]} to trace it")
        check_out(repository, sha, folder / BASE)
        self.suite: Suite = discover(folder / BASE, suite)
        self._tool = tool_of(self.suite)
        shas = {BASE: sha}
        self._side = prepare_sides(
            shas, folder, self.suite, repository=repository, python=python, install=install, progress=progress
        )[BASE]
        self._source_files = SourceFiles(self._side)
        progress(f"collecting the {self.suite.tool} suite")
        found = self._collect()
        self._items = [item for item in found if item.matches(select)]
        if not self._items:
            raise NothingSelected(select or "", [item.label for item in found], self.suite.shared)

    @property
    def size(self) -> int:
        """Return the number of benchmarks to trace."""
        return len(self._items)

    def trace_by_lot(self, lot: random.Random) -> Iterator[TracedBenchmark]:
        """Yield what each benchmark does and costs, in an order drawn by *lot*, each traced in a process of its own."""
        for item in lot.sample(self._items, len(self._items)):
            yield from self._trace_session(self._tool.session_of(item), [item], calibrate=True, max_seconds=math.inf)

    def trace(self, *, max_seconds: float = math.inf) -> Iterator[TracedBenchmark]:
        """Yield what each benchmark does, in the tool's order, as soon as its process ended.

        Args:
            max_seconds: When to stop; benchmarks that are not reached by then have that reason.
        """
        deadline = time.monotonic() + max_seconds
        sessions: dict[str, list[Item]] = defaultdict(list)
        for item in self._items:
            sessions[self._tool.session_of(item)].append(item)
        for session, items in sessions.items():
            left = deadline - time.monotonic()
            for traced in self._trace_session(session, items, calibrate=False, max_seconds=left):
                is_late = left <= 0
                yield (
                    replace(traced, reason=f"tracing was stopped after {max_seconds:g} s, before")
                    if is_late
                    else traced
                )

    def _trace_session(
        self, session: str, items: Sequence[Item], *, calibrate: bool, max_seconds: float
    ) -> Iterator[TracedBenchmark]:
        """Yield what each of the *items* does; those that are not reached in *max_seconds* have that reason."""
        lines: list[dict[str, Any]] = []
        reason = ""
        if max_seconds > 0:
            self._progress(f"tracing {session}")
            addresses = [item.address for item in items]
            lines, reason = self._run([session], addresses, calibrate=calibrate, max_seconds=max_seconds)
        found = self._read(lines)
        for item in items:
            yield replace(found.get(item.address, TracedBenchmark(label="", reason=reason)), label=item.label)

    def _collect(self) -> list[Item]:
        lines, _ = self._run([str(file) for file in self.suite.files_in_project], None, calibrate=False)
        if not lines:
            raise MeasurementFailed(f"the suite cannot be collected:\n{tail(self._folder / 'trace_log')}")
        return self._tool.items(lines)

    def _run(
        self, files: Sequence[str], addresses: Sequence[str] | None, *, calibrate: bool, max_seconds: float = math.inf
    ) -> tuple[list[dict[str, Any]], str]:
        """Run one process; return the lines that it wrote, and why it may not have written more.

        Args:
            files: Test files; asv ignores them.
            addresses: The benchmarks to trace; None: list all.
            calibrate: Also measure what a call costs and in which functions.
            max_seconds: How long the process may take.
        """
        output, log = self._folder / "traced", self._folder / "trace_log"
        output.unlink(missing_ok=True)
        variables = {
            **self._side.variables,
            VARIABLE: json.dumps(self._request(output, addresses, calibrate=calibrate)),
            ORIGINS: json.dumps(self._side.origins(self.suite.shared)),
        }
        command = [str(self._side.python), *self._tool.trace_command(self._side, files)]
        seconds = min(max_seconds, START_SECONDS + BENCHMARK_SECONDS * len(addresses or ()))
        try:
            status = run_tool(
                command,
                cwd=self._cwd(),
                environment=variables,
                output=log,
                allowed=_ANY_STATUS,
                timeout_seconds=seconds,
            )
            reason = f"its process ended with status {status} before"
        except OutOfTime:
            raise  # what was traced until now must not be taken for all
        except MeasurementFailed:
            reason = f"its process was ended after {seconds:.3g} s, before"
        lines = output.read_bytes().splitlines(keepends=True) if output.exists() else []
        # A process that was ended may have been writing its last line.
        return [json.loads(line) for line in lines if line.endswith(b"\n")], reason

    def _request(self, output: Path, addresses: Sequence[str] | None, *, calibrate: bool) -> dict[str, Any]:
        side = self._side
        return {
            "output": str(output),
            "own": [str(side.checkout), *map(str, _installed(side))],
            "known": [str(side.environment)],
            "items": addresses,
            "calibrate": calibrate,
            "folder": str(side.checkout / (self.suite.folder or "")),
        }

    def _cwd(self) -> Path:
        if self._tool.runs_in_checkout:
            return self._side.project_folder
        cwd = self._folder / "trace_cwd"
        cwd.mkdir(exist_ok=True)
        return cwd

    def _read(self, lines: Sequence[Mapping[str, Any]]) -> dict[str, TracedBenchmark]:
        """Return what each address reached; it includes everything that the process did before."""
        files: set[str] = set()
        untraceable: list[str] = []
        is_native = False
        found = {}
        for line in lines:
            untraceable += line["untraceable"]
            for kind, path in line["files"]:
                sources = self._source_files.tracked(Path(path))
                files |= sources
                is_native = is_native or kind == NATIVE
                untraceable += self._source_files.doubts(kind, Path(path), sources)
            found[line["id"]] = TracedBenchmark(
                label=line["id"],
                reason=line["reason"],
                files=frozenset(files),
                untraceable=untraceable[0] if untraceable else "",
                is_native=is_native,
                seconds=line.get("seconds", 0.0),
                waits=line.get("waits", False),
                functions=tuple(self._functions(line)),
            )
        return found

    def _functions(self, line: Mapping[str, Any]) -> Iterator[CalledFunction]:
        for called in line.get("functions", ()):
            for file in self._source_files.tracked(Path(called["file"])):
                yield CalledFunction(
                    file=file,
                    line=called["line"],
                    name=called["name"],
                    calls=called["calls"],
                    share=called["share"],
                )


def _installed(side: Side) -> Iterator[Path]:
    """Yield the files and folders of the project's modules in the environment."""
    for name in side.names:
        for pattern in (name, f"{name}.*"):
            yield from side.site_packages.glob(pattern)
