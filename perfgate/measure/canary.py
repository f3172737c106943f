"""The canary: a known slowdown, planted into a temporary copy, which the gate must find.

    with workspaces.workspace() as folder:
        place = find_place(repository, "HEAD", workspace=folder, seed=1)
        planted = plant(place, 0.3)
        ...  # check planted.base and planted.head in planted.repository

The head's benchmarks run on both sides, so the project's own code is slowed down: a function in which one benchmark
spends its time gets a decorator that waits for a part of the CPU time that each call took. The slowdown is proportional
to the machine's speed, and the function does what it did.
"""

from __future__ import annotations

import glob
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfgate import git
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure import workspaces
from perfgate.measure.options import MeasureOptions
from perfgate.measure.pairs import StageCallback
from perfgate.measure.reach.tracing import CalledFunction, TracedBenchmark, Tracer
from perfgate.measure.sides import checkout
from perfgate.measure.slowdown import add_slowdown, can_be_slowed
from perfgate.measure.suites import Suite

INACCURACY = 0.1
"""Largest part by which the slowdown may differ from what was asked for: the share of the time that the function takes is
measured, and the decorator's own cost is estimated."""

_LEAST_SHARE = 0.25
"""Share of a benchmark's time that a function must take: below it, the wait would be many times the function's own time."""

_DECORATOR_SECONDS, _TOLERATED_SHARE = 2e-6, 0.02
"""What the decorator itself costs per call, and the share of the benchmark's time that this may be."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a slowdown can be planted."""

    repository: Path
    """The temporary copy, in the workspace that was given."""
    base: str
    """The commit without the slowdown."""
    benchmark: str
    """Label of the benchmark that can be made slower."""
    function: CalledFunction
    """The function of the project to slow down."""
    waits: bool
    """Whether the benchmark waits for something other than the CPU, so that it is judged by wall time."""

    @property
    def select(self) -> str:
        """Return the pattern that selects this benchmark only."""
        return glob.escape(self.benchmark)


@dataclass(frozen=True, kw_only=True)
class Planted:
    """The planted slowdown, and what the gate must find."""

    place: Place
    """Other benchmarks that call the function become slower, too."""
    head: str
    """The commit with the slowdown."""
    expected: float
    """The effect size that must be found: 0.3 means 30 % slower."""

    def agrees_with(self, low: float, high: float) -> bool:
        """Return whether an interval of effect sizes holds what was planted, as exactly as planting is."""
        return low <= self.expected * (1 + INACCURACY) and high >= self.expected * (1 - INACCURACY)


def find_place(
    repository: Path,
    revision: str,
    *,
    workspace: Path,
    seed: int,
    options: MeasureOptions | None = None,
    progress: StageCallback | None = None,
) -> Place:
    """Make a copy of *revision*, and draw a benchmark of it that can be slowed down exactly.

    That is one that spends its time in a function of the project and takes long enough for the cost of the decorator
    itself not to matter. The repository is only read.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: What is copied.
        workspace: An empty folder; the caller removes it (see `perfgate.measure.workspaces.workspace`).
        seed: Decides the draw.
        options: Which benchmarks are considered, and how the project is installed; None: the defaults.
        progress: Is told what begins.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: There is no suite, it cannot be built or collected, or no benchmark is suitable.
    """
    root = git.root(repository)
    sha = git.resolve(root, revision)
    clone, traced = workspace / "canary", workspace / "traced"
    checkout.check_out(root, sha, clone)
    traced.mkdir()
    try:
        tracer = _tracer(root, sha, traced, options or MeasureOptions(), progress)
        for benchmark in tracer.trace_by_lot(random.Random(seed)):
            for function in _suitable(benchmark, tracer.suite):
                if can_be_slowed(clone / function.file, function.line):
                    return Place(
                        repository=clone,
                        base=sha,
                        benchmark=benchmark.label,
                        function=function,
                        waits=benchmark.waits,
                    )
    finally:
        workspaces.remove(traced)
    shortest = _DECORATOR_SECONDS / _TOLERATED_SHARE * 1e6
    raise MeasurementFailed(
        f"no benchmark of {sha[:12]} is suitable for the canary: it needs one that passes, takes {shortest:g} µs or more"
        f" a call, and spends {_LEAST_SHARE:.0%} of that in a Python function of the project. Select another, or add one"
    )


def plant(place: Place, share: float) -> Planted:
    """Commit a slowdown in *place*.

    Args:
        place: Found by `find_place`.
        share: How much slower the benchmark becomes, as a fraction.

    Raises:
        InvalidInput: *share* is out of range.
    """
    if not 0 < share <= 10:
        raise InvalidInput(f"a canary's slowdown is a fraction above 0 and up to 10 (0.3 for 30 %), got {share!r}")
    function = place.function
    clock = "perf_counter" if place.waits else "process_time"
    add_slowdown(place.repository / function.file, function.line, share / function.share, clock=clock)
    _commit(place.repository, function)
    return Planted(place=place, head=git.resolve(place.repository, "HEAD"), expected=share)


def _tracer(root: Path, sha: str, folder: Path, options: MeasureOptions, progress: StageCallback | None) -> Tracer:
    return Tracer(
        root,
        sha,
        folder,
        suite=options.suite,
        select=options.select,
        python=(options.python or Path(sys.executable)).absolute(),
        install=options.install,
        progress=progress or (lambda _: None),
    )


def _suitable(traced: TracedBenchmark, suite: Suite) -> Iterator[CalledFunction]:
    """Yield the functions by which a benchmark can be slowed down exactly, the best first."""
    if traced.reason:
        return
    for function in sorted(traced.functions, key=lambda function: (-function.share, function.calls)):
        is_shared = any(Path(function.file).is_relative_to(path) for path in suite.shared)
        is_cheap = function.calls * _DECORATOR_SECONDS <= _TOLERATED_SHARE * traced.seconds
        is_nested = "<locals>" in function.name  # defined anew at every call of another function, or used by many
        if function.share >= _LEAST_SHARE and is_cheap and not is_shared and not is_nested:
            yield function


def _commit(clone: Path, function: CalledFunction) -> None:
    """Commit the changed file."""
    settings = (
        "user.name=perfgate",
        "user.email=perfgate@localhost",
        "commit.gpgsign=false",
        "core.hooksPath=/dev/null",
    )
    options = [word for setting in settings for word in ("-c", setting)]
    message = f"Make {function.name} slower, to check the gate"
    git.run(clone, *options, "commit", "--quiet", "--no-verify", "--message", message, "--only", "--", function.file)
