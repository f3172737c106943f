"""Checkouts of revisions: repositories of their own that share nothing but objects with the user's repository.

The user's repository is only read. No worktree is registered in it, so that even SIGKILL leaves nothing there.
"""

from __future__ import annotations

import contextlib
import filecmp
import shutil
from pathlib import Path

from perfgate import git
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure.suites import Suite
from perfgate.measure.workspaces import remove


def check_out(repository: Path, sha: str, destination: Path) -> None:
    """Put the files of commit *sha* into the new folder *destination*, as a repository of its own.

    It borrows the objects of *repository* and has its tags, because versions may be computed from them. No git hook
    runs.

    Raises:
        MeasurementFailed: git failed; the message has its last line.
    """
    try:
        git.run(repository, "init", "--quiet", "--template=", "--", str(destination))
        common = Path(git.run(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").rstrip("\n"))
        inside = destination / ".git"
        (inside / "objects/info").mkdir(exist_ok=True)
        (inside / "objects/info/alternates").write_text(f"{common / 'objects'}\n")
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(common / "shallow", inside / "shallow")
        tags = git.run(repository, "for-each-ref", "--format=create %(refname) %(objectname)", "refs/tags")
        git.run(destination, "update-ref", "--stdin", stdin=tags)
        git.run(destination, "checkout", "--quiet", "--force", "--detach", sha)
    except InvalidInput as error:
        raise MeasurementFailed(f"cannot check out {sha[:12]}: {error}") from error


def copy_benchmarks(suite: Suite, source: Path, destination: Path) -> None:
    """Replace the benchmarks in *destination* by those of *source*, so that both sides run the same benchmarks."""
    for path in suite.shared:
        remove(destination / path)
        (destination / path).parent.mkdir(parents=True, exist_ok=True)
        if (source / path).is_dir():
            shutil.copytree(source / path, destination / path, symlinks=True)
        elif (source / path).exists():
            shutil.copy2(source / path, destination / path)


def is_same(first: Path, second: Path) -> bool:
    """Tell whether two files, or two folders with everything in them, have the same content."""
    if first.is_dir() and second.is_dir():
        names = {path.name for folder in (first, second) for path in folder.iterdir() if path.name != "__pycache__"}
        return all(is_same(first / name, second / name) for name in names)
    if first.is_file() and second.is_file():
        return filecmp.cmp(first, second, shallow=False)
    return not first.exists() and not second.exists()
