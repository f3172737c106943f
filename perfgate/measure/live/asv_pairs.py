"""asv benchmarks as live pairs, driven through asv_runner: a worker per side, one pair of each benchmark.

asv gives every benchmark a process of its own. One that fails in a worker that served others before is therefore
tried again alone, and stays alone.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import Suite
from perfgate.measure.live.agent_process import START_SECONDS, Ended, Server
from perfgate.measure.live.lockstep import Lockstep
from perfgate.measure.live.source import HEAD, Item, PairFailed, Turn
from perfgate.measure.sides.side import AGENT_PACKAGE, Side
from perfgate.results.formats.asv import reader as asv
from perfgate.results.formats.untrusted_text import NO_COMMIT

_WORKER = ("-m", f"{AGENT_PACKAGE}.asv_worker")
_ALONE = Turn(number=0, hash_seed=0, cpu=None)


class AsvPairs(Lockstep):
    """The benchmarks of an asv suite.

    Args:
        suite: Where they stand.
        sides: Both sides, by role, with the same files of benchmarks.
        folder: Where processes run and write.
        timeout_seconds: Longest call or set-up of a benchmark that names no time-out of its own.

    Raises:
        MeasurementFailed: The suite cannot be imported on the head side.
    """

    import_seconds = START_SECONDS
    retries_alone = True

    def __init__(self, suite: Suite, sides: dict[str, Side], folder: Path, timeout_seconds: float) -> None:
        super().__init__(suite, sides, folder, timeout_seconds)
        assert suite.folder is not None
        self._benchmarks = suite.folder
        self._caches: dict[tuple[str, str], Path | PairFailed] = {}
        found = self._discover()
        self.tool: str = found["tool"]
        self.items = tuple(_items(found["benchmarks"]))

    def _can_reach(self, item: Item) -> bool:
        return bool(self._live) and item.address not in self._visited

    def _begin(self, item: Item, turn: Turn) -> None:  # noqa: ARG002 - every session can serve every benchmark
        for role in turn.order:
            self._live[role] = self._worker(self._sides[role], turn)
        for role in turn.order:
            try:
                self._live[role].expect("started", START_SECONDS)
            except Ended as end:
                raise MeasurementFailed(f"asv_runner does not start on the side of {end.reason}") from end

    def _request(self, side: Side, item: Item) -> dict[str, object]:
        return {**self._work("run", side, item), "room": str(self._prepared(side, item))}

    def _work(self, what: str, side: Side, item: Item) -> dict[str, object]:
        return {"do": what, "folder": str(side.checkout / self._benchmarks), "benchmark": item.address}

    def _worker(self, side: Side, turn: Turn, name: str = "plain") -> Server:
        return self._start(side, _WORKER, self._room(side, name), turn, name)

    def _discover(self) -> dict[str, Any]:
        """Return what the head side's benchmarks are; the base side imports them when it is their turn."""
        side = self._sides[HEAD]
        with self._worker(side, _ALONE) as server:
            try:
                server.expect("started", START_SECONDS)
                server.send(do="discover", folder=str(side.checkout / self._benchmarks))
                return server.expect("collected", START_SECONDS)
            except Ended as end:
                raise MeasurementFailed(
                    f"the asv suite in {self._benchmarks} cannot be imported: {end.reason}. It needs asv_runner and what"
                    " its benchmarks import: beside perfgate, or in the matrix of requirements where asv builds"
                ) from end

    def _room(self, side: Side, name: str) -> Path:
        room = self._folder / f"{side.role}_room" / name
        room.mkdir(parents=True, exist_ok=True)
        return room

    def _prepared(self, side: Side, item: Item) -> Path:
        """Return the folder to run *item* in, after `setup_cache` filled it once for all benchmarks that share it."""
        if item.cache is None:
            return self._room(side, "plain")
        key = (side.role, item.cache)
        if key not in self._caches:
            try:
                self._caches[key] = self._filled(side, item)
            except Ended as end:
                self._caches[key] = PairFailed.of([end])
        found = self._caches[key]
        if isinstance(found, PairFailed):
            raise PairFailed(found.reason, is_skip=found.is_skip)
        return found

    def _filled(self, side: Side, item: Item) -> Path:
        name = f"cache{len(self._caches) // 2:04d}"
        with self._worker(side, _ALONE, name) as server:
            server.expect("started", START_SECONDS)
            server.send(**self._work("cache", side, item))
            server.expect("cached", item.cache_timeout_seconds or self._patience(item))
        return self._room(side, name)


def _items(benchmarks: list[dict[str, Any]]) -> list[Item]:
    """Return the items of all combinations, named as asv's own result file would name them."""
    document = {
        "commit_hash": NO_COMMIT,
        "result_columns": ["result", "params", "version"],
        "results": {
            one["name"]: [[None] * _count(one["parameters"]), one["parameters"], one["version"]] for one in benchmarks
        },
    }
    context = {
        one["name"]: {"type": one["type"], "unit": one["unit"], "param_names": one["parameter_names"]}
        for one in benchmarks
    }
    run = asv.read(msgspec.json.encode(document), name="collected", context=msgspec.json.encode(context))
    samples = iter(run.samples)
    items = []
    for one in benchmarks:
        for index, sample in enumerate(itertools.islice(samples, _count(one["parameters"]))):
            items.append(
                Item(
                    benchmark=sample.benchmark,
                    metric=sample.metric,
                    address=f"{one['name']}-{index}" if one["parameters"] else one["name"],
                    timeout_seconds=one["timeout"],
                    cache=one["cache"],
                    cache_timeout_seconds=one["cache_timeout"],
                )
            )
    return items


def _count(parameters: list[list[str]]) -> int:
    count = 1
    for values in parameters:
        count *= len(values)
    return count
