"""asv benchmarks as live pairs: one process per side, benchmark and pair, driven through asv_runner."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec

from perfgate.adapters import asv
from perfgate.adapters.text import NO_COMMIT
from perfgate.errors import MeasurementFailed
from perfgate.suite.discover import Suite
from perfgate.suite.server import GRACE_SECONDS, START_SECONDS, Ended, Server, stop_all
from perfgate.suite.sides import SERVED, Side
from perfgate.suite.source import HEAD, Item, PairFailed, Turn

_WORKER = ("-m", f"{SERVED}.asv_worker")
_ANY_SEED = 0


class AsvPairs:
    """The benchmarks of an asv suite.

    Args:
        suite: Where they stand.
        sides: Both sides, by role, with the same files of benchmarks.
        folder: Where processes run and write.
        timeout_seconds: Longest call of a benchmark that names no time-out of its own.

    Raises:
        MeasurementFailed: The suite cannot be imported on the head side.
    """

    def __init__(self, suite: Suite, sides: dict[str, Side], folder: Path, timeout_seconds: float) -> None:
        assert suite.folder is not None
        self._benchmarks = suite.folder
        self._sides = sides
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._live: dict[str, Server] = {}
        self._caches: dict[tuple[str, str], Path] = {}
        found = self._discover()
        self.tool: str = found["tool"]
        self.items = tuple(_items(found["benchmarks"]))

    def bring_up(self, item: Item, turn: Turn) -> dict[str, Server]:
        """Start a process per side and wait until both are set up."""
        try:
            for role in turn.order:
                side = self._sides[role]
                self._live[role] = self._start(side, self._prepared(side, item), turn.hash_seed)
                self._live[role].send(
                    do="run", folder=str(side.checkout / self._benchmarks), benchmark=item.address, origins=side.origins
                )
            for role in turn.order:
                self._live[role].expect("ready", self._patience(item) + START_SECONDS)
                self._live[role].pin(turn.cpu)
        except Ended as end:
            self.abandon()
            raise PairFailed.of([end]) from end
        return self._live

    def finish(self, item: Item) -> None:
        """Tear the benchmark down on both sides and look at what they imported."""
        try:
            for server in self._live.values():
                server.send(do="next")
            for server in self._live.values():
                server.side.refuse_foreign(server.receive(self._patience(item))["foreign"])
        except Ended as end:
            self.abandon()
            raise PairFailed.of([end]) from end
        self.close()

    def abandon(self) -> None:
        """End both processes at once."""
        self._end(0.0)

    def close(self) -> None:
        """End both processes."""
        self._end(GRACE_SECONDS)

    def _end(self, grace_seconds: float) -> None:
        stop_all(self._live.values(), grace_seconds)
        self._live = {}

    def _patience(self, item: Item) -> float:
        return item.timeout_seconds or self._timeout_seconds

    def _start(self, side: Side, cwd: Path, hash_seed: int = _ANY_SEED) -> Server:
        output = self._folder / f"{side.role}_out"
        return Server(side, _WORKER, cwd=cwd, hash_seed=hash_seed, output=output)

    def _discover(self) -> dict[str, Any]:
        """Return what the head side's benchmarks are; the base side imports them when it is their turn."""
        side = self._sides[HEAD]
        with self._start(side, self._room(side, "discover")) as server:
            server.send(do="discover", folder=str(side.checkout / self._benchmarks))
            try:
                return server.expect("collected", START_SECONDS)
            except Ended as end:
                raise MeasurementFailed(
                    f"the asv suite in {self._benchmarks} cannot be imported: {end.reason}. It needs asv_runner and what"
                    " its benchmarks import, in the environment that perfgate runs in"
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
            room = self._room(side, f"cache{len(self._caches) // 2:04d}")
            with self._start(side, room) as server:
                server.send(do="cache", folder=str(side.checkout / self._benchmarks), benchmark=item.address)
                server.expect("cached", self._patience(item) + START_SECONDS)
            self._caches[key] = room
        return self._caches[key]


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
                )
            )
    return items


def _count(parameters: list[list[str]]) -> int:
    count = 1
    for values in parameters:
        count *= len(values)
    return count
