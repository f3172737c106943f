"""The canary: a known slowdown planted in a throw-away copy, to prove that the gate can go red.

    with workspaces.workspace() as folder:
        planted = plant(repository, "HEAD", workspace=folder)
        ...  # the ordinary check of planted.base and planted.head in planted.repository

The benchmarks of head run on both sides, so it is the project's own code that is slowed down: a function in which one
benchmark spends its time gets a decorator that waits, busily, for a part of what each call took. The slowdown follows
the machine's speed, and the function does what it did.
"""

from __future__ import annotations

import ast
import glob
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from perfgate import git
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure import workspaces
from perfgate.measure.reach.tracing import CalledFunction, TracedBenchmark, Tracer
from perfgate.measure.sides import checkout
from perfgate.measure.sides.preparation import AUTOMATIC
from perfgate.measure.suites import Suite

SHARE = 0.3
"""How much slower the benchmark becomes, as a fraction."""

_LEAST_PART = 0.25
"""Part of a benchmark's time that a function must take: below it, the wait would be many times its own time."""

_DECORATOR_SECONDS, _TOLERATED = 1e-6, 0.02
"""What the decorator itself costs a call, and which part of the benchmark's time that may be."""

_NAME = "_perfgate_canary"

_SOURCE = '''
def {name}(function):
    """Make *function* slower by a known part: planted by perfgate to see its gate go red."""
    import functools
    import time

    running = False

    @functools.wraps(function)
    def slow(*args, **kwargs):
        nonlocal running
        if running:
            return function(*args, **kwargs)
        running = True
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            ended = time.perf_counter()
            until = ended + (ended - began) * {factor!r}
            while time.perf_counter() < until:
                pass
            running = False

    return slow

'''


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Where the slowdown stands, and what the gate must find."""

    repository: Path
    """The throw-away copy, a repository that holds both commits; it lies in the workspace that was given."""
    base: str
    """The commit without the slowdown."""
    head: str
    """The commit with it."""
    benchmark: str
    """Label of the benchmark that becomes slower; others may become slower too."""
    module: str
    """Path, in the repository, of the changed file."""
    function: str
    """Qualified name of the slowed function."""
    expected: float
    """The effect size that is to be found: 0.3 means 30 % slower."""

    @property
    def select(self) -> str:
        """Return the pattern that means this benchmark and no other."""
        return glob.escape(self.benchmark)


def plant(
    repository: Path,
    revision: str,
    *,
    workspace: Path,
    suite: str | None = None,
    select: str | None = None,
    share: float = SHARE,
    install: str = AUTOMATIC,
    python: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Planted:
    """Make a copy of *revision* with a commit on top that slows one benchmark down.

    The first benchmark is taken, in the tool's order, that spends its time in a function of the project and lasts long
    enough for the decorator itself not to matter. The repository is only read.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: What is copied.
        workspace: An empty folder; whoever gives it removes it (see `perfgate.measure.workspaces.workspace`).
        suite: ``asv``, ``pytest-benchmark`` or a path; needed where *revision* holds more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: any benchmark.
        share: How much slower the benchmark shall become, as a fraction.
        install: How the project comes into its side; see `perfgate.measure.sides.preparation.prepare_all`.
        python: Interpreter whose packages, the tool among them, are seen; None: the running one.
        progress: Is told what begins.

    Raises:
        InvalidInput: There is no such repository or revision, or *share* is no positive fraction.
        MeasurementFailed: There is no suite, it cannot be built or collected, or no benchmark is suitable.
    """
    if not 0 < share <= 10:
        raise InvalidInput(f"a canary's slowdown is a fraction above 0 and up to 10 (0.3 for 30 %), got {share!r}")
    root = git.root(repository)
    sha = git.resolve(root, revision)
    traced = workspace / "traced"
    traced.mkdir()
    tracer = Tracer(
        root,
        sha,
        traced,
        suite=suite,
        select=select,
        python=(python or Path(sys.executable)).absolute(),
        install=install,
        progress=progress or _silent,
    )
    clone = workspace / "canary"
    checkout.check_out(root, sha, clone)
    try:
        for one in tracer.trace(calibrate=True):
            for called in _suitable(one, tracer.suite):
                if _slow_down(clone / called.file, called, share / called.share):
                    return _planted(clone, sha, one.label, called, share)
    finally:
        workspaces.remove(traced)
    least = _DECORATOR_SECONDS / _TOLERATED * 1e6
    raise MeasurementFailed(
        f"no benchmark of {sha[:12]} is suitable for the canary: it needs one that passes, takes {least:g} µs or more"
        f" a call, and spends {_LEAST_PART:.0%} of that in a Python function of the project. Select another, or add one"
    )


def _planted(clone: Path, sha: str, benchmark: str, called: CalledFunction, share: float) -> Planted:
    """Commit the changed file and tell about it."""
    settings = (
        "user.name=perfgate",
        "user.email=perfgate@localhost",
        "commit.gpgsign=false",
        "core.hooksPath=/dev/null",
    )
    message = f"Make {called.name} slower, to see the gate go red"
    git.run(
        clone,
        *(word for setting in settings for word in ("-c", setting)),
        "commit",
        "--quiet",
        "--no-verify",
        "--message",
        message,
        "--only",
        "--",
        called.file,
    )
    return Planted(
        repository=clone,
        base=sha,
        head=git.resolve(clone, "HEAD"),
        benchmark=benchmark,
        module=called.file,
        function=called.name,
        expected=share,
    )


def _suitable(traced: TracedBenchmark, suite: Suite) -> Iterator[CalledFunction]:
    """Yield the functions by which a benchmark can be slowed down exactly, the best first."""
    if traced.reason:
        return
    for called in sorted(traced.functions, key=lambda one: (-one.share, one.calls)):
        is_shared = any(Path(called.file).is_relative_to(path) for path in suite.shared)
        is_cheap = called.calls * _DECORATOR_SECONDS <= _TOLERATED * traced.seconds
        is_nested = "<locals>" in called.name  # defined anew at every call of another function, or used by many
        if called.share >= _LEAST_PART and is_cheap and not is_shared and not is_nested:
            yield called


def _slow_down(file: Path, called: CalledFunction, factor: float) -> bool:
    """Plant the decorator in *file* and tell whether that was possible."""
    try:
        text = file.read_bytes().decode("utf-8")
        with warnings.catch_warnings(action="ignore"):  # what the project's own code does is not our business
            tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return False
    lines = io.StringIO(text, newline="").readlines()  # unlike str.splitlines, as Python itself counts lines
    place = next((node.lineno for node in ast.walk(tree) if _begins_at(node, called.line)), 0)
    indentation, found, _ = lines[place - 1].partition("def ")
    if not place or not found or indentation.strip():
        return False
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    lines.insert(place - 1, f"{indentation}@{_NAME}{newline}")
    source = _SOURCE.format(name=_NAME, factor=factor).replace("\n", newline)
    lines.insert(_first_line_of_code(tree), newline + source)
    file.write_bytes("".join(lines).encode("utf-8"))
    return True


def _begins_at(node: ast.AST, line: int) -> TypeGuard[ast.FunctionDef]:
    """Tell whether *node* is the definition of a function, decorators included, that begins in *line*."""
    return isinstance(node, ast.FunctionDef) and line == min(
        [node.lineno, *(one.lineno for one in node.decorator_list)]
    )


def _first_line_of_code(tree: ast.Module) -> int:
    """Return how many lines come before the place where code may be inserted: the docstring and future imports."""
    last = 0
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_text or is_future):
            break
        last = node.end_lineno or last
    return last


def _silent(_: str) -> None:
    """Tell nobody."""
