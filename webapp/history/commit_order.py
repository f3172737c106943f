"""In which order the runs of a project follow each other: by commit, and as they came where the commit is the same.

Commits stand in the order of their generations, which git's own graph gives. Where a commit has none (no repository
was at hand), it is placed by its time among those that have. Nothing here depends on the order of arrival, so an old
history may be imported after a new one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.history.chunks import IntArray, integers
from webapp.history.models import Commit, Project, Run

FloatArray = npt.NDArray[np.float64]

PROJECTS_KEPT = 32
"""How many projects' orders one process remembers."""


class Stamp(NamedTuple):
    """Names one state of what is stored of a project; two equal stamps saw the same."""

    project_id: int
    created_at: datetime
    """Tells a project from an earlier one of the same id, in a database that was made anew."""
    revision: int

    @classmethod
    def of(cls, project_id: int, created_at: datetime | str, revision: int) -> Stamp:
        """Return the stamp from columns as a bare cursor reads them; SQLite's has times as text, without the zone."""
        if isinstance(created_at, str):
            created_at = datetime.fromisoformat(created_at).replace(tzinfo=UTC)
        return cls(project_id, created_at, revision)

    @property
    def tag(self) -> str:
        """The stamp as an HTTP entity tag's content."""
        return f"{self.project_id}-{self.created_at.timestamp():.6f}-{self.revision}"


@dataclass(frozen=True)
class Order:
    """The runs of one project that are points of series, in commit order; position *i* in every array is one run."""

    stamp: Stamp
    runs: IntArray
    """`Run` ids."""
    commits: IntArray
    """`Commit` ids."""
    times: FloatArray
    """Commit time, seconds since 1970 UTC; where unknown, when it was first measured or received."""
    first: int
    lookup: IntArray
    """Position of run ``first + i``, -1 where that run is no point of a series."""
    encoded: dict[str, npt.NDArray[np.bytes_]]
    """The same as JSON, each entry padded to one width, ready to be cut out and joined: ``run``, ``commit``, ``time``."""

    def places(self, runs: npt.NDArray[np.int32]) -> IntArray:
        """Return the position of each run, -1 for one that came after this order was made."""
        offsets = runs.astype(np.int64) - self.first
        inside = (offsets >= 0) & (offsets < len(self.lookup))
        if inside.all():
            found: IntArray = self.lookup[offsets]
            return found
        found = np.full(len(runs), -1)
        found[inside] = self.lookup[offsets[inside]]
        return found

    def column(self, name: str, places: IntArray) -> msgspec.Raw:
        """Return the JSON array of one encoded column at *places*."""
        return msgspec.Raw(b"[" + self.encoded[name][places].tobytes().rstrip(b", ") + b"]")


_orders: OrderedDict[int, Order] = OrderedDict()
_lock = Lock()


def of(stamp: Stamp) -> Order:
    """Return the order at *stamp* or later, from memory where nothing was stored since."""
    with _lock:
        known = _orders.get(stamp.project_id)
        if known is not None and known.stamp == stamp:
            _orders.move_to_end(stamp.project_id)
            return known
    made = _make(stamp)
    with _lock:
        _orders[stamp.project_id] = made
        _orders.move_to_end(stamp.project_id)
        while len(_orders) > PROJECTS_KEPT:
            _orders.popitem(last=False)
    return made


def stamp(project_id: int) -> Stamp:
    """Return the present stamp of a project."""
    return Stamp(*Project.objects.values_list("id", "created_at", "revision").get(pk=project_id))


def commit_order(ids: IntArray, generations: FloatArray, times: FloatArray) -> IntArray:
    """Return the permutation that puts commits in order.

    Args:
        ids: Shape ``(n,)``; breaks ties.
        generations: Shape ``(n,)``, NaN where unknown.
        times: Shape ``(n,)``, seconds, no NaN.

    >>> commit_order(np.array([1, 2, 3]), np.array([2.0, 1.0, np.nan]), np.array([5.0, 3.0, 4.0])).tolist()
    [1, 2, 0]
    """
    unknown = np.isnan(generations)
    known = np.flatnonzero(~unknown)
    known = known[np.lexsort((ids[known], times[known], generations[known]))]
    slot = np.empty(len(ids))
    slot[known] = np.arange(len(known))
    # Times may run backwards along the graph: a commit without a generation follows all that are not younger.
    latest_so_far = np.maximum.accumulate(times[known])
    slot[unknown] = np.searchsorted(latest_so_far, times[unknown], side="right") - 0.5
    order: IntArray = np.lexsort((ids, times, slot))
    return order


def _make(stamp: Stamp) -> Order:
    runs = list(
        Run.objects.filter(project=stamp.project_id, number__isnull=False, superseded_by=None)
        .order_by("id")
        .values_list("id", "commit_id", "started_at", "received_at")
    )
    commits = {row[0]: row[1:] for row in _commit_rows(stamp.project_id)}  # after the runs: none of theirs is missing
    times = {one: row[2].timestamp() for one, row in commits.items() if row[2] is not None}
    for _, commit, started, received in runs:
        if commits[commit][2] is None:
            times[commit] = min(times.get(commit, np.inf), (started or received).timestamp())
    measured = [one for one in commits if one in times]
    generations = [commits[one][1] for one in measured]
    permutation = commit_order(
        np.array(measured, np.int64),
        np.array([np.nan if each is None else each for each in generations], float),
        np.array([times[one] for one in measured], float),
    )
    place_of = {measured[index]: place for place, index in enumerate(integers(permutation))}
    run_ids = np.array([row[0] for row in runs], np.int64)
    order = np.lexsort((run_ids, np.array([place_of[row[1]] for row in runs], np.int64)))
    in_order = [runs[index] for index in integers(order)]
    commit_ids = [row[1] for row in in_order]
    seconds = [times[one] for one in commit_ids]
    first = int(run_ids[0]) if len(run_ids) else 0
    lookup = np.full(int(run_ids[-1]) - first + 1 if len(run_ids) else 0, -1, np.int64)
    lookup[run_ids[order] - first] = np.arange(len(order))
    return Order(
        stamp=stamp,
        runs=run_ids[order],
        commits=np.array(commit_ids, np.int64),
        times=np.array(seconds, float),
        first=first,
        lookup=lookup,
        encoded={
            "run": _encoded(str(row[0]) for row in in_order),
            "commit": _encoded(f'"{commits[one][0]}"' for one in commit_ids),
            "time": _encoded(f"{each:.0f}" for each in seconds),
        },
    )


def _commit_rows(project_id: int) -> Iterable[tuple[Any, ...]]:
    return Commit.objects.filter(project=project_id).values_list("id", "sha", "generation", "committed_at")


def _encoded(texts: Iterable[str]) -> npt.NDArray[np.bytes_]:
    """Return one entry for each text, all of one width: text, comma, spaces, which JSON allows between elements."""
    items = [text.encode() + b"," for text in texts]
    width = max(map(len, items), default=1)
    return np.array([item.ljust(width) for item in items], dtype=f"S{width}")
