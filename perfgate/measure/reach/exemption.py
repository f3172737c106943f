"""Which benchmarks a change cannot reach, found as cheaply as it can be.

Nothing is traced where the change may act in a way that no trace shows; what was traced once is kept for the base; and
a trace may take about as long as measuring the suite, no longer. What is not known is gated.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from perfgate import __version__, git
from perfgate.errors import MeasurementFailed
from perfgate.measure import machine
from perfgate.measure.cache import TRACES, Cache
from perfgate.measure.reach import closure
from perfgate.measure.reach.closure import Closure, Exemption
from perfgate.measure.sides.preparation import AUTOMATIC

_COUNTS = frozenset({"python", "python_build", "arch", "os", "dependencies", "packages"})
"""Facts of the environment on which it may depend what a benchmark reaches."""


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
    """Return which benchmarks run the same code at *base* and *head*; none, with the reason, where that is unknown.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: Revision that is, or was, traced.
        head: Revision that is judged.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed where *base* holds more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        install: How the project comes into its side; see `perfgate.measure.sides.environment.prepare`.
        python: Interpreter whose packages, the tool among them, are seen; None: the running one.
        progress: Is told what begins.

    Raises:
        InvalidInput: There is no such repository or revision.
    """
    if why := closure.obstacle(repository, base, head):
        return Exemption(labels=frozenset(), notes=(why,), assumptions=())
    python = (python or Path(sys.executable)).absolute()
    key = _key(repository, base, suite=suite, select=select, install=install, python=python)
    traces = _cache()
    traced = _read(traces.load(key)) if traces else None
    if traced is None:
        try:
            traced = closure.trace(
                repository, base, suite=suite, select=select, install=install, python=python, progress=progress
            )
        except MeasurementFailed as failure:
            reason = f"Every benchmark is gated, for the base could not be traced: {failure}"
            return Exemption(labels=frozenset(), notes=(reason,), assumptions=())
        if traces:
            traces.save(key, msgspec.json.encode(traced, enc_hook=str))
    return closure.exempt(repository, base, head, traced)


def _cache() -> Cache | None:
    """Return the cache of traces; None where it cannot be written: every base is then traced anew."""
    try:
        return Cache(TRACES)
    except (OSError, RuntimeError):
        return None


def _key(repository: Path, base: str, *, python: Path, **arguments: str | None) -> str:
    """Return all that the trace of a base depends on."""
    root = git.root(repository)
    fields = machine.describe(python=python).fields
    facts = {name: text for name, text in fields.items() if name in _COUNTS}
    parts = [__version__, str(root.resolve()), git.resolve(root, base), str(python), facts, arguments]
    return json.dumps(parts, sort_keys=True)


def _read(content: bytes | None) -> Closure | None:
    """Return a kept trace; None where there is none, or none that can be read."""
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Closure, dec_hook=_path)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _path(kind: type, found: Any) -> Any:
    """Decode what msgspec does not know: a path."""
    return kind(found)
