"""Workspaces: temporary folders to measure in, which are removed when the measurement ends.

A workspace is locked while it is in use. One that a killed process left behind is removed when the next one is made.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "perfgate-measures-"
_LOCK = "lock"
_MIN_AGE_SECONDS = 60
"""A younger workspace without a held lock may just be being made: its owner creates the lock file before locking it."""


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Yield an empty folder; it is removed at the end, also when the block raises (KeyboardInterrupt included).

    The path contains no symbolic link, so that string comparison can tell whether a module's file lies below it.
    """
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    try:
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        remove(folder)


def workspace_of(path: Path) -> Path:
    """Return the workspace that contains *path*; outside of any workspace, the folder that contains it."""
    return next((folder for folder in path.parents if folder.name.startswith(PREFIX)), path.parent)


def is_in_use(folder: Path) -> bool:
    """Tell whether this process or another one uses the workspace *folder*."""
    try:
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def remove(path: Path) -> None:
    """Remove a file, or a folder with its content, even if it is read-only; a missing path is no error."""
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


def _remove_abandoned() -> None:
    """Remove workspaces whose owner is dead: their lock is free."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(lock.fileno()).st_mtime > _MIN_AGE_SECONDS:
                    remove(folder)
        except OSError:
            continue  # in use, being made, or another user's
