"""Read commits as records, in order, with their generations and branches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from perfgate.errors import InvalidInput
from perfgate.git.repository import common_ancestor, is_shallow, reference, resolve, root, run
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Commit

_FIELD, _COMMIT = "\x1f", "\x00"
_FORMAT = _FIELD.join(("%H", "%P", "%ct", "%an", "%s")).replace(_FIELD, "%x1f")


def commit(repository: Path, revision: str) -> Commit:
    """Return one commit with its generation and branch.

    Args:
        repository: Any folder in a repository.
        revision: Anything that git resolves to a commit.

    Returns:
        The commit. `generation` is None in a shallow clone. `branch` is empty on the default branch, and if the revision
        belongs to no named branch.

    Raises:
        InvalidInput: There is no such repository or revision.
    """
    sha = resolve(repository, revision)
    for found in _with_generations(repository, sha):
        if found.sha == sha:
            return msgspec.structs.replace(found, branch=_branch(repository, revision, sha))
    raise InvalidInput(f"{revision!r} could not be read in {repository}: run 'git fsck'")


def commits(repository: Path) -> Iterator[Commit]:
    """Yield all commits that a reference reaches, ancestors before descendants, each once.

    In a shallow clone, `generation` is None. `branch` is always empty, because a commit can belong to many.

    Raises:
        InvalidInput: *repository* is no git repository.
    """
    root(repository)
    if run(repository, "rev-list", "--max-count=1", "--all").strip():  # a repository without commits has no HEAD
        yield from _with_generations(repository, "--all", "HEAD")


def commits_between(repository: Path, good: str, bad: str) -> tuple[Commit, ...]:
    """Return the commits after *good* up to *bad* along first parents, oldest first. So a merge is one commit.

    `generation` and `branch` are not set.

    Raises:
        InvalidInput: There is no such revision, both are the same commit, or *good* is not on the first-parent line of
            *bad*; names the commit to use instead, if there is one.
    """
    first, last = resolve(repository, good), resolve(repository, bad)
    if first == last:
        raise InvalidInput(f"{good!r} and {bad!r} are the same commit {first[:12]}: there is nothing between them")
    if run(repository, "rev-list", "--max-count=1", first, f"^{last}").strip():
        common = common_ancestor(repository, first, last)
        hint = f"name {common[:12]}, where they part" if common else "they share no history that is here; fetch it all"
        raise InvalidInput(f"{good!r} is no ancestor of {bad!r}: {hint}")
    entries = list(_log(repository, "--first-parent", "--reverse", f"{first}..{last}"))
    _, parents = entries[0]
    if parents[0] != first:
        raise InvalidInput(
            f"{good!r} came into {bad!r} through a merge and does not lie on its first-parent line: name"
            f" {parents[0][:12]}, the last commit of that line before it"
        )
    return tuple(found for found, _ in entries)


def merged_branch(repository: Path, sha: str) -> tuple[str, str] | None:
    """Return the fork point and the last commit of the branch that the merge *sha* merged; None if it is no merge."""
    parents = run(repository, "rev-list", "--max-count=1", "--parents", sha).split()[1:]
    return (common_ancestor(repository, parents[0], parents[1]), parents[1]) if len(parents) > 1 else None


def _with_generations(repository: Path, *starts: str) -> Iterator[Commit]:
    shallow = is_shallow(repository)
    generations: dict[str, int] = {}
    for found, parents in _log(repository, "--topo-order", "--reverse", *starts):
        generation = 1 + max((generations[parent] for parent in parents if parent in generations), default=0)
        generations[found.sha] = generation
        yield found if shallow else msgspec.structs.replace(found, generation=generation)


def _log(repository: Path, *arguments: str) -> Iterator[tuple[Commit, list[str]]]:
    """Yield the commits that ``git log`` lists, without generation and branch, and the shas of their parents."""
    for entry in run(repository, "log", "-z", f"--format={_FORMAT}", *arguments, "--").split(_COMMIT):
        if not entry:
            continue
        sha, parents, committed, author, subject = entry.split(_FIELD, 4)
        found = Commit(
            sha=sha,
            committed_at=_commit_time(committed),
            author=author[:MAX_TEXT_CHARACTERS],
            subject=subject[:MAX_TEXT_CHARACTERS],
        )
        yield found, parents.split()


def _commit_time(seconds: str) -> datetime | None:
    """Return the committer time; None for a date outside the calendar, which some old conversions produced."""
    try:
        return datetime.fromtimestamp(int(seconds), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _branch(repository: Path, revision: str, sha: str) -> str:
    """Return the branch that *revision* names or that is checked out at it; empty for the default branch or none."""
    name = reference(repository, "rev-parse", "--symbolic-full-name", "--end-of-options", revision)
    if name == "HEAD" or (not name and resolve(repository, "HEAD") == sha):
        name = reference(repository, "symbolic-ref", "--quiet", "HEAD")
    kind, _, branch = name.removeprefix("refs/").partition("/")
    if kind == "remotes":
        branch = branch.partition("/")[2]
    elif kind != "heads":
        return ""
    default = reference(repository, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD").rpartition("/")[2]
    return "" if branch in ({default} if default else {"main", "master"}) else branch
