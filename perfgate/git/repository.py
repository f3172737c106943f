"""Run git, and resolve revisions."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from pathlib import Path

from perfgate.errors import InvalidInput

REDIRECTING_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
"""Environment variables that git sets when it runs a hook, and that would make it use another repository."""


def environment() -> dict[str, str]:
    """Return the environment variables for git: without those that redirect it, with messages in English."""
    kept = {name: value for name, value in os.environ.items() if name not in REDIRECTING_VARIABLES}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def run(repository: Path, *arguments: str, stdin: str = "") -> str:
    """Return the output of ``git`` with *arguments* in *repository*.

    Raises:
        InvalidInput: git is not installed, or it failed; contains the last line of its error message.
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
        message = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise InvalidInput(f"git {arguments[0]} failed in {repository}: {message[-1]}")
    return done.stdout.decode(errors="replace")


def root(repository: Path) -> Path:
    """Return the top folder of the work tree that contains *repository*; for a bare repository, its own folder.

    Raises:
        InvalidInput: It is no git repository.
    """
    if run(repository, "rev-parse", "--is-bare-repository").strip() == "true":
        return Path(run(repository, "rev-parse", "--absolute-git-dir").rstrip("\n"))
    return Path(run(repository, "rev-parse", "--show-toplevel").rstrip("\n"))


def is_shallow(repository: Path) -> bool:
    """Return whether *repository* lacks the older part of its history."""
    return run(repository, "rev-parse", "--is-shallow-repository").strip() == "true"


def resolve(repository: Path, revision: str) -> str:
    """Return the full sha of *revision*.

    Raises:
        InvalidInput: *repository* is no git repository or has no such revision.
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


def reference(repository: Path, *arguments: str) -> str:
    """Return the reference that ``git`` with *arguments* prints; empty if there is none."""
    try:
        lines = run(repository, *arguments).split("\n")
    except InvalidInput:
        return ""
    return next((line for line in lines if line.startswith("refs/") or line == "HEAD"), "")


def read_file(repository: Path, sha: str, path: str) -> str | None:
    """Return the content of a file at commit *sha*; None if there is no such file."""
    listed = run(repository, "ls-tree", "--name-only", sha, "--", path).strip()
    return run(repository, "show", f"{sha}:{path}") if listed else None


def fetch_missing(repository: Path, revision: str) -> None:
    """Fetch *revision* from ``origin`` if it is a full hash that *repository* does not have. Names are not fetched.

    Raises:
        InvalidInput: ``origin`` does not have it either.
    """
    if not re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", revision):
        return
    try:
        resolve(repository, revision)
    except InvalidInput:
        run(repository, "fetch", "--quiet", "--no-tags", "origin", revision)


def tag_before(repository: Path, tag: str) -> str:
    """Return the nearest tag on an ancestor of *tag*; empty if there is none.

    Raises:
        InvalidInput: There is no such tag.
    """
    parents = run(repository, "rev-parse", f"{resolve(repository, tag)}^@").split()
    found = []
    for parent in parents:
        with contextlib.suppress(InvalidInput):  # no tag on this side of a merge
            name, distance, _ = run(repository, "describe", "--tags", "--long", parent).strip().rsplit("-", 2)
            found.append((int(distance), name))
    return min(found)[1] if found else ""


def merge_base(repository: Path, first: str, second: str) -> str:
    """Return the full sha of the best common ancestor of two revisions.

    Raises:
        InvalidInput: A revision does not exist, or there is no common ancestor: in CI the clone is often too shallow.
    """
    found = common_ancestor(repository, resolve(repository, first), resolve(repository, second))
    if not found:
        raise InvalidInput(
            f"{first[:12]} and {second[:12]} have no common ancestor here: check out with the whole history"
            " (fetch-depth: 0)"
        )
    return found


def common_ancestor(repository: Path, first: str, second: str) -> str:
    """Return the best common ancestor of two commits; empty if there is none."""
    try:
        return run(repository, "merge-base", first, second).split()[0]
    except InvalidInput:
        return ""
