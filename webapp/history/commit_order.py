"""The order of a project's runs: by commit, then by arrival.

Commits are ordered by generation, which comes from git's graph. A commit without a generation (imported without a
repository) is placed by its time among the others. The order does not depend on the order of arrival, so an old history
can be imported after a new one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.history.chunks import IntArray, integers
from webapp.history.models import Commit, Project, Run

FloatArray = npt.NDArray[np.float64]

CACHED_PROJECTS = 32
"""Number of projects whose order one process caches."""


class Stamp(NamedTuple):
    """Identifies one state of the stored data of a project: equal stamps, equal data."""

    project_id: int
    created_at: datetime
    """Distinguishes the project from an earlier one with the same id, in a database that was created again."""
    revision: int

    @classmethod
    def from_columns(cls, project_id: int, created_at: datetime | str, revision: int) -> Stamp:
        """Return the stamp from the columns of a raw cursor. SQLite returns times as text without a zone."""
        if isinstance(created_at, str):
            created_at = datetime.fromisoformat(created_at).replace(tzinfo=UTC)
        return cls(project_id, created_at, revision)

    @property
    def tag(self) -> str:
        """The stamp as the content of an HTTP entity tag."""
        return f"{self.project_id}-{self.created_at.timestamp():.6f}-{self.revision}"


@dataclass(frozen=True)
class CommitOrder:
    """The runs of one project that are points of series, in commit order. Index *i* of each array is one run."""

    stamp: Stamp
    runs: IntArray
    """`Run` ids."""
    commits: IntArray
    """`Commit` ids."""
    times: FloatArray
    """Commit times, seconds since 1970 UTC. If unknown, the time when the commit was first measured or received."""
    first: int
    """Smallest `Run` id."""
    lookup: IntArray
    """Position of run ``first + i``; -1 if that run is no point of a series."""
    encoded: dict[str, npt.NDArray[np.bytes_]]
    """``run``, ``commit`` and ``time`` as JSON, each entry padded to one width, so that a selection can be joined fast."""

    def positions(self, runs: npt.NDArray[np.int32]) -> IntArray:
        """Return the position of each run; -1 for a run that was stored after this order was computed."""
        offsets = runs.astype(np.int64) - self.first
        inside = (offsets >= 0) & (offsets < len(self.lookup))
        if inside.all():
            found: IntArray = self.lookup[offsets]
            return found
        found = np.full(len(runs), -1)
        found[inside] = self.lookup[offsets[inside]]
        return found

    def column(self, name: str, positions: IntArray) -> msgspec.Raw:
        """Return the entries of one encoded column at *positions*, as a JSON array."""
        return msgspec.Raw(b"[" + self.encoded[name][positions].tobytes().rstrip(b", ") + b"]")


_cache: OrderedDict[int, CommitOrder] = OrderedDict()
_lock = Lock()


def order_at(stamp: Stamp) -> CommitOrder:
    """Return the order at *stamp* or later; from the cache if nothing was stored since."""
    with _lock:
        cached = _cache.get(stamp.project_id)
        if cached is not None and cached.stamp == stamp:
            _cache.move_to_end(stamp.project_id)
            return cached
    order = _compute(stamp)
    with _lock:
        _cache[stamp.project_id] = order
        _cache.move_to_end(stamp.project_id)
        while len(_cache) > CACHED_PROJECTS:
            _cache.popitem(last=False)
    return order


def project_stamp(project_id: int) -> Stamp:
    """Return the present stamp of a project."""
    return Stamp(*Project.objects.values_list("id", "created_at", "revision").get(pk=project_id))


def sort_commits(ids: IntArray, generations: FloatArray, times: FloatArray) -> IntArray:
    """Return the permutation that sorts commits.

    Args:
        ids: Shape ``(n,)``; breaks ties.
        generations: Shape ``(n,)``, NaN if unknown.
        times: Shape ``(n,)``, seconds, no NaN.

    >>> sort_commits(np.array([1, 2, 3]), np.array([2.0, 1.0, np.nan]), np.array([5.0, 3.0, 4.0])).tolist()
    [1, 2, 0]
    """
    unknown = np.isnan(generations)
    known = np.flatnonzero(~unknown)
    known = known[np.lexsort((ids[known], times[known], generations[known]))]
    slot = np.empty(len(ids))
    slot[known] = np.arange(len(known))
    # Times can decrease along the graph. A commit without a generation comes after all commits that are not younger.
    latest_so_far = np.maximum.accumulate(times[known])
    slot[unknown] = np.searchsorted(latest_so_far, times[unknown], side="right") - 0.5
    order: IntArray = np.lexsort((ids, times, slot))
    return order


class _RunRow(NamedTuple):
    id: int
    commit: int
    started_at: datetime | None
    received_at: datetime


class _CommitRow(NamedTuple):
    id: int
    sha: str
    generation: int | None
    committed_at: datetime | None


def _compute(stamp: Stamp) -> CommitOrder:
    runs, commits = _read_rows(stamp.project_id)
    times = _commit_times(runs, commits)
    run_ids = np.array([run.id for run in runs], np.int64)
    positions = _commit_positions(commits, times)
    order = np.lexsort((run_ids, np.array([positions[run.commit] for run in runs], np.int64)))
    in_order = [runs[index] for index in integers(order)]
    seconds = [times[run.commit] for run in in_order]
    first, lookup = _lookup(run_ids, order)
    return CommitOrder(
        stamp=stamp,
        runs=run_ids[order],
        commits=np.array([run.commit for run in in_order], np.int64),
        times=np.array(seconds, float),
        first=first,
        lookup=lookup,
        encoded={
            "run": _encode(str(run.id) for run in in_order),
            "commit": _encode(f'"{commits[run.commit].sha}"' for run in in_order),
            "time": _encode(f"{time:.0f}" for time in seconds),
        },
    )


def _read_rows(project_id: int) -> tuple[list[_RunRow], dict[int, _CommitRow]]:
    """Return the runs that are points, by ascending id, and all commits by id."""
    points = Run.objects.filter(project=project_id, number__isnull=False, superseded_by=None).order_by("id")
    runs = [_RunRow(*row) for row in points.values_list("id", "commit_id", "started_at", "received_at")]
    # Read after the runs, so that the commit of every run is included.
    rows = Commit.objects.filter(project=project_id).values_list("id", "sha", "generation", "committed_at")
    return runs, {row[0]: _CommitRow(*row) for row in rows}


def _commit_times(runs: Iterable[_RunRow], commits: Mapping[int, _CommitRow]) -> dict[int, float]:
    """Return the time of each commit in seconds. Commits with neither a time nor a run are left out."""
    times = {commit.id: commit.committed_at.timestamp() for commit in commits.values() if commit.committed_at}
    for run in runs:
        if commits[run.commit].committed_at is None:
            measured = (run.started_at or run.received_at).timestamp()
            times[run.commit] = min(times.get(run.commit, np.inf), measured)
    return times


def _commit_positions(commits: Mapping[int, _CommitRow], times: Mapping[int, float]) -> dict[int, int]:
    """Return the position of each commit that has a time."""
    ids = [commit for commit in commits if commit in times]
    generations = [commits[commit].generation for commit in ids]
    permutation = sort_commits(
        np.array(ids, np.int64),
        np.array([np.nan if generation is None else generation for generation in generations], float),
        np.array([times[commit] for commit in ids], float),
    )
    return {ids[index]: position for position, index in enumerate(integers(permutation))}


def _lookup(run_ids: IntArray, order: IntArray) -> tuple[int, IntArray]:
    """Return the smallest of *run_ids*, which are ascending, and the position in *order* of each id from there on."""
    if not len(run_ids):
        return 0, np.empty(0, np.int64)
    first = int(run_ids[0])
    lookup = np.full(int(run_ids[-1]) - first + 1, -1, np.int64)
    lookup[run_ids[order] - first] = np.arange(len(order))
    return first, lookup


def _encode(texts: Iterable[str]) -> npt.NDArray[np.bytes_]:
    """Return each text with a comma, padded with spaces to one width, which JSON allows between elements."""
    items: Sequence[bytes] = [text.encode() + b"," for text in texts]
    width = max(map(len, items), default=1)
    return np.array([item.ljust(width) for item in items], dtype=f"S{width}")
