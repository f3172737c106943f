"""The closure of a suite: the files that each benchmark of one commit executes and reads, found by tracing it once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from perfgate import git
from perfgate.measure.reach.tracing import TracedBenchmark, Tracer
from perfgate.measure.sides.preparation import AUTOMATIC
from perfgate.measure.suites import Suite
from perfgate.measure.workspaces import workspace

TRACE_SECONDS, TRACE_SECONDS_PER_BENCHMARK = 60.0, 1.0
"""How long tracing a suite may take: at least, and for each of its benchmarks, which is about as long as measuring it.
Benchmarks that are not traced by then are gated."""


@dataclass(frozen=True, kw_only=True)
class Closure:
    """What the benchmarks of one commit reach."""

    base: str
    """The traced commit."""
    suite: Suite
    """The traced suite."""
    files: Mapping[str, frozenset[str]]
    """Paths in the repository that a benchmark executes or reads, by label, of all benchmarks that could be traced."""
    untraceable: Mapping[str, str]
    """Why a benchmark can never be exempt, by label."""
    native: frozenset[str]
    """Labels of the benchmarks that run native code built from the repository."""

    @property
    def eligible(self) -> frozenset[str]:
        """Return the labels of the benchmarks whose files show everything that they depend on."""
        return frozenset(self.files.keys() - self.untraceable.keys())

    def unaffected_by(self, changed: Collection[str]) -> frozenset[str]:
        """Return the labels of the eligible benchmarks that reach none of the *changed* files of the repository."""
        return frozenset(label for label in self.eligible if self.files[label].isdisjoint(changed))


def trace(
    repository: Path,
    base: str,
    *,
    suite: str | None = None,
    select: str | None = None,
    install: str = AUTOMATIC,
    python: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Closure:
    """Return what each benchmark of *base* reaches when it is called once.

    Everything is made in a workspace, which is removed at the end. The repository is only read.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: Revision to trace.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed if *base* has more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        install: How the project is installed; see `perfgate.measure.sides.preparation.prepare_all`.
        python: Interpreter that the sides' environments are made from, unless the project asks for another; None: the
            running one.
        progress: Called with a description of each step.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: There is no suite, or it cannot be built or collected.
    """
    root = git.root(repository)
    sha = git.resolve(root, base)
    with workspace() as folder:
        tracer = Tracer(
            root,
            sha,
            folder,
            suite=suite,
            select=select,
            python=(python or Path(sys.executable)).absolute(),
            install=install,
            progress=progress or (lambda _: None),
        )
        limit = max(TRACE_SECONDS, TRACE_SECONDS_PER_BENCHMARK * tracer.size)
        traced = tuple(tracer.trace(max_seconds=limit))
    return Closure(
        base=sha,
        suite=tracer.suite,
        files={benchmark.label: benchmark.files for benchmark in traced if not benchmark.reason},
        untraceable={benchmark.label: reason for benchmark in traced if (reason := _why_untraceable(benchmark))},
        native=frozenset(benchmark.label for benchmark in traced if benchmark.is_native),
    )


def _why_untraceable(benchmark: TracedBenchmark) -> str:
    return f"it was not traced: {benchmark.reason}" if benchmark.reason else benchmark.untraceable
