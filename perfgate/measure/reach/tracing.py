"""One revision's benchmarks, each called once under a recorder: what they reach, and where they spend their time.

The revision is checked out and prepared as the base side of a comparison is, and run by the same tool. asv benchmarks
get a process each, as when they are measured; pytest files get a session each, so that what one file imports is not
held against another.
"""

from __future__ import annotations

import json
import math
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from perfgate import git
from perfgate.errors import MeasurementFailed
from perfgate.measure.agent.recorder import CODE, NATIVE, VARIABLE
from perfgate.measure.discover import Kind, Suite, discover
from perfgate.measure.live.pytest_pairs import pytest_command
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides import checkout
from perfgate.measure.sides.preparation import prepare_all
from perfgate.measure.sides.side import AGENT_PACKAGE, Side
from perfgate.results.formats.asv import reader as asv
from perfgate.results.formats.pytest_benchmark import reader as pytest_benchmark
from perfgate.results.formats.untrusted_text import NO_COMMIT

START_SECONDS, BENCHMARK_SECONDS = 300.0, 30.0
"""How long a traced process may take: to start, and for each of its benchmarks on average. Those that it does not reach
in time count as not traced."""

_ANY_STATUS = range(-signal.NSIG, 256)

VERSION_FILES = frozenset({"__version__.py", "_version.py", "version.py"})
"""Names of the files that building writes a version number into."""


@dataclass(frozen=True, kw_only=True)
class Called:
    """A function of the project that one call of a benchmark calls."""

    file: str
    """Path in the repository."""
    line: int
    """Where its definition begins, decorators included; 1-based."""
    name: str
    """Its qualified name."""
    calls: int
    """How often, recursion not counted."""
    share: float
    """Part of the benchmark's time that is spent in it and in what it calls; 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Traced:
    """What one benchmark was seen to do."""

    label: str
    reason: str
    """Why it was not seen to the end; empty if it was."""
    files: frozenset[str] = frozenset()
    """Paths, in the repository, of everything it ran and read so far."""
    never: str = ""
    """Why the files do not tell all that it depends on; empty if they do."""
    is_native: bool = False
    """Whether it loads native code that is built from the repository."""
    seconds: float = 0.0
    """What one call takes; 0 where that was not asked for."""
    functions: tuple[Called, ...] = ()
    """Functions it calls; empty where that was not asked for."""


@dataclass(frozen=True)
class _Target:
    label: str
    names: tuple[str, ...]
    """What a pattern may mean beside the label."""
    address: str
    session: str
    """What shares a process."""


class Tracer:
    """The suite of one revision, ready to be traced.

    Args:
        repository: Top folder of the developer's work tree.
        sha: The commit.
        folder: An empty folder to work in; whoever gives it removes it.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed where the revision holds more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        python: Interpreter whose packages the side sees.
        install: How the project comes into its side; see `perfgate.measure.sides.preparation.prepare_all`.
        progress: Is told what begins.

    Raises:
        MeasurementFailed: There is no such suite, or it cannot be built or collected.
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
        self._tell = progress
        progress(f"checking out {sha[:12]} to trace it")
        checkout.check_out(repository, sha, folder / "base")
        self.suite: Suite = discover(folder / "base", suite)
        self._side = prepare_all(
            {"base": sha}, folder, self.suite, repository=repository, python=python, install=install, progress=progress
        )["base"]
        self._sources = _Sources(self._side)
        progress(f"collecting the {self.suite.kind} suite")
        targets = self._asv_targets() if self.suite.kind is Kind.ASV else self._pytest_targets()
        self._targets = [one for one in targets if _is_meant(one, select)]
        if not self._targets:
            raise MeasurementFailed(f"no benchmark of {sha[:12]} can be traced: the pattern {select!r} means none")

    @property
    def size(self) -> int:
        """Return how many benchmarks are to be traced."""
        return len(self._targets)

    def trace(self, *, calibrate: bool, max_seconds: float = math.inf) -> Iterator[Traced]:
        """Yield what each benchmark does, in the tool's order, as soon as its process ended.

        Args:
            calibrate: Also find out how long a call takes and which functions it spends it in.
            max_seconds: When to stop; what was not reached by then is yielded with that reason.
        """
        until = time.monotonic() + max_seconds
        sessions = defaultdict(list)
        for target in self._targets:
            sessions[target.session].append(target)
        for session, targets in sessions.items():
            self._tell(f"tracing {session}")
            lines: list[dict[str, Any]] = []
            why = f"tracing was stopped after {max_seconds:g} s, before"
            if (left := until - time.monotonic()) > 0:
                addresses = [target.address for target in targets]
                lines, why = self._run(session, addresses, calibrate=calibrate, within=left)
            found = self._read(lines)
            for target in targets:
                yield replace(found.get(target.address, Traced(label="", reason=why)), label=target.label)

    def _read(self, lines: Sequence[dict[str, Any]]) -> dict[str, Traced]:
        """Return what each address reached, all that its process did before included."""
        files: set[str] = set()
        never: list[str] = []
        is_native = False
        found = {}
        for line in lines:
            never += line["never"]
            for kind, path in line["files"]:
                sources = self._sources.of(Path(path))
                files |= sources
                is_native = is_native or kind == NATIVE
                never += self._sources.doubts(kind, Path(path), sources)
            found[line["id"]] = Traced(
                label=line["id"],
                reason=line["reason"],
                files=frozenset(files),
                never=never[0] if never else "",
                is_native=is_native,
                seconds=line.get("seconds", 0.0),
                functions=tuple(self._functions(line)),
            )
        return found

    def _functions(self, line: dict[str, Any]) -> Iterator[Called]:
        for one in line.get("functions", ()):
            for file in self._sources.of(Path(one["file"])):
                share = min(1.0, one["seconds"] / line["profiled"])
                yield Called(file=file, line=one["line"], name=one["name"], calls=one["calls"], share=share)

    def _run(
        self, session: str, wanted: list[str] | None, *, calibrate: bool, within: float = math.inf
    ) -> tuple[list[dict[str, Any]], str]:
        """Run one process and return the lines it wrote, and why it may have written no more."""
        output, log = self._folder / "traced", self._folder / "trace_log"
        output.unlink(missing_ok=True)
        side = self._side
        request = {
            "output": str(output),
            "own": [str(side.checkout), str(side.site_packages)],
            "known": [*map(str, side.shared), str(side.environment)],
            "wanted": wanted,
            "calibrate": calibrate,
        }
        command, cwd = self._command(session)
        if self.suite.folder is not None:
            request["folder"] = str(side.checkout / self.suite.folder)
        variables = {**side.variables, VARIABLE: json.dumps(request)}
        seconds = min(within, START_SECONDS + BENCHMARK_SECONDS * len(wanted or ()))
        try:
            status = run_tool(
                command, cwd=cwd, environment=variables, output=log, allowed=_ANY_STATUS, timeout_seconds=seconds
            )
            why = f"its process ended with status {status} before"
        except MeasurementFailed:
            why = f"its process was ended after {seconds:.3g} s, before"
        lines = output.read_bytes().splitlines(keepends=True) if output.exists() else []
        # A process that was ended may have been writing its last line.
        return [json.loads(line) for line in lines if line.endswith(b"\n")], why

    def _command(self, session: str) -> tuple[list[str], Path]:
        side = self._side
        if self.suite.kind is Kind.ASV:
            room = self._folder / "traced_room"
            room.mkdir(exist_ok=True)
            return [str(side.python), "-m", f"{AGENT_PACKAGE}.asv_trace"], room
        files = [session] if session else [str(file) for file in self.suite.files]
        return [str(side.python), *pytest_command(side), "-p", f"{AGENT_PACKAGE}.pytest_trace", *files], side.checkout

    def _collect(self) -> list[dict[str, Any]]:
        lines, _ = self._run("", None, calibrate=False)
        if not lines:
            raise MeasurementFailed(f"the suite cannot be collected:\n{tail(self._folder / 'trace_log')}")
        return lines

    def _pytest_targets(self) -> Iterator[_Target]:
        """Yield the tests, named as pytest-benchmark's own file would name them."""
        found = self._collect()
        document = {
            "machine_info": {},
            "benchmarks": [
                {"fullname": one["id"], "param": one["parameter_id"], "params": one["parameters"]} for one in found
            ],
        }
        run = pytest_benchmark.read(msgspec.json.encode(document), name="collected")
        for one, sample in zip(found, run.samples, strict=True):
            benchmark = sample.benchmark
            yield _Target(benchmark.label, (benchmark.name, one["id"]), one["id"], one["id"].partition("::")[0])

    def _asv_targets(self) -> Iterator[_Target]:
        """Yield all combinations, named as asv's own result file would name them."""
        for one in self._collect():
            indices = range(len(list(product(*one["parameters"]))))
            result = [[None] * len(indices), one["parameters"], one["version"]]
            document = {
                "commit_hash": NO_COMMIT,
                "result_columns": ["result", "params", "version"],
                "results": {one["name"]: result},
            }
            names = {"type": one["type"], "unit": one["unit"], "param_names": one["parameter_names"]}
            context = msgspec.json.encode({one["name"]: names})
            run = asv.read(msgspec.json.encode(document), name="collected", context=context)
            for index, sample in zip(indices, run.samples, strict=True):
                address = f"{one['name']}-{index}" if one["parameters"] else one["name"]
                yield _Target(sample.benchmark.label, (sample.benchmark.name, address), address, one["name"])


class _Sources:
    """Tells which files of the repository a file that a process touched comes from."""

    def __init__(self, side: Side) -> None:
        self._side = side
        listed = git.run(side.checkout, "ls-tree", "-r", "-z", "--name-only", side.sha)
        self._tracked = frozenset(filter(None, listed.split("\0")))
        self._by_name = defaultdict(list)
        for path in self._tracked:
            self._by_name[path.rpartition("/")[2]].append(path)

    def of(self, path: Path) -> frozenset[str]:
        """Return the tracked files that *path* is, or is an installed copy of; empty where there is none."""
        if path.suffix == ".pyc" and path.parent.name == "__pycache__":
            path = path.parents[1] / (path.name.partition(".")[0] + ".py")
        named = self._named(path)
        if path.name in VERSION_FILES or not path.is_relative_to(self._side.site_packages):
            return named
        return frozenset(one for one in named if self._is_copy(path, one))

    def _named(self, path: Path) -> frozenset[str]:
        """Return the tracked files at *path*, or at a place that an installed file of this path may come from."""
        if path.is_relative_to(self._side.site_packages):
            inside = path.relative_to(self._side.site_packages).as_posix()
            return frozenset(one for one in self._by_name[path.name] if f"/{one}".endswith(f"/{inside}"))
        if path.is_relative_to(self._side.checkout):
            return self._tracked & {path.relative_to(self._side.checkout).as_posix()}
        return frozenset()

    def doubts(self, kind: str, path: Path, sources: frozenset[str]) -> Iterator[str]:
        """Yield why *path*, from which code was run, cannot be traced back to the repository."""
        if kind == CODE and not sources and path.name not in VERSION_FILES and not self._is_of_another_project(path):
            yield f"it runs {path.name}, which is generated when the project is built or run"
        if kind == NATIVE:
            plain = path.with_name(path.name.partition(".")[0] + ".py")
            if compiled := self._named(plain):
                yield f"it runs {min(compiled)} as native code, compiled together with files that cannot be told"

    def _is_copy(self, path: Path, source: str) -> bool:
        try:
            return path.read_bytes() == (self._side.checkout / source).read_bytes()
        except OSError:
            return False

    def _is_of_another_project(self, path: Path) -> bool:
        inside = path.is_relative_to(self._side.site_packages)
        return inside and path.relative_to(self._side.site_packages).as_posix() in self._others

    @cached_property
    def _others(self) -> frozenset[str]:
        """Return the installed files of packages that do not come from the checkout."""
        found: set[str] = set()
        for record in self._side.site_packages.glob("*.dist-info/RECORD"):
            if record.with_name("direct_url.json").is_file():
                continue  # installed from a folder: the project, or a part of it
            lines = record.read_text(encoding="utf-8").splitlines()
            found.update(str(PurePosixPath(line.partition(",")[0].strip('"'))) for line in lines)
        return frozenset(found)


def _is_meant(target: _Target, select: str | None) -> bool:
    return select is None or any(fnmatchcase(text, select) for text in (target.label, *target.names))
