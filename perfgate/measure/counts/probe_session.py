"""The processes that measure deterministic metrics: started, asked for one benchmark after the other, and ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.deadline import OutOfTime
from perfgate.measure.live.agent_process import GRACE_SECONDS, START_SECONDS, AgentProcess, stop_all
from perfgate.measure.live.failures import AgentFailed
from perfgate.measure.live.items import Item
from perfgate.measure.live.live_suite import THREAD_POOL_SIZES
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools import tool_of
from perfgate.results.records import Metric

Measurements = dict[str, list[float]]
"""Values that one process measured, by the name of the metric."""

_HASH_SEED = 0
"""Hash seed of both sides. Another seed would change the counts by up to an eighth."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What to measure, and how to start the processes for it."""

    name: str
    """Name of the function in `agent.probes`."""
    metrics: tuple[Metric, ...]
    """What it measures. The first is always there if the benchmark passes, the others if the system shows them."""
    slowdown: float
    """How much slower than usual the process runs."""
    start_seconds: float
    """How long importing or collecting a suite may take."""
    launcher: Callable[[Side], tuple[Side, Sequence[str]]] = lambda side: (side, ())
    """Returns a side whose `python` is another program, and the arguments of that program, the interpreter last."""
    read: Callable[[dict[str, Any]], Measurements] = lambda answer: dict(answer["found"])
    """Returns the measurements in an agent's answer.

    Raises:
        MeasurementFailed: There are none.
    """


@dataclass(kw_only=True)
class ItemResult:
    """The result of one benchmark: measurements by role, or why there are none."""

    values: dict[str, Measurements] = field(default_factory=dict)
    reason: str = ""
    is_skip: bool = False


class ProbeSession:
    """One agent for each side, started again where necessary.

    Args:
        sides: Both sides, by role, prepared, with the same benchmark files.
        suite: The suite.
        folder: A folder in which processes run and write.
        probe: How to measure.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own, at the usual speed.
    """

    def __init__(
        self, sides: Mapping[str, Side], suite: Suite, folder: Path, probe: Probe, timeout_seconds: float
    ) -> None:
        self._sides = sides
        self._suite = suite
        self._tool = tool_of(suite)
        self._folder = folder
        self._probe = probe
        self._timeout_seconds = timeout_seconds
        self._agents: dict[str, AgentProcess] = {}
        self._requested: frozenset[str] = frozenset()
        self._collected: dict[str, list[str]] = {}
        self._ahead: dict[str, list[str]] = {}
        self._errors: dict[str, list[str]] = {}
        self._cwds: dict[tuple[str, str | None], Path] = {}

    def measure(self, item: Item, following: Sequence[Item]) -> ItemResult:
        """Return the result of *item*; *following* are the items that the same processes may be asked for next.

        Raises:
            MeasurementFailed: A side ran code that is not its own.
        """
        try:
            cwds = {role: self._cwd(side, item) for role, side in self._sides.items()}
            if not self._can_reach(item):
                self._renew([item, *following])
            if reason := self._not_collected(item):
                return ItemResult(reason=reason)
            return self._result(self._answers(item, cwds))
        except (AgentFailed, OutOfTime) as failure:
            self.stop(0.0)
            return ItemResult(reason=failure.reason)

    def stop(self, grace_seconds: float) -> None:
        """End the agents; it is no error if there are none."""
        stop_all(self._agents.values(), grace_seconds)
        self._agents, self._requested, self._collected, self._ahead = {}, frozenset(), {}, {}

    def _can_reach(self, item: Item) -> bool:
        """Tell whether the agents can go on to *item*, or have found that there is no such test."""
        return item.address in self._requested and all(
            item.address in self._ahead[role] or item.address not in self._collected[role] for role in self._sides
        )

    def _renew(self, items: Sequence[Item]) -> None:
        """End the agents and start others for *items*, on both sides at once."""
        self.stop(GRACE_SECONDS)
        ids = [item.address for item in items]
        self._requested = frozenset(ids)
        for role, side in self._sides.items():
            launched, words = self._probe.launcher(side)
            self._agents[role] = AgentProcess(
                launched,
                [*words, *self._tool.probe_command(side, items)],
                cwd=side.project_folder if self._tool.runs_in_checkout else self._folder,
                hash_seed=_HASH_SEED,
                output=self._output(side),
                variables={
                    **{name: "1" for name in THREAD_POOL_SIZES if name not in side.variables},
                    **self._origins(side),
                },
            )
            self._agents[role].send(**self._first_request(side), items=ids)
        for role, agent in self._agents.items():
            collected = agent.expect("collected", self._probe.start_seconds)
            self._collected[role] = self._ahead[role] = collected["ids"]
            self._errors[role] = collected["errors"]

    def _first_request(self, side: Side) -> dict[str, object]:
        return {
            "probe": self._probe.name,
            "folder": str(side.checkout / (self._suite.folder or "")),
        }

    def _not_collected(self, item: Item) -> str:
        """Return why a side does not have *item*; empty if both have it."""
        for role, ahead in self._ahead.items():
            if item.address not in ahead:
                reason = "; ".join(self._errors[role]) or "there is no such test"
                return f"{role}: pytest does not collect {item.address}: {reason}"
        return ""

    def _answers(self, item: Item, cwds: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """Return both agents' answers about *item*."""
        for role, agent in self._agents.items():
            self._ahead[role] = self._ahead[role][self._ahead[role].index(item.address) + 1 :]
            agent.send(do="probe", id=item.address, cwd=str(cwds[role]))
        timeout = (item.timeout_seconds or self._timeout_seconds) * self._probe.slowdown
        return {role: agent.receive(timeout) for role, agent in self._agents.items()}

    def _result(self, answers: Mapping[str, dict[str, Any]]) -> ItemResult:
        result = ItemResult(is_skip=all(answer["outcome"] == "skipped" for answer in answers.values()))
        reasons = []
        for role, answer in answers.items():
            self._sides[role].refuse_foreign(answer["foreign"])
            if answer["outcome"] != "passed":
                reasons.append(f"{role}: {answer['outcome']}: {answer['reason']}")
            elif answer["found"] is None:
                reasons.append(f"{role}: passed without being measured")
            else:
                try:
                    result.values[role] = self._probe.read(answer)
                except MeasurementFailed as error:
                    reasons.append(f"{role}: {error}")
        result.reason = "; ".join(reasons)
        return result

    def _cwd(self, side: Side, item: Item) -> Path:
        """Return the folder that an asv benchmark runs in; `setup_cache` fills it once, at full speed."""
        key = (side.role, item.cache)
        if key not in self._cwds:
            cwd = self._folder / f"{side.role}_probe_cwd" / f"{len(self._cwds) // 2:04d}"
            cwd.mkdir(parents=True, exist_ok=True)
            if item.cache is not None:
                self._fill_cache(side, item, cwd)
            self._cwds[key] = cwd
        return self._cwds[key]

    def _fill_cache(self, side: Side, item: Item, cwd: Path) -> None:
        command = self._tool.probe_command(side, [item])
        with AgentProcess(
            side, command, cwd=cwd, hash_seed=_HASH_SEED, output=self._output(side), variables=self._origins(side)
        ) as agent:
            agent.send(**self._first_request(side), items=[])
            agent.expect("collected", START_SECONDS)
            agent.send(do="cache", id=item.address, cwd=str(cwd))
            answer = agent.receive(item.cache_timeout_seconds or item.timeout_seconds or self._timeout_seconds)
            if answer["outcome"] != "passed":
                raise AgentFailed(f"{side.role}: setup_cache: {answer['reason']}")

    def _origins(self, side: Side) -> dict[str, str]:
        return {ORIGINS: json.dumps(side.origins(self._suite.shared))}

    def _output(self, side: Side) -> Path:
        return self._folder / f"{side.role}_probe_out"
