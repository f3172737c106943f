"""A suite in live pairs: two agents, one for each side, pass through the benchmarks together.

Two agents measure each benchmark at most once. When a benchmark is asked for again, both agents end and two new ones
start, in fresh processes, with another hash seed, on another CPU. So the start-up is paid once a round, not once for
each benchmark.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.live.agent_process import GRACE_SECONDS, AgentProcess, stop_all
from perfgate.measure.live.failures import AgentFailed, BenchmarkEndedEarly, PairFailed
from perfgate.measure.live.items import Item
from perfgate.measure.sides.side import BASE, HEAD, Side
from perfgate.measure.suites import Suite

THREAD_POOL_SIZES = ("MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Set to 1 unless the user set them: on the one CPU of a pair, threads of a pool only wait for each other."""

STABLE_HEAP = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TOP_PAD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}
"""Set unless the user set them: glibc keeps freed memory.

Otherwise it depends on where the end of the heap happens to be whether every call returns memory to the kernel and asks
for it again: a query of 0.4 ms took 42 % longer in one process in ten than in its twin of the same code.
"""


@dataclass(frozen=True, kw_only=True)
class PairConditions:
    """What both processes of a pair have in common, and which of them comes first."""

    number: int
    """0 for the first pair of a benchmark."""
    hash_seed: int
    cpu: int | None
    """The CPU that both are pinned to; None if the system cannot pin."""

    @property
    def order(self) -> tuple[str, str]:
        """Return the roles in the order in which they start, which alternates from pair to pair."""
        return (BASE, HEAD) if self.number % 2 == 0 else (HEAD, BASE)


class LiveSuite(ABC):
    """The benchmarks of a suite, run by one agent for each side; subclasses know the tool.

    Args:
        suite: The suite.
        sides: Both sides, by role, with the same benchmark files.
        folder: A folder in which processes run and write.
        timeout_seconds: Longest call or set-up of a benchmark that sets no time-out of its own.
    """

    import_seconds: ClassVar[float | None] = None
    """How long an agent may take until the set-up of a benchmark begins; None: as long as a call."""
    retries_alone: ClassVar[bool] = False
    """Whether the tool itself gives each benchmark a process of its own, so that a benchmark may rely on it."""

    tool_version: str
    """Name and version of the tool."""
    items: tuple[Item, ...]
    """The benchmarks, in the tool's own order."""

    def __init__(self, suite: Suite, sides: Mapping[str, Side], folder: Path, timeout_seconds: float) -> None:
        self._suite = suite
        self._sides = sides
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._agents: dict[str, AgentProcess] = {}
        self._cpu: int | None = None
        self._visited: set[str] = set()
        self._alone: set[str] = set()
        self._is_first = True
        self._unpinned: list[str] = []
        self._reaches_code = dict.fromkeys(sides, False)
        self._has_finished = False
        self._extensions: set[str] = set()
        self.extra_info: dict[str, dict[str, float]] = {role: {} for role in sides}
        """By role, the numbers that the benchmark that was left last keeps beside its times."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return sentences on what makes the comparison doubtful, from everything measured so far."""
        found = [
            f"no benchmark imported the project's own code on the {role} side: nothing of it may have been compared"
            for role, is_reached in self._reaches_code.items()
            if self._has_finished and not is_reached
        ]
        if self._unpinned:
            named = ", ".join(self._unpinned[:3]) + (" …" if len(self._unpinned) > 3 else "")
            found.append(
                f"{len(self._unpinned)} benchmark(s) left the CPU that a pair runs on, and are noisier: {named}"
            )
        return tuple(found)

    @property
    def extensions(self) -> tuple[str, ...]:
        """Return the names of the project's compiled modules that were imported so far on either side."""
        return tuple(sorted(self._extensions))

    def start_benchmark(self, item: Item, conditions: PairConditions) -> dict[str, AgentProcess]:
        """Return an agent for each role, both ready to sample *item*; new ones are started if necessary.

        Raises:
            PairFailed: The benchmark cannot be set up on one of the sides; nothing is left to clean up.
        """
        # Memory is measured in a process of its own.
        if not item.is_timed or item.address in self._alone or not self._can_reach(item):
            self._renew(item, conditions)
        self._is_first = not self._visited
        return self._set_up(item, conditions)

    def retry_alone(self, item: Item) -> bool:
        """Tell whether *item*, which raised, is to be tried in processes of its own; from then on it always is."""
        if not self.retries_alone or self._is_first:
            return False
        self._alone.add(item.address)
        return True

    def finish_benchmark(self, item: Item) -> None:
        """Let both agents leave *item*, and check how it ended.

        Raises:
            PairFailed: The benchmark failed after its samples were taken; nothing is left to clean up.
            MeasurementFailed: A side ran code that is not its own.
        """
        self._note_unpinned(item)
        for agent in self._agents.values():
            agent.send(do="next")
        failures = [failure for role in self._agents if (failure := self._leave(role, item)) is not None]
        self._has_finished = True
        if item.address in self._alone or not item.is_timed:
            self.close()
        if failures:
            raise PairFailed.from_agents(failures)

    def abandon(self) -> None:
        """End both agents at once; it is no error if there are none."""
        self._end(0.0)

    def close(self) -> None:
        """Let both agents tear down what they set up, and end."""
        self._end(GRACE_SECONDS)

    @abstractmethod
    def _start_agents(self, item: Item, conditions: PairConditions) -> None:
        """Start two agents, whose first benchmark will be *item*."""

    @abstractmethod
    def _can_reach(self, item: Item) -> bool:
        """Tell whether there are agents that can go on to *item*."""

    @abstractmethod
    def _request(self, side: Side, item: Item) -> dict[str, object]:
        """Return the message that sends a side's agent to *item*; raise `PairFailed` if that is impossible."""

    def _note_unpinned(self, item: Item) -> None:
        cpu = self._cpu
        if cpu is not None and any(agent.has_left(cpu) for agent in self._agents.values()):
            self._unpinned += [item.label] if item.label not in self._unpinned else []

    def _leave(self, role: str, item: Item) -> BenchmarkEndedEarly | None:
        """Wait for the message about the end of *item*; return the failure if it did not pass."""
        agent = self._agents[role]
        try:
            message = agent.receive(self._timeout(item) + GRACE_SECONDS)
        except AgentFailed as failure:
            self.abandon()
            raise PairFailed.from_agents([failure]) from failure
        agent.side.refuse_foreign(message["foreign"])
        self._reaches_code[role] = self._reaches_code[role] or message["reaches_code"]
        self._extensions.update(message["extensions"])
        self.extra_info[role] = message.get("extra_info", {})
        return None if message["outcome"] == "passed" else BenchmarkEndedEarly(role, message)

    def _start(
        self, side: Side, arguments: Sequence[str], cwd: Path, conditions: PairConditions, name: str = "session"
    ) -> AgentProcess:
        steady = {**STABLE_HEAP, **dict.fromkeys(THREAD_POOL_SIZES if conditions.cpu is not None else (), "1")}
        unset = {variable: value for variable, value in steady.items() if variable not in side.variables}
        return AgentProcess(
            side,
            arguments,
            cwd=cwd,
            hash_seed=conditions.hash_seed,
            output=self._output(side.role, name),
            variables={**unset, ORIGINS: json.dumps(side.origins(self._suite.shared))},
        )

    def _output(self, role: str, name: str = "session") -> Path:
        return self._folder / f"{role}_{name}_out"

    def _timeout(self, item: Item) -> float:
        return item.timeout_seconds or self._timeout_seconds

    def _renew(self, item: Item, conditions: PairConditions) -> None:
        self.close()
        self._cpu = conditions.cpu
        try:
            self._start_agents(item, conditions)
        except BaseException:  # KeyboardInterrupt, too, must leave no process; it is raised again
            self.abandon()
            raise

    def _set_up(self, item: Item, conditions: PairConditions) -> dict[str, AgentProcess]:
        """Send both agents to *item* and wait until it is set up on both sides."""
        requests = {role: self._request(self._sides[role], item) for role in conditions.order}
        self._visited.add(item.address)
        for role, request in requests.items():
            self._agents[role].send(**request)
        failures: dict[str, AgentFailed] = {}
        for role in conditions.order:
            try:
                self._agents[role].expect("called", self.import_seconds or self._timeout(item))
                self._agents[role].expect("ready", self._timeout(item))
            except BenchmarkEndedEarly as failure:
                failures[role] = failure
            except AgentFailed as failure:  # dead or silent: the other side need not be waited for
                self.abandon()
                raise PairFailed.from_agents([*failures.values(), failure]) from failure
        if failures:
            self._leave_half_ready(item, failures)
            raise PairFailed.from_agents(list(failures.values()))
        for agent in self._agents.values():
            agent.pin(self._cpu)
        return self._agents

    def _leave_half_ready(self, item: Item, failures: Mapping[str, AgentFailed]) -> None:
        """Let the agents leave a benchmark that is ready on one side at most; if that fails, end them."""
        try:
            for role, agent in self._agents.items():
                if role not in failures:
                    agent.send(do="next")
                    agent.receive(self._timeout(item) + GRACE_SECONDS)
        except AgentFailed:
            self.abandon()

    def _end(self, grace_seconds: float) -> None:
        if grace_seconds:
            for agent in self._agents.values():
                agent.send(do="end")
        agents, self._agents, self._visited = self._agents, {}, set()
        stop_all(agents.values(), grace_seconds)
