"""What git knows about commits: resolve a revision, read commits in order, number their generations.

Reads only, through the ``git`` program. Nothing here changes the repository, its index or its work tree.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from perfgate.errors import InvalidInput
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Commit

REDIRECTING = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
"""Variables by which git, when it runs a hook, would point us at another repository than the one asked for."""

_FIELD, _COMMIT = "\x1f", "\x00"
_FORMAT = _FIELD.join(("%H", "%P", "%ct", "%an", "%s")).replace(_FIELD, "%x1f")


def environment() -> dict[str, str]:
    """Return our environment variables without those that redirect git, and with its messages in English."""
    kept = {name: value for name, value in os.environ.items() if name not in REDIRECTING}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def run(repository: Path, *arguments: str, stdin: str = "") -> str:
    """Return what ``git`` prints for *arguments* in *repository*.

    Raises:
        InvalidInput: git is missing, *repository* is none, or git refused; carries git's last line.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours; revisions are resolved behind --end-of-options
            ["git", "-C", str(repository), *arguments],  # noqa: S607 - the user's own git, wherever it is
            input=stdin.encode(),
            capture_output=True,
            check=False,
            env=environment(),
        )
    except FileNotFoundError as error:
        raise InvalidInput("the program 'git' was not found on the PATH: install git") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise InvalidInput(f"git {arguments[0]} failed in {repository}: {said[-1]}")
    return done.stdout.decode(errors="replace")


def resolve(repository: Path, revision: str) -> str:
    """Return the full sha of *revision*.

    Raises:
        InvalidInput: *repository* is no git repository or does not know *revision*.
    """
    root(repository)
    try:
        return run(
            repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        ).splitlines()[-1]
    except InvalidInput as error:
        raise InvalidInput(
            f"{revision!r} names no commit in {repository}: fetch it, or name another revision"
        ) from error


def root(repository: Path) -> Path:
    """Return the top folder of the work tree that holds *repository*; for a bare repository, its own folder.

    Raises:
        InvalidInput: It is no git repository.
    """
    if run(repository, "rev-parse", "--is-bare-repository").strip() == "true":
        return Path(run(repository, "rev-parse", "--absolute-git-dir").rstrip("\n"))
    return Path(run(repository, "rev-parse", "--show-toplevel").rstrip("\n"))


def is_shallow(repository: Path) -> bool:
    """Tell whether *repository* lacks the older part of its history."""
    return run(repository, "rev-parse", "--is-shallow-repository").strip() == "true"


def commit(repository: Path, revision: str) -> Commit:
    """Return the facts of one commit, its generation and branch included.

    Args:
        repository: Any folder inside a repository.
        revision: Anything that git resolves to a commit.

    Returns:
        The commit. `generation` is None in a shallow clone; `branch` is empty on the default branch and where the
        revision belongs to no named branch.

    Raises:
        InvalidInput: There is no such repository or revision.
    """
    sha = resolve(repository, revision)
    for found in _commits(repository, sha):
        if found.sha == sha:
            return _on_branch(found, _branch(repository, revision, sha))
    raise InvalidInput(f"{revision!r} could not be read in {repository}: run 'git fsck'")


def commits(repository: Path) -> Iterator[Commit]:
    """Yield all commits that any reference reaches, parents before children, each once.

    `generation` is None throughout in a shallow clone. `branch` is left empty: a commit belongs to many.

    Raises:
        InvalidInput: *repository* is no git repository.
    """
    root(repository)
    yield from _commits(repository, "--all", "HEAD")


def generations(repository: Path) -> dict[str, int]:
    """Return the generation of every commit that any reference reaches, by full sha; empty for a shallow clone.

    A root has generation 1, any other commit 1 + the largest of its parents'.

    Raises:
        InvalidInput: *repository* is no git repository.
    """
    return {found.sha: found.generation for found in commits(repository) if found.generation is not None}


def line(repository: Path, good: str, bad: str) -> tuple[Commit, ...]:
    """Return the commits after *good* up to *bad* along first parents, oldest first: how the branch itself moved on.

    Their generation and branch are left out.

    Raises:
        InvalidInput: There is no such revision, both are the same commit, or *good* does not lie on that line; names
            the commit to take instead, where there is one.
    """
    first, last = resolve(repository, good), resolve(repository, bad)
    if first == last:
        raise InvalidInput(f"{good!r} and {bad!r} are the same commit {first[:12]}: there is nothing between them")
    if run(repository, "rev-list", "--max-count=1", first, f"^{last}").strip():
        common = _common(repository, first, last)
        hint = f"name {common[:12]}, where they part" if common else "they share no history that is here; fetch it all"
        raise InvalidInput(f"{good!r} is no ancestor of {bad!r}: {hint}")
    entries = list(_entries(repository, "--first-parent", "--reverse", f"{first}..{last}"))
    before = entries[0][1][0]
    if before != first:
        raise InvalidInput(
            f"{good!r} came into {bad!r} through a merge and does not lie on its first-parent line: name {before[:12]},"
            " the last commit of that line before it"
        )
    return tuple(found for found, _ in entries)


def read_file(repository: Path, sha: str, path: str) -> str | None:
    """Return the content of a file as it stands at commit *sha*; None if there is none."""
    listed = run(repository, "ls-tree", "--name-only", sha, "--", path).strip()
    return run(repository, "show", f"{sha}:{path}") if listed else None


def merge_base(repository: Path, one: str, other: str) -> str:
    """Return the full sha of the best common ancestor of two revisions.

    Raises:
        InvalidInput: One of them is not there, or they have none; in CI the clone is often too shallow.
    """
    first, second = resolve(repository, one), resolve(repository, other)
    if not (found := _common(repository, first, second)):
        raise InvalidInput(
            f"{one[:12]} and {other[:12]} have no common ancestor here: check out with the whole history (fetch-depth: 0)"
        )
    return found


def fetch_missing(repository: Path, revision: str) -> None:
    """Fetch a commit from ``origin`` if *revision* is a whole hash that is not here; a name is left to those who use it.

    Raises:
        InvalidInput: It is nowhere there.
    """
    if not re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", revision):
        return
    try:
        resolve(repository, revision)
    except InvalidInput:
        run(repository, "fetch", "--quiet", "--no-tags", "origin", revision)


def tag_before(repository: Path, tag: str) -> str:
    """Return the nearest tag that an ancestor of *tag* carries; empty where there is none.

    Raises:
        InvalidInput: There is no such tag.
    """
    parent = f"{resolve(repository, tag)}^"
    try:
        return run(repository, "describe", "--tags", "--abbrev=0", parent).strip()
    except InvalidInput:
        return ""


def merged(repository: Path, sha: str) -> tuple[str, str] | None:
    """Return where the branch that a merge brought in parts from its own line, and that branch's last commit.

    None where *sha* is no merge.
    """
    known = run(repository, "rev-list", "--max-count=1", "--parents", sha).split()[1:]
    return (_common(repository, known[0], known[1]), known[1]) if len(known) > 1 else None


def _common(repository: Path, one: str, other: str) -> str:
    """Return the best common ancestor, empty where there is none."""
    try:
        return run(repository, "merge-base", one, other).split()[0]
    except InvalidInput:
        return ""


def _commits(repository: Path, *starts: str) -> Iterator[Commit]:
    if starts[0] == "--all" and not run(repository, "rev-list", "--max-count=1", "--all").strip():
        return  # a repository without a commit has no HEAD to start from either
    shallow = is_shallow(repository)
    generation: dict[str, int] = {}
    for found, before in _entries(repository, "--topo-order", "--reverse", *starts):
        known = 1 + max((generation[parent] for parent in before if parent in generation), default=0)
        generation[found.sha] = known
        yield found if shallow else msgspec.structs.replace(found, generation=known)


def _entries(repository: Path, *arguments: str) -> Iterator[tuple[Commit, list[str]]]:
    """Yield what ``git log`` lists: commits without generation and branch, and the shas of their parents."""
    for entry in run(repository, "log", "-z", f"--format={_FORMAT}", *arguments, "--").split(_COMMIT):
        if not entry:
            continue
        sha, parents, committed, author, subject = entry.split(_FIELD, 4)
        found = Commit(
            sha=sha,
            committed_at=_moment(committed),
            author=author[:MAX_TEXT_CHARACTERS],
            subject=subject[:MAX_TEXT_CHARACTERS],
        )
        yield found, parents.split()


def _moment(committed: str) -> datetime | None:
    """Return the committer time, or None for the absurd dates that some old conversions left behind."""
    try:
        return datetime.fromtimestamp(int(committed), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _on_branch(found: Commit, branch: str) -> Commit:
    return Commit(
        sha=found.sha,
        committed_at=found.committed_at,
        generation=found.generation,
        branch=branch,
        subject=found.subject,
        author=found.author,
    )


def _branch(repository: Path, revision: str, sha: str) -> str:
    """Return the branch that *revision* stands for, empty for the default branch or none."""
    named = _reference(repository, "rev-parse", "--symbolic-full-name", "--end-of-options", revision)
    if not named and resolve(repository, "HEAD") == sha:
        named = _reference(repository, "symbolic-ref", "--quiet", "HEAD")
    if named == "HEAD":
        named = _reference(repository, "symbolic-ref", "--quiet", "HEAD")
    kind, _, rest = named.removeprefix("refs/").partition("/")
    if kind == "remotes":
        rest = rest.partition("/")[2]
    elif kind != "heads":
        return ""
    default = _reference(repository, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD").rpartition("/")[2]
    return "" if rest in ({default} if default else {"main", "master"}) else rest


def _reference(repository: Path, *arguments: str) -> str:
    """Return the reference that git names, empty where there is none."""
    try:
        lines = run(repository, *arguments).split("\n")
    except InvalidInput:
        return ""
    return next((line for line in lines if line.startswith("refs/") or line == "HEAD"), "")
