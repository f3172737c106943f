"""The same-code exemption: which benchmarks run nothing that a change touches, so that they need not be gated.

Two steps: `trace` calls every benchmark of the base once and records the files it runs and reads; `exempt` compares
them with what differs between base and head. Where a change may act in a way that no trace shows (native code, data,
dependencies, a module that appears or disappears), nobody is exempt, and the reason says why.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from perfgate import git
from perfgate.errors import InvalidInput
from perfgate.formatting import code
from perfgate.measure import workspaces
from perfgate.measure.discover import Suite
from perfgate.measure.reach.tracing import VERSION_FILES, Traced, Tracer
from perfgate.measure.sides.preparation import AUTOMATIC

ASSUMPTIONS = (
    "A benchmark runs the same files at every call: it was traced once, at the base.",
    "Importing one file of benchmarks has no effect on the benchmarks of another.",
    "What the interpreter and installed packages do is the same on both sides.",
    f"A generated {' or '.join(sorted(VERSION_FILES))} holds a version and nothing that takes time.",
)
"""What an exemption takes for granted, always."""

ASSUMES_BUILD = "Native code is built without the Python files that a benchmark reaches when it runs."
"""What it also takes for granted where native code of the project runs."""

TRACE_SECONDS, TRACE_SECONDS_EACH = 60.0, 1.0
"""How long tracing a suite may take: at least, and for each of its benchmarks, which is about what measuring them takes.
Those that are not traced by then are gated."""

_NATIVE = frozenset({".a", ".c", ".cc", ".cpp", ".cu", ".cxx", ".dll", ".dylib", ".f", ".f90", ".go", ".h", ".hpp", ".o",
                     ".pxd", ".pxi", ".pyd", ".pyx", ".rs", ".so", ".zig"})  # fmt: skip
_BUILD = frozenset({"CMakeLists.txt", "Cargo.toml", "MANIFEST.in", "Makefile", "meson.build", "setup.cfg", "setup.py"})
_LOCKS = frozenset({"Pipfile", "constraints.txt", "environment.yaml", "environment.yml"})
_SHARED_BY_ALL = frozenset({"asv.conf.json", "conftest.py", "pytest.ini", "sitecustomize.py", "tox.ini", "usercustomize.py"})  # fmt: skip
_LICENCES = frozenset({"AUTHORS", "COPYING", "LICENCE", "LICENSE", "NOTICE"})
_HARMLESS_TOOLS = frozenset({"black", "codespell", "coverage", "flake8", "isort", "mypy", "perfgate", "pylint", "pyright",
                             "ruff", "towncrier"})  # fmt: skip
"""Tables of ``[tool]`` in pyproject.toml that neither build nor run anything of what is measured."""


@dataclass(frozen=True, kw_only=True)
class Closure:
    """What the benchmarks of one commit reach."""

    base: str
    """The commit that was traced."""
    suite: Suite
    """The suite that was traced."""
    files: Mapping[str, frozenset[str]]
    """Paths in the repository that a benchmark runs or reads, by label, of all that could be traced."""
    never: Mapping[str, str]
    """Why a benchmark can never be exempt, by label, where that is so."""
    native: frozenset[str]
    """Labels of the benchmarks that run native code built from the repository."""

    @property
    def eligible(self) -> frozenset[str]:
        """Return the labels of the benchmarks whose files tell all that they depend on."""
        return frozenset(self.files.keys() - self.never.keys())


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Which benchmarks need not be gated."""

    labels: frozenset[str]
    notes: tuple[str, ...]
    """How that comes, or why there is none, one sentence each."""
    assumptions: tuple[str, ...]
    """What this takes for granted, one sentence each; empty where no benchmark is exempt."""


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
    """Call every benchmark of *base* once and record what it reaches.

    Everything is made in a folder of its own and removed at the end. The repository is only read.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: Revision to trace.
        suite: ``asv``, ``pytest-benchmark`` or a path; needed where *base* holds more than one suite.
        select: Shell-style pattern over labels, names and the tool's own ids; None: all benchmarks.
        install: How the project comes into its side; see `perfgate.measure.sides.preparation.prepare_all`.
        python: Interpreter whose packages, the tool among them, are seen; None: the running one.
        progress: Is told what begins.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: There is no suite, or it cannot be built or collected.
    """
    root = git.root(repository)
    sha = git.resolve(root, base)
    with workspaces.workspace() as folder:
        tracer = Tracer(
            root,
            sha,
            folder,
            suite=suite,
            select=select,
            python=(python or Path(sys.executable)).absolute(),
            install=install,
            progress=progress or _silent,
        )
        limit = max(TRACE_SECONDS, TRACE_SECONDS_EACH * tracer.size)
        traced = tuple(tracer.trace(calibrate=False, max_seconds=limit))
    return Closure(
        base=sha,
        suite=tracer.suite,
        files={one.label: one.files for one in traced if not one.reason},
        never={one.label: why for one in traced if (why := _why_never(one))},
        native=frozenset(one.label for one in traced if one.is_native),
    )


def untouched(closure: Closure, changed: Collection[str]) -> frozenset[str]:
    """Return the labels of the benchmarks that reach none of the *changed* files, given as paths in the repository."""
    return frozenset(label for label in closure.eligible if closure.files[label].isdisjoint(changed))


def obstacle(repository: Path, base: str, head: str) -> str:
    """Return why no benchmark can be exempt, whatever it reaches, in one sentence; empty: tracing may be worth it.

    Raises:
        InvalidInput: There is no such repository or revision.
    """
    root = git.root(repository)
    base_sha, head_sha = git.resolve(root, base), git.resolve(root, head)
    return _obstacle(root, base_sha, head_sha, _changes(root, base_sha, head_sha), None)


def exempt(repository: Path, base: str, head: str, closure: Closure) -> Exemption:
    """Return which benchmarks run the same code at *base* and *head*.

    Args:
        repository: The developer's work tree, or any folder in it.
        base: The revision that *closure* was traced at.
        head: The revision that is judged.
        closure: What `trace` found.

    Raises:
        InvalidInput: There is no such revision, or *closure* belongs to another one.
    """
    root = git.root(repository)
    base_sha, head_sha = git.resolve(root, base), git.resolve(root, head)
    if base_sha != closure.base:
        raise InvalidInput(
            f"the closure was traced at {closure.base[:12]}, not at {base_sha[:12]}: trace the base anew"
        )
    changes = _changes(root, base_sha, head_sha)
    if why := _obstacle(root, base_sha, head_sha, changes, closure.suite):
        return Exemption(labels=frozenset(), notes=(why,), assumptions=())
    labels = untouched(closure, changes)
    unknown = _perhaps_for_building(changes, closure)
    if unknown:
        labels -= closure.native
    notes = tuple(_notes(closure, len(labels), len(changes), unknown))
    return Exemption(labels=labels, notes=notes, assumptions=_assumptions(labels, closure))


def _notes(closure: Closure, count: int, changed: int, unknown: str) -> Iterator[str]:
    """Yield how it comes that so many benchmarks are exempt, and others are not."""
    known = closure.files.keys() | closure.never.keys()
    files = f"{changed} file{'' if changed == 1 else 's'}"
    if count:
        yield f"{count} of {len(known)} benchmarks reach nothing of what differs ({files})."
    if closure.never:
        first = min(closure.never)
        more = f" and {len(closure.never) - 1} more" if len(closure.never) > 1 else ""
        yield f"What {code(first, 80)}{more} reaches cannot be told: {closure.never[first]}."
    if unknown and closure.native:
        yield f"Those that run native code are not exempt: {code(unknown, 80)} may take part in building it."


def _assumptions(labels: frozenset[str], closure: Closure) -> tuple[str, ...]:
    if not labels:
        return ()
    has_native = not labels.isdisjoint(closure.native)
    return (*ASSUMPTIONS, *((ASSUMES_BUILD,) if has_native else ()))


def _why_never(traced: Traced) -> str:
    return f"it was not traced: {traced.reason}" if traced.reason else traced.never


def _changes(root: Path, base: str, head: str) -> dict[str, str]:
    """Return git's status letter of each file that differs; a renamed file counts as deleted and added."""
    listed = git.run(root, "diff-tree", "-r", "-z", "--no-renames", "--name-status", base, head).split("\0")
    return dict(zip(listed[1::2], listed[0::2], strict=False))


def _obstacle(root: Path, base: str, head: str, changes: Mapping[str, str], suite: Suite | None) -> str:
    """Return why nobody can be exempt; *suite* is None while it is not known which files hold the benchmarks."""
    for path, status in sorted(changes.items()):
        if why := _why_nobody(root, base, head, path, status, suite):
            return f"No benchmark is exempt: {code(path)} {why}."
    return ""


def _why_nobody(root: Path, base: str, head: str, path: str, status: str, suite: Suite | None) -> str:
    """Return what a change of *path* may do to any benchmark; empty if only to those that reach it."""
    file = PurePosixPath(path)
    if file.name == "pyproject.toml":
        before, after = _pyproject(root, base, path), _pyproject(root, head, path)
        return "" if before is not None and before == after else "says how the project is built"
    if file.name in _LOCKS or file.name.startswith("requirements") or file.suffix == ".lock":
        return "says which dependencies are installed"
    if suite is not None and _belongs_to(suite, Path(path)):
        return "belongs to the benchmarks themselves"
    if _is_inert(file):
        return ""
    return _why_code(file, status)


def _belongs_to(suite: Suite, path: Path) -> bool:
    return path in suite.files or (suite.folder is not None and path.is_relative_to(suite.folder))


def _why_code(file: PurePosixPath, status: str) -> str:
    if file.suffix in _NATIVE or file.name in _BUILD:
        return "belongs to native code or to the build"
    if file.name in _SHARED_BY_ALL:
        return "acts on all benchmarks"
    if file.suffix != ".py":
        return "may be read as data"
    return "" if status == "M" else "appears or disappears, so that another module may be found in its place"


def _pyproject(root: Path, sha: str, path: str) -> dict[str, Any] | None:
    """Return what of a pyproject.toml matters to building and running; None where there is none or it is broken."""
    try:
        found = tomllib.loads(git.run(root, "show", f"{sha}:{path}"))
        tools = found.get("tool", {})
        return {**found, "tool": {name: table for name, table in tools.items() if name not in _HARMLESS_TOOLS}}
    except (InvalidInput, ValueError, AttributeError):
        return None


def _is_inert(file: PurePosixPath) -> bool:
    """Tell whether *file* can act on those benchmarks only that read it, which a trace shows."""
    return (
        file.suffix in {".md", ".rst"}
        or (file.suffix == ".txt" and file.parts[0] in {"doc", "docs"})
        or (file.stem in _LICENCES and file.suffix in {"", ".txt"})
        or file.parts[0] == ".github"
        or file.name == "perfgate.toml"
    )


def _perhaps_for_building(changes: Collection[str], closure: Closure) -> str:
    """Return a changed Python file that no benchmark reaches: it may generate native code. Empty: there is none."""
    reached = frozenset[str]().union(*closure.files.values())
    unreached = (path for path in sorted(changes) if path.endswith(".py") and path not in reached)
    return next((path for path in unreached if not PurePosixPath(path).name.startswith("test_")), "")


def _silent(_: str) -> None:
    """Tell nobody."""
