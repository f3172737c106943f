"""The same-code exemption: benchmarks that run nothing that a change touches need not be gated.

The base is traced once, and its closure is compared with the files that differ between base and head. If a change may
act in a way that no trace shows (native code, data, dependencies, a module that appears or disappears), no benchmark is
exempt, and the reason is reported. Benchmarks about which this is not known are gated.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from perfgate import __version__, git
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.formatting import code
from perfgate.measure import machine
from perfgate.measure.cache import TRACES, Cache
from perfgate.measure.reach import closure as closures
from perfgate.measure.reach.changes import changed_files, reason_for_gating_all
from perfgate.measure.reach.closure import Closure
from perfgate.measure.reach.source_files import VERSION_FILES
from perfgate.measure.selection import NothingSelected
from perfgate.measure.sides.preparation import AUTOMATIC

ASSUMPTIONS = (
    "A benchmark runs the same files at every call: it was traced once, at the base.",
    "Importing one file of benchmarks has no effect on the benchmarks of another.",
    "What the interpreter and installed packages do is the same on both sides.",
    f"A generated {' or '.join(sorted(VERSION_FILES))} holds a version and nothing that takes time.",
)
"""What every exemption assumes."""

ASSUMES_BUILD = "Native code is built without the Python files that a benchmark reaches when it runs."
"""What an exemption also assumes if native code of the project runs."""

_RELEVANT_FACTS = frozenset({"python", "python_build", "arch", "os", "dependencies", "packages"})
"""Facts of the environment that may change what a benchmark reaches."""


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Which benchmarks need not be gated."""

    labels: frozenset[str]
    notes: tuple[str, ...]
    """Why these are exempt, or why none is, one sentence each."""
    assumptions: tuple[str, ...]
    """What the exemption assumes, one sentence each; empty if no benchmark is exempt."""


def find(
    repository: Path,
    base: str,
    head: str,
    *,
    suite: str | None = None,
    select: str | None = None,
    install: str = AUTOMATIC,
    python: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Exemption:
    """Return which benchmarks run the same code at *base* and *head*; none, with the reason, if that is not known.

    The base is traced only if its trace is not in the cache, and only if a benchmark can be exempt at all.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: Revision to trace.
        head: Revision that is judged.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed if *base* has more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        install: How the project is installed; see `perfgate.measure.sides.preparation.prepare_all`.
        python: Interpreter that the sides' environments are made from, unless the project asks for another; None: the
            running one.
        progress: Called with a description of each step.

    Raises:
        InvalidInput: There is no such repository or revision.
        NothingSelected: No benchmark matches *select*, on either side.
    """
    if reason := reason_against(repository, base, head):
        return _none(reason)
    python = (python or Path(sys.executable)).absolute()
    key = _key(repository, base, suite=suite, select=select, install=install, python=python)
    traces = _cache()
    closure = _decoded(traces.load(key)) if traces else None
    if closure is None:
        try:
            closure = closures.trace(
                repository, base, suite=suite, select=select, install=install, python=python, progress=progress
            )
        except NothingSelected as failure:
            if _are_same(repository, base, head, failure.files):
                raise  # the head has the same benchmarks: nothing needs to be built to know that
            return _none("Every benchmark is gated, because those that are selected do not exist at the base.")
        except MeasurementFailed as failure:
            return _none(f"Every benchmark is gated, because the base could not be traced: {failure}")
        if traces:
            traces.save(key, msgspec.json.encode(closure, enc_hook=str))
    return exempt(repository, base, head, closure)


def _are_same(repository: Path, base: str, head: str, files: Collection[Path]) -> bool:
    """Tell whether none of the *files*, or of what is in them if they are folders, differ between two revisions."""
    root = git.root(repository)
    changed = changed_files(root, git.resolve(root, base), git.resolve(root, head))
    return not any(Path(path).is_relative_to(file) for path in changed for file in files)


def reason_against(repository: Path, base: str, head: str) -> str:
    """Return a sentence on why no benchmark can be exempt, whatever it reaches; empty if tracing may be worth it.

    Raises:
        InvalidInput: There is no such repository or revision.
    """
    root = git.root(repository)
    base_sha, head_sha = git.resolve(root, base), git.resolve(root, head)
    return reason_for_gating_all(root, base_sha, head_sha, changed_files(root, base_sha, head_sha), None)


def exempt(repository: Path, base: str, head: str, closure: Closure) -> Exemption:
    """Return which benchmarks run the same code at *base* and *head*.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: The revision that *closure* was traced at.
        head: The revision that is judged.
        closure: The closure of the base.

    Raises:
        InvalidInput: There is no such revision, or *closure* belongs to another one.
    """
    root = git.root(repository)
    base_sha, head_sha = git.resolve(root, base), git.resolve(root, head)
    if base_sha != closure.base:
        raise InvalidInput(
            f"the closure was traced at {closure.base[:12]}, not at {base_sha[:12]}: trace the base again"
        )
    changes = changed_files(root, base_sha, head_sha)
    if reason := reason_for_gating_all(root, base_sha, head_sha, changes, closure.suite):
        return _none(reason)
    labels = closure.unaffected_by(changes)
    generator = _possible_generator(changes, closure)
    if generator:
        labels -= closure.native
    notes = tuple(_notes(closure, len(labels), len(changes), generator))
    return Exemption(labels=labels, notes=notes, assumptions=_assumptions(labels, closure))


def _none(reason: str) -> Exemption:
    return Exemption(labels=frozenset(), notes=(reason,), assumptions=())


def _notes(closure: Closure, count: int, changed: int, generator: str) -> Iterator[str]:
    """Yield why *count* benchmarks are exempt, and others are not."""
    known = closure.files.keys() | closure.untraceable.keys()
    files = f"{changed} file{'' if changed == 1 else 's'}"
    if count:
        yield f"{count} of {len(known)} benchmarks reach none of the files that differ ({files})."
    if closure.untraceable:
        first = min(closure.untraceable)
        others = f" and {len(closure.untraceable) - 1} more" if len(closure.untraceable) > 1 else ""
        yield f"What {code(first, 80)}{others} reaches is not known: {closure.untraceable[first]}."
    if generator and closure.native:
        yield f"Benchmarks that run native code are not exempt: {code(generator, 80)} may take part in building it."


def _assumptions(labels: frozenset[str], closure: Closure) -> tuple[str, ...]:
    if not labels:
        return ()
    has_native = not labels.isdisjoint(closure.native)
    return (*ASSUMPTIONS, *((ASSUMES_BUILD,) if has_native else ()))


def _possible_generator(changes: Collection[str], closure: Closure) -> str:
    """Return a changed Python file that no benchmark reaches, because it may generate native code; empty if none."""
    reached = frozenset[str]().union(*closure.files.values())
    unreached = (path for path in sorted(changes) if path.endswith(".py") and path not in reached)
    return next((path for path in unreached if not PurePosixPath(path).name.startswith("test_")), "")


def _cache() -> Cache | None:
    """Return the cache of traces; None if it cannot be written, so that the base is traced every time."""
    try:
        return Cache(TRACES)
    except (OSError, RuntimeError):
        return None


def _key(repository: Path, base: str, *, python: Path, **arguments: str | None) -> str:
    """Return a key of everything that the trace of a base depends on."""
    root = git.root(repository)
    fields = machine.describe(python=python).fields
    facts = {name: text for name, text in fields.items() if name in _RELEVANT_FACTS}
    parts = [__version__, str(root.resolve()), git.resolve(root, base), str(python), facts, arguments]
    return json.dumps(parts, sort_keys=True)


def _decoded(content: bytes | None) -> Closure | None:
    """Return a cached closure; None if there is none, or it cannot be read."""
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Closure, dec_hook=_path)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _path(kind: type, value: Any) -> Any:
    """Decode a path, which msgspec does not know."""
    return kind(value)
