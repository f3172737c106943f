"""The on-disk cache: wheels built from commits, environments built by asv, traces of suites.

An entry is a folder with its content and a seal, which is written last and holds the digest of every file. An entry
that is incomplete, too old or does not match its seal is removed, and the caller builds it again. The cache is a
convenience: where it cannot be written, everything works without it.

Keys must name everything that the content depends on, so that no entry is used for another commit.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import math
import os
import shutil
import stat
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from perfgate.measure.seals import Seal, matches, read_seal, write_seal
from perfgate.measure.workspaces import is_in_use, remove

_CONTENT, _SEAL, _OWNER, _LOCK, _VALUE = "content", "seal.json", "owner", "lock", "value"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one cache keeps; the entries that were unused for longest are removed first."""

    entries: float
    size_bytes: float
    age_seconds: float
    """An older entry is not used any more."""


BUILDS, TRACES = "builds-1", "traces-2"
"""Names of the caches. The number changes whenever the form of the entries changes."""

LIMITS = {
    # Old builds are made again, because the tools that build come from a package index and are updated.
    BUILDS: Limits(entries=40, size_bytes=4 * 2**30, age_seconds=7 * 86400.0),
    TRACES: Limits(entries=math.inf, size_bytes=64_000_000, age_seconds=math.inf),
}


def cache_folder() -> Path:
    """Return perfgate's cache folder: ``$PERFGATE_CACHE_DIR``, else the platform's, ``~/.cache/perfgate`` on Linux."""
    if configured := os.environ.get("PERFGATE_CACHE_DIR"):
        return Path(configured).absolute()
    return platformdirs.user_cache_path("perfgate")


class Cache:
    """One cache: a folder of entries that only the user may write to.

    Args:
        name: `BUILDS` or `TRACES`.
        folder: Where to put it; made if it does not exist. None: in `cache_folder`.

    Raises:
        OSError: The folder cannot be made, belongs to another user, or others may write to it.
        RuntimeError: The user has no home folder.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._limits = LIMITS[name]
        top = folder or cache_folder()
        top.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = top / name
        self._root.mkdir(mode=0o700, exist_ok=True)
        found = self._root.lstat()
        is_private = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not stat.S_ISDIR(found.st_mode) or not is_private:
            raise PermissionError(f"{self._root} must be a folder that only its owner can write to")

    def fetch(self, key: str, destination: Path) -> bool:
        """Copy the entry *key* to the new folder *destination*; return whether there was a sound one."""
        entry = self._root / key
        with self._locked():
            seal = self._seal_of(entry)
            if seal is not None:
                shutil.copytree(entry / _CONTENT, destination, symlinks=True)
                if matches(destination, seal):
                    os.utime(entry / _SEAL)
                    return True
            remove(destination)
            remove(entry)
        return False

    def store(self, key: str, source: Path) -> None:
        """Keep a copy of the folder *source* as the entry *key*; a cache that is full or broken is no error."""
        with contextlib.suppress(OSError), self._locked():
            entry = self._root / key
            remove(entry)
            shutil.copytree(source, entry / _CONTENT, symlinks=True)
            write_seal(entry / _CONTENT, entry / _SEAL)
            self._evict()

    def load(self, key: str) -> bytes | None:
        """Return the bytes that `save` kept under *key*; None if there is no sound entry."""
        entry = self._root / _hashed(key)
        try:
            with self._locked():
                seal = self._seal_of(entry)
                if seal is None or not matches(entry / _CONTENT, seal):
                    return None
                os.utime(entry / _SEAL)
                return zlib.decompress((entry / _CONTENT / _VALUE).read_bytes())
        except (OSError, zlib.error):
            return None

    def save(self, key: str, value: bytes) -> None:
        """Keep *value* under *key*, which may be of any length; a cache that is full or broken is no error."""
        with contextlib.suppress(OSError), self._locked():
            entry = self._root / _hashed(key)
            remove(entry)
            (entry / _CONTENT).mkdir(parents=True)
            (entry / _CONTENT / _VALUE).write_bytes(zlib.compress(value))
            write_seal(entry / _CONTENT, entry / _SEAL)
            self._evict()

    def claim(self, key: str, user: Path) -> Path:
        """Return the content folder of an entry that nobody else uses while *user* is in use; it may be empty.

        Entries that are used in place have a number of constant length behind their key, so that two simultaneous
        checks get one each, at paths of equal length.

        Args:
            key: What is needed.
            user: A workspace; it is in use until it is removed or its process ends.
        """
        with self._locked():
            self._evict()
            candidates = (self._root / f"{key}-{number:03d}" for number in itertools.count())
            entry = next(path for path in candidates if not _is_used(path))
            seal = self._seal_of(entry)
            if seal is not None and matches(entry / _CONTENT, seal):
                os.utime(entry / _SEAL)
            else:
                remove(entry)
                (entry / _CONTENT).mkdir(parents=True)
            (entry / _OWNER).write_text(str(user))
        return entry / _CONTENT

    def seal(self, content: Path) -> None:
        """Mark a claimed entry as complete: it may be used again, as long as its content stays as it is now."""
        with self._locked():
            write_seal(content, content.parent / _SEAL)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes and threads from changing entries."""
        with (self._root / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _seal_of(self, entry: Path) -> Seal | None:
        """Return the seal of an entry that is complete and not too old."""
        seal = read_seal(entry / _SEAL)
        return seal if seal and 0 <= time.time() - seal.made < self._limits.age_seconds else None

    def _evict(self) -> None:
        """Remove entries that are incomplete, too old or beyond the limits; entries in use stay and do not count."""
        count, size = 0, 0
        unused = [path for path in self._root.iterdir() if path.is_dir() and not _is_used(path)]
        for entry in sorted(unused, key=_last_use, reverse=True):
            seal = self._seal_of(entry)
            if seal and count < self._limits.entries and size + seal.size <= self._limits.size_bytes:
                count, size = count + 1, size + seal.size
            else:
                remove(entry)


def user_cache(name: str, *, fallback: Path) -> Cache:
    """Return the user's cache; where it cannot be written, one in the folder *fallback*."""
    with contextlib.suppress(OSError, RuntimeError):
        return Cache(name)
    return Cache(name, fallback)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _is_used(entry: Path) -> bool:
    try:
        return is_in_use(Path((entry / _OWNER).read_text()))
    except OSError:
        return False


def _last_use(entry: Path) -> float:
    with contextlib.suppress(OSError):
        return (entry / _SEAL).stat().st_mtime
    return 0.0
