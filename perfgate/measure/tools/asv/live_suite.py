"""asv benchmarks in live pairs: one agent for each side, which runs benchmark after benchmark through asv_runner.

asv gives every benchmark a process of its own. A benchmark that fails in an agent that ran others before is therefore
tried again in a new agent, and then always gets one of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.live.agent_process import START_SECONDS, AgentProcess
from perfgate.measure.live.failures import AgentFailed, PairFailed
from perfgate.measure.live.items import Item
from perfgate.measure.live.live_suite import LiveSuite, PairConditions
from perfgate.measure.sides.side import AGENT_PACKAGE, HEAD, Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools.asv.items import collected_items

_WORKER = ("-m", f"{AGENT_PACKAGE}.asv.worker")
_UNPAIRED = PairConditions(number=0, hash_seed=0, cpu=None)


class AsvLiveSuite(LiveSuite):
    """The benchmarks of an asv suite.

    Args:
        suite: The suite.
        sides: Both sides, by role, with the same benchmark files.
        folder: A folder in which processes run and write.
        timeout_seconds: Longest call or set-up of a benchmark that sets no time-out of its own.

    Raises:
        MeasurementFailed: The suite cannot be imported on the head side.
    """

    import_seconds = START_SECONDS
    retries_alone = True

    def __init__(self, suite: Suite, sides: Mapping[str, Side], folder: Path, timeout_seconds: float) -> None:
        super().__init__(suite, sides, folder, timeout_seconds)
        assert suite.folder is not None
        self._benchmarks = suite.folder
        self._caches: dict[tuple[str, str], Path | PairFailed] = {}
        found = self._collect()
        self.tool_version = found["tool"]
        self.items = tuple(collected_items(found["benchmarks"]))

    def _can_reach(self, item: Item) -> bool:
        return bool(self._agents) and item.address not in self._visited

    def _start_agents(self, item: Item, conditions: PairConditions) -> None:  # noqa: ARG002 - a worker can run any item
        for role in conditions.order:
            self._agents[role] = self._worker(self._sides[role], conditions)
        for role in conditions.order:
            try:
                self._agents[role].expect("started", START_SECONDS)
            except AgentFailed as failure:
                raise MeasurementFailed(f"asv_runner does not start: {failure.reason}") from failure

    def _request(self, side: Side, item: Item) -> dict[str, object]:
        return {**self._work("run", side, item), "cwd": str(self._prepared_cwd(side, item))}

    def _work(self, what: str, side: Side, item: Item) -> dict[str, object]:
        return {"do": what, "folder": str(side.checkout / self._benchmarks), "benchmark": item.address}

    def _worker(self, side: Side, conditions: PairConditions, name: str = "plain") -> AgentProcess:
        return self._start(side, _WORKER, self._cwd(side, name), conditions, name)

    def _collect(self) -> dict[str, Any]:
        """Return the description of the head side's benchmarks; the base side imports each when it is measured."""
        side = self._sides[HEAD]
        with self._worker(side, _UNPAIRED) as agent:
            try:
                agent.expect("started", START_SECONDS)
                agent.send(do="discover", folder=str(side.checkout / self._benchmarks))
                return agent.expect("collected", START_SECONDS)
            except AgentFailed as failure:
                raise MeasurementFailed(
                    f"the asv suite in {self._benchmarks} cannot be imported: {failure.reason}. It needs asv_runner and"
                    " what its benchmarks import: beside perfgate, or in the matrix of requirements where asv builds"
                ) from failure

    def _cwd(self, side: Side, name: str) -> Path:
        cwd = self._folder / f"{side.role}_cwd" / name
        cwd.mkdir(parents=True, exist_ok=True)
        return cwd

    def _prepared_cwd(self, side: Side, item: Item) -> Path:
        """Return the folder to run *item* in; `setup_cache` fills it once for all benchmarks that share the cache."""
        if item.cache is None:
            return self._cwd(side, "plain")
        key = (side.role, item.cache)
        if key not in self._caches:
            try:
                self._caches[key] = self._fill_cache(side, item)
            except AgentFailed as failure:
                self._caches[key] = PairFailed.from_agents([failure])
        found = self._caches[key]
        if isinstance(found, PairFailed):
            raise PairFailed(found.reason, is_skip=found.is_skip)
        return found

    def _fill_cache(self, side: Side, item: Item) -> Path:
        name = f"cache{len(self._caches) // 2:04d}"
        with self._worker(side, _UNPAIRED, name) as agent:
            agent.expect("started", START_SECONDS)
            agent.send(**self._work("cache", side, item))
            agent.expect("cached", item.cache_timeout_seconds or self._timeout(item))
        return self._cwd(side, name)
