"""Search one series for change points, with a cache per process.

A series is searched after every run that adds a point to it. The cache holds the last result, so that only the part that
a new point may change is searched again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from perfgate.stats.blocks import first_open
from perfgate.stats.changepoints import SearchResult, search
from webapp.history.series import Points

MAX_CACHED_SERIES = 10_000
"""Results that one process keeps; the least recently used are dropped."""


@dataclass(frozen=True)
class _CachedSearch:
    """The result for the first `length` points of a series, and the digest of these points."""

    length: int
    digest: bytes
    result: SearchResult


_cache: OrderedDict[int, _CachedSearch] = OrderedDict()
_lock = Lock()


def search_series(series_id: int, points: Points) -> SearchResult:
    """Return the change points of one series by itself.

    The result is the same with and without the cache.

    Args:
        series_id: The key in the cache.
        points: All points of the series.
    """
    with _lock:
        cached = _cache.pop(series_id, None)
    if cached is not None and cached.digest != _digest(points, cached.length):
        cached = None
    if cached is None or cached.length < len(points.values):
        cached = _CachedSearch(len(points.values), _digest(points, len(points.values)), _search(points, cached))
    with _lock:
        _cache[series_id] = cached
        while len(_cache) > MAX_CACHED_SERIES:
            _cache.popitem(last=False)
    return cached.result


def clear_cache() -> None:
    """Forget all results, as in a process that has just started."""
    with _lock:
        _cache.clear()


def _search(points: Points, cached: _CachedSearch | None) -> SearchResult:
    """Search the points that the cached result does not cover, and join both results."""
    labels = points.segments.tolist()
    if cached is None or cached.length == 0:
        return search(points.values, segments=labels)
    start = first_open(cached.length, len(points.values), labels)
    new = search(points.values, segments=labels, since=cached.length)
    return SearchResult(
        (*(point for point in cached.result.change_points if point.index < start), *new.change_points),
        (*(point for point in cached.result.candidates if point.index < start), *new.candidates),
    )


def _digest(points: Points, length: int) -> bytes:
    """Return a digest of the first *length* points, an empty one if there are fewer."""
    if length > len(points.values):
        return b""
    content = points.values[:length].tobytes() + points.segments[:length].tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()
