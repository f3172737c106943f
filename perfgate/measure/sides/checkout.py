"""A folder to measure in: checkouts of revisions that share nothing but objects with the repository, then gone.

The repository is only read: no worktree is registered in it, so nothing is left there even by SIGKILL. What SIGKILL
leaves is the folder itself, in the system's folder for temporary files; the next workspace removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from perfgate import git
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure.discover import Suite

PREFIX = "perfgate-measures-"
_LOCK = "lock"
_YOUNG_SECONDS = 60
"""Between making its lock and taking it, a workspace looks like one that was left behind."""


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Give an empty folder that is removed at the end, also after an exception.

    No signal handler is installed: a program that wants SIGTERM to remove the folder lets it raise an exception, as
    the command line does.

    The path contains no symbolic link, so that a module's file can be told to lie below it.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    try:
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        remove(folder)


def workspace_of(path: Path) -> Path:
    """Return the workspace that *path* lies in; outside of any, the folder that holds it."""
    return next((folder for folder in path.parents if folder.name.startswith(PREFIX)), path.parent)


def is_alive(folder: Path) -> bool:
    """Tell whether the workspace *folder* is in use, by this process or another."""
    try:
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def check_out(repository: Path, sha: str, destination: Path) -> None:
    """Put the files of commit *sha* into the new folder *destination*, a repository of its own.

    It borrows the objects of *repository* and knows its tags (a version may be computed from them). No hook runs.

    Raises:
        MeasurementFailed: git could not; carries its last line.
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


def share_benchmarks(suite: Suite, source: Path, destination: Path) -> None:
    """Make the benchmarks in *destination* those of *source*: a changed benchmark is no change of the code."""
    for path in suite.shared:
        remove(destination / path)
        (destination / path).parent.mkdir(parents=True, exist_ok=True)
        if (source / path).is_dir():
            shutil.copytree(source / path, destination / path, symlinks=True)
        elif (source / path).exists():
            shutil.copy2(source / path, destination / path)


def is_same(one: Path, other: Path) -> bool:
    """Tell whether two files, or two folders with all that is in them, hold the same."""
    if one.is_dir() and other.is_dir():
        names = {path.name for folder in (one, other) for path in folder.iterdir() if path.name != "__pycache__"}
        return all(is_same(one / name, other / name) for name in names)
    if one.is_file() and other.is_file():
        return filecmp.cmp(one, other, shallow=False)
    return not one.exists() and not other.exists()


def remove(path: Path) -> None:
    """Remove a file or folder with all that it holds, also what was made read-only; nothing there is no error."""
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                Path(folder).chmod(0o700)
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():  # a process that was just killed may have written a last file
            time.sleep(0.2)
            shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sweep() -> None:
    """Remove workspaces whose owner is dead: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(lock.fileno()).st_mtime > _YOUNG_SECONDS:
                    remove(folder)
        except OSError:
            continue  # in use, just being made, or somebody else's
