"""What was worked out once and need not be again: small entries in the user's cache folder.

The cache is a convenience: whatever goes wrong with it, the answer is "nothing is kept". An entry that was damaged, or
that somebody else could have written, is not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import zlib
from pathlib import Path

MAX_BYTES = 64_000_000
"""What all entries of one kind may take together; the longest unused are dropped first."""

_DIGEST_BYTES = 32


def folder() -> Path:
    """Return perfgate's cache folder: ``$PERFGATE_CACHE_DIR``, else below ``$XDG_CACHE_HOME``, else ``~/.cache``."""
    if own := os.environ.get("PERFGATE_CACHE_DIR"):
        return Path(own).absolute()
    everybody = os.environ.get("XDG_CACHE_HOME", "")
    # A relative one is to be ignored, says the XDG base directory specification.
    return (Path(everybody) if Path(everybody).is_absolute() else Path.home() / ".cache") / "perfgate"


def load(kind: str, key: str) -> bytes | None:
    """Return what was kept under *key* among the entries of one *kind*; None if nothing sound is there."""
    try:
        place = _room(kind) / _name(key)
        content = place.read_bytes()
        found = zlib.decompress(content[_DIGEST_BYTES:])
        if hashlib.sha256(found).digest() != content[:_DIGEST_BYTES]:
            return None
        os.utime(place)
    except (OSError, RuntimeError, zlib.error):
        return None
    return found


def keep(kind: str, key: str, content: bytes) -> None:
    """Keep *content* under *key*, whole or not at all; where that cannot be done, nothing happens."""
    with contextlib.suppress(OSError, RuntimeError):
        room = _room(kind)
        handle, unfinished = tempfile.mkstemp(dir=room)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).digest() + zlib.compress(content))
            Path(unfinished).replace(room / _name(key))
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        _bound(room)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _room(kind: str) -> Path:
    """Return the folder of one kind of entries, made if need be.

    Raises:
        OSError: It cannot be made, or others may write there.
        RuntimeError: The user has no home.
    """
    top = folder()
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    (top / kind).mkdir(mode=0o700, exist_ok=True)
    for one in (top, top / kind):
        facts = one.stat()
        if facts.st_uid != os.geteuid() or facts.st_mode & stat.S_IWOTH:
            raise PermissionError(f"{one} is not the user's alone")
    return top / kind


def _bound(room: Path) -> None:
    """Drop the entries that were unused for longest until the rest fits."""
    left = MAX_BYTES
    entries = sorted(((entry.stat(), entry) for entry in room.iterdir()), key=lambda each: -each[0].st_mtime)
    for facts, entry in entries:
        left -= facts.st_size
        if left < 0:
            entry.unlink(missing_ok=True)
