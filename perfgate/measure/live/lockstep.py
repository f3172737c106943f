"""Two live sessions, one a side, that pass through the benchmarks of a suite together: one pair of each on the way.

A session visits a benchmark once. When one is asked for a second time, both sessions end and the next two begin, in
fresh processes, with another hash seed, on another CPU: start-up is paid once a round, not once a benchmark.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from perfgate.measure.discover import Suite
from perfgate.measure.live.agent_process import GRACE_SECONDS, Ended, Finished, Server, stop_all
from perfgate.measure.live.source import Item, PairFailed, Turn
from perfgate.measure.sides.side import Side

ONE_THREAD = ("MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Set to 1 where nobody set them: on the one CPU of a pair, threads of a pool only wait for each other."""

STEADY_HEAP = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TOP_PAD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}
"""Set where nobody set them: glibc keeps what was freed.

Else it depends on where the end of the heap happens to lie whether every call gives memory back to the kernel and asks
for it again: a query of 0.4 ms took 42 % longer in one process in ten than in its twin of the same code.
"""


class Lockstep(ABC):
    """The benchmarks of a suite, served by one session per side; what differs between tools is left open.

    Args:
        suite: Where they stand.
        sides: Both sides, by role, with the same files of benchmarks.
        folder: Where processes run and write.
        timeout_seconds: Longest call or set-up of a benchmark that names no time-out of its own.
    """

    import_seconds: ClassVar[float | None] = None
    """How long a session may take to come to a benchmark's set-up; None: as long as a call."""
    retries_alone: ClassVar[bool] = False
    """Whether the tool itself gives each benchmark a process of its own, so that one may rely on it."""

    def __init__(self, suite: Suite, sides: dict[str, Side], folder: Path, timeout_seconds: float) -> None:
        self._suite = suite
        self._sides = sides
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._live: dict[str, Server] = {}
        self._cpu: int | None = None
        self._visited: set[str] = set()
        self._alone: set[str] = set()
        self._is_first = True
        self._strays: list[str] = []
        self._reaches_code = dict.fromkeys(sides, False)
        self._has_finished = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what makes the comparison doubtful, from all that was measured so far."""
        found = [
            f"no benchmark imported the project's own code on the {role} side: nothing of it may have been compared"
            for role, is_reached in self._reaches_code.items()
            if self._has_finished and not is_reached
        ]
        if self._strays:
            named = ", ".join(self._strays[:3]) + (" …" if len(self._strays) > 3 else "")
            found.append(f"{len(self._strays)} benchmark(s) left the CPU that a pair runs on, and are noisier: {named}")
        return tuple(found)

    def bring_up(self, item: Item, turn: Turn) -> dict[str, Server]:
        """Let both sessions go on to *item*, new ones if need be."""
        # Memory is measured in a process of its own.
        if not item.is_timed or item.address in self._alone or not self._can_reach(item):
            self._renew(item, turn)
        self._is_first = not self._visited
        return self._go(item, turn)

    def sets_apart(self, item: Item) -> bool:
        """Tell whether *item*, which raised, is worth another try in processes of its own, and keep it there."""
        if not self.retries_alone or self._is_first:
            return False
        self._alone.add(item.address)
        return True

    def finish(self, item: Item) -> None:
        """Let the benchmark end on both sides and hear how it did."""
        if self._cpu is not None and any(server.strays(self._cpu) for server in self._live.values()):
            self._strays += [item.label] if item.label not in self._strays else []
        for server in self._live.values():
            server.send(do="next")
        failures = []
        for role, server in self._live.items():
            try:
                message = server.receive(self._patience(item) + GRACE_SECONDS)
            except Ended as end:
                self.abandon()
                raise PairFailed.of([end]) from end
            server.side.refuse_foreign(message["foreign"])
            self._reaches_code[role] = self._reaches_code[role] or message["reaches_code"]
            if message["outcome"] != "passed":
                failures.append(Finished(role, message))
        self._has_finished = True
        if item.address in self._alone or not item.is_timed:
            self.close()
        if failures:
            raise PairFailed.of(failures)

    def abandon(self) -> None:
        """End both sessions at once."""
        self._end(0.0)

    def close(self) -> None:
        """Let both sessions tear down what they set up, and end."""
        self._end(GRACE_SECONDS)

    @abstractmethod
    def _begin(self, item: Item, turn: Turn) -> None:
        """Start two sessions, the first of whose benchmarks is *item*."""

    @abstractmethod
    def _can_reach(self, item: Item) -> bool:
        """Tell whether the sessions that live, if any, can go on to *item*."""

    @abstractmethod
    def _request(self, side: Side, item: Item) -> dict[str, object]:
        """Return the message that sends a side's session to *item*; `PairFailed` if that is impossible."""

    def _origins(self, side: Side) -> dict[str, object]:
        return {**side.origins, "benchmarks": [str(side.checkout / path) for path in self._suite.shared]}

    def _start(self, side: Side, arguments: Sequence[str], cwd: Path, turn: Turn, name: str = "session") -> Server:
        steadying = {**STEADY_HEAP, **dict.fromkeys(ONE_THREAD if turn.cpu is not None else (), "1")}
        unset = {name: value for name, value in steadying.items() if name not in side.variables}
        return Server(
            side,
            arguments,
            cwd=cwd,
            hash_seed=turn.hash_seed,
            output=self._output(side.role, name),
            variables={**unset, "PERFGATE_ORIGINS": json.dumps(self._origins(side))},
        )

    def _output(self, role: str, name: str = "session") -> Path:
        return self._folder / f"{role}_{name}_out"

    def _patience(self, item: Item) -> float:
        return item.timeout_seconds or self._timeout_seconds

    def _renew(self, item: Item, turn: Turn) -> None:
        self.close()
        self._cpu = turn.cpu
        try:
            self._begin(item, turn)
        except BaseException:
            self.abandon()
            raise

    def _go(self, item: Item, turn: Turn) -> dict[str, Server]:
        """Send both sessions to *item* and wait until both are set up."""
        requests = {role: self._request(self._sides[role], item) for role in turn.order}
        self._visited.add(item.address)
        for role, request in requests.items():
            self._live[role].send(**request)
        failures: dict[str, Ended] = {}
        for role in turn.order:
            try:
                self._live[role].expect("called", self.import_seconds or self._patience(item))
                self._live[role].expect("ready", self._patience(item))
            except Finished as end:
                failures[role] = end
            except Ended as end:  # dead or silent: the other side need not be waited for
                self.abandon()
                raise PairFailed.of([*failures.values(), end]) from end
        if failures:
            self._settle(item, failures)
            raise PairFailed.of(list(failures.values()))
        for server in self._live.values():
            server.pin(self._cpu)
        return self._live

    def _settle(self, item: Item, failures: dict[str, Ended]) -> None:
        """Bring both sessions to the end of a benchmark that not both of them reached; where that fails, end them."""
        try:
            for role, server in self._live.items():
                if role not in failures:
                    server.send(do="next")
                    server.receive(self._patience(item) + GRACE_SECONDS)
        except Ended:
            self.abandon()

    def _end(self, grace_seconds: float) -> None:
        if grace_seconds:
            for server in self._live.values():
                server.send(do="end")
        live, self._live, self._visited = self._live, {}, set()
        stop_all(live.values(), grace_seconds)
