"""What ``perfgate doctor`` expects a pair to cost on this machine, kept until a check shows what it did cost."""

from __future__ import annotations

import contextlib
import math

from perfgate.measure.cache import cache_folder

_FILE = "forecast"


def keep(pair_seconds: float) -> None:
    """Keep the forecast in perfgate's cache folder; where that cannot be written, nothing is kept."""
    with contextlib.suppress(OSError, RuntimeError):
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _FILE).write_text(f"{pair_seconds!r}\n", encoding="ascii")


def kept() -> float | None:
    """Return the seconds a pair that were expected last; None if there is no forecast."""
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        seconds = float((cache_folder() / _FILE).read_text(encoding="ascii"))
        return seconds if math.isfinite(seconds) and seconds > 0 else None
    return None
