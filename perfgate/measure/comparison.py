"""Open two revisions as live pairs.

    with open_pairs(repository, base, head) as pairs:
        judged = judge_suite(pairs.benchmarks, pairs.take_pair, budget=0.03)
        run = pairs.run()

The head's benchmarks run on both sides. A pair is two running processes of which one works at a time. Both are pinned to
the same CPU, the next pair to another, and share a random hash seed, the next pair another.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from perfgate import git
from perfgate.errors import MeasurementFailed
from perfgate.measure import machine, workspaces
from perfgate.measure.counts.deterministic import DeterministicMetrics
from perfgate.measure.discover import discover
from perfgate.measure.live.live_suite import LiveSuite
from perfgate.measure.pairs import Pairs, StageCallback, pair_conditions
from perfgate.measure.selection import NothingSelected
from perfgate.measure.sides import checkout
from perfgate.measure.sides.preparation import AUTOMATIC
from perfgate.measure.sides.requirements import differences
from perfgate.measure.sides.side import BASE, HEAD, Side
from perfgate.measure.suite_sides import prepare_sides
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Commit, Environment

TIMEOUT_SECONDS = 60.0
"""Longest call of a benchmark that sets no timeout of its own; asv's default."""


@contextlib.contextmanager
def open_pairs(
    repository: Path,
    base: str,
    head: str,
    *,
    benchmarks: str | None = None,
    suite: str | None = None,
    select: str | None = None,
    environment_name: str | None = None,
    python: Path | None = None,
    install: str = AUTOMATIC,
    timeout_seconds: float = TIMEOUT_SECONDS,
    progress: StageCallback | None = None,
) -> Iterator[Pairs]:
    """Check out two revisions, prepare both sides, and give what measures pairs of them.

    Everything is made in a temporary folder and removed at the end, however the block is left; no process is left
    behind. The repository is only read.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: Revision to compare against.
        head: Revision to judge.
        benchmarks: Revision whose benchmarks run on both sides; None: the head.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed where the head holds more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        environment_name: Name of the environment in the run; None: made from the system and the interpreter.
        python: Interpreter that the sides' environments are made from, unless the project asks for another; None: the
            running one.
        install: How the project is installed; see `perfgate.measure.sides.preparation.prepare_all`.
        timeout_seconds: Longest call of a benchmark that sets no timeout of its own.
        progress: Is told what begins.

    Raises:
        InvalidInput: There is no such repository or revision.
        NothingSelected: No benchmark matches *select*.
        MeasurementFailed: There is no suite, or a side cannot be built or does not start.
    """
    tell, python = progress or (lambda _: None), (python or Path(sys.executable)).absolute()
    root = git.root(repository)
    commits = {BASE: git.commit(root, base), HEAD: git.commit(root, head)}
    with workspaces.workspace() as folder, contextlib.ExitStack() as stack:
        origin = _check_out(root, commits, benchmarks, folder, tell)
        found = discover(origin, suite)
        shas = {role: commit.sha for role, commit in commits.items()}
        sides = prepare_sides(
            shas, folder, found, origin=origin, repository=root, python=python, install=install, progress=tell
        )
        comparison = _Comparison(found, sides, commits, origin, folder, timeout_seconds)
        yield comparison.open(stack, suite=suite, select=select, environment_name=environment_name)


def _check_out(
    root: Path, commits: Mapping[str, Commit], benchmarks: str | None, folder: Path, tell: StageCallback
) -> Path:
    """Check out both sides into *folder*, and return the checkout whose benchmarks are used."""
    for role, commit in commits.items():
        tell(f"checking out {role} {commit.sha[:12]}")
        checkout.check_out(root, commit.sha, folder / role)
    if benchmarks is None:
        return folder / HEAD
    checkout.check_out(root, git.resolve(root, benchmarks), folder / "origin")
    return folder / "origin"


@dataclass(frozen=True)
class _Comparison:
    """Two prepared sides."""

    suite: Suite
    sides: dict[str, Side]
    commits: Mapping[str, Commit]
    origin: Path
    """The checkout whose benchmarks run on both sides."""
    folder: Path
    timeout_seconds: float

    def open(
        self, stack: contextlib.ExitStack, *, suite: str | None, select: str | None, environment_name: str | None
    ) -> Pairs:
        """Return the pairs; *stack* ends their processes."""
        before = self._labels_before(suite)
        for role in (BASE, HEAD):
            if self.folder / role != self.origin:
                checkout.copy_benchmarks(self.suite, self.origin, self.folder / role)
        live = self._open_live(self.suite, self.sides, stack)
        if not any(item.matches(select) for item in live.items):
            raise NothingSelected(select or "", [item.label for item in live.items])
        stack.push(lambda kind, *_: live.close() if kind is None else None)  # after an error there is no time for it
        return Pairs(
            live,
            self.suite,
            self.commits,
            _environments(self.sides, environment_name),
            select=select,
            timeout_seconds=self.timeout_seconds,
            deterministic_metrics=DeterministicMetrics(
                sides=self.sides, suite=self.suite, folder=self.folder, timeout_seconds=self.timeout_seconds
            ),
            removed=tuple(sorted(before - {item.label for item in live.items})),
            notes=tuple(_notes(self.suite, self.sides)),
        )

    def _labels_before(self, wanted: str | None) -> frozenset[str]:
        """Return the labels of the base's own benchmarks, if their files differ from the head's and can be read."""
        if all(checkout.is_same(self.folder / BASE / path, self.folder / HEAD / path) for path in self.suite.shared):
            return frozenset()
        base = self.sides[BASE]
        with contextlib.ExitStack() as stack, contextlib.suppress(MeasurementFailed):
            live = self._open_live(discover(base.checkout, wanted), {BASE: base, HEAD: base}, stack)
            return frozenset(item.label for item in live.items)
        return frozenset()

    def _open_live(self, suite: Suite, sides: dict[str, Side], stack: contextlib.ExitStack) -> LiveSuite:
        live = tool_of(suite).open_live(suite, sides, self.folder, self.timeout_seconds, pair_conditions(0))
        stack.callback(live.abandon)
        return live


def _environments(sides: dict[str, Side], name: str | None) -> dict[str, Environment]:
    """Return what each side is measured in: one and the same, unless their packages differ."""
    base, head = sides[BASE], sides[HEAD]
    measured_in = machine.describe(name, head.python, exclude=frozenset(head.project), settings=head.settings)
    is_same = differences(base.packages, head.packages) == ""
    return {
        HEAD: measured_in,
        BASE: measured_in
        if is_same
        else machine.describe(name, base.python, exclude=frozenset(base.project), settings=base.settings),
    }


def _notes(suite: Suite, sides: dict[str, Side]) -> Iterator[str]:
    """Yield what a reader must know about the sides' environments."""
    if differing := differences(sides[BASE].packages, sides[HEAD].packages):
        yield f"Dependencies differ between the sides: {differing}."[:MAX_TEXT_CHARACTERS]
    if suite.left_out:
        first = f"{suite.left_out[0]} and {len(suite.left_out) - 1} more" if suite.left_out[1:] else suite.left_out[0]
        yield f"Not measured, because they belong to other projects in the repository: {first}."[:MAX_TEXT_CHARACTERS]
    yield from dict.fromkeys(note for side in sides.values() for note in side.notes)
    base, head = sides[BASE], sides[HEAD]
    for name, version in head.project.items():
        before = base.project.get(name, "")
        versions = version if version == before else f"{before or 'none'} → {version}"
        yield f"Measured {name} {versions}, installed as {head.installed_as}."[:MAX_TEXT_CHARACTERS]
